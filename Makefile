# Each goal makes what it needs. `make demo` and `make test` are the two to know.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3; do \
	if "$$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	2>/dev/null; then echo "$$name"; break; fi; done)
WORKERS ?= auto
OUT ?= demo-out
# A file of tests stays on one worker, so that its servers are started once.
PYTEST := -n $(WORKERS) --dist loadfile

.PHONY: help demo test lint check score bench bench-forms torture torture-short states lock clean

help:
	@echo "make demo   the whole story on mail servers of its own, left in $(OUT)"
	@echo "make test   every test that this machine allows"
	@echo "make check  format, lint, types, import contracts, fast tests"
	@echo "make score  how much is understood of the labelled mails in tests/corpus"
	@echo "make bench  how long a mail takes to be understood, hostile ones too"
	@echo "make bench-forms  how returned pages are judged, by what was done to them"
	@echo "make torture  kills, faults, damaged mails for about an hour; SHARE=0.1 for a tenth"
	@echo "make torture-short  the same in three minutes"
	@echo "make states docs/states.md, drawn anew from the table of decisions"
	@echo "make lock   the versions in requirements.lock, drawn anew"

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with venv is needed"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY)
	$(BIN)/mmx-mailflow demo --out $(OUT)

test: $(READY)
	$(BIN)/python -m pytest $(PYTEST)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: lint
	$(BIN)/python -m pytest $(PYTEST) -m "not servers and not slow"

score: $(READY)
	$(BIN)/python -m pytest -q -s tests/corpus -k understood

bench: $(READY)
	$(BIN)/python benchmarks/understanding.py

bench-forms: $(READY)
	PYTHONPATH=. $(BIN)/python benchmarks/forms.py

torture: $(READY)
	$(BIN)/python benchmarks/torture.py $(or $(SEED),1) $(or $(SHARE),1)

torture-short: $(READY)
	$(BIN)/python -m pytest tests/torture

states: $(READY)
	DRAW_STATES=1 $(BIN)/python -m pytest -q tests/house/test_pages.py -k page_of_states

lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --python-version 3.11 --all-extras --group dev \
		--upgrade --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist demo-out .mypy_cache .ruff_cache .hypothesis .import_linter_cache
