"""Who may import what: the direction of the line, and one home for each library."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "mmx_mailflow"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

HOMES = {
    "PIL": ("forms", "sandbox.pen"),
    "aiosmtpd": ("sandbox",),
    "alembic": ("store",),
    "apscheduler": ("daemon",),
    "cryptography": ("store",),
    "flufl": ("intake",),
    "font_source_sans_pro": ("forms.packet",),
    "holidays": ("casework.calendar",),
    "imapclient": ("transport",),
    "inscriptis": ("intake",),
    "jinja2": ("letters", "forms.packet"),
    "lxml": ("intake",),
    "mailparser": ("intake",),
    "markupsafe": ("letters",),
    "numpy": ("forms.returned",),
    "olefile": ("intake",),
    "phonenumbers": ("intake",),
    "pi_heif": ("forms.returned",),
    "proxyprotocol": ("sandbox",),
    "psycopg": ("store",),
    "pyhanko": ("forms.returned",),
    "pydantic": ("",),
    "pymap": ("sandbox",),
    "pypdf": ("forms", "intake", "sandbox.filling"),
    "pypdfium2": ("forms", "intake", "sandbox.pen"),
    "pysasl": ("sandbox",),
    "rapidfuzz": ("casework", "intake", "store"),
    "reportlab": ("forms.packet",),
    "rich": ("cli", "sandbox"),
    "scipy": ("forms.returned",),
    "selectolax": ("intake",),
    "sqlalchemy": ("store",),
    "structlog": ("ops", "flow", "arrivals", "withheld", "daemon"),
    "typer": ("cli",),
    "typing_extensions": ("",),
    "zxingcpp": ("forms.returned",),
    # of the standard library: what reaches the outside world
    "imaplib": ("transport",),
    "smtplib": ("transport",),
    "socket": ("transport", "ops", "daemon", "sandbox"),
    "ssl": ("transport", "sandbox"),
    "sqlite3": ("store", "ops"),
}
"""Where a library may be imported; the empty name is everywhere."""

DISTRIBUTIONS = {
    "PIL": "pillow",
    "flufl": "flufl.bounce",
    "font_source_sans_pro": "font-source-sans-pro",
    "mailparser": "mail-parser",
    "pi_heif": "pi-heif",
    "typing_extensions": "typing-extensions",
    "zxingcpp": "zxing-cpp",
    "lxml": "inscriptis",
    "proxyprotocol": "pymap",
    "pysasl": "pymap",
}
"""The declared dependency behind a module of another name."""

MODULES = sorted(SRC.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix("__init__").strip(".")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively"
            yield (node.module or "").partition(".")[0]


def lives_at(name: str, home: str) -> bool:
    return not home or name == home or name.startswith(f"{home}.")


def foreign(path: Path) -> set[str]:
    own = {"mmx_mailflow", "__future__"}
    return {top for top in imports(path) if top not in own and top not in sys.stdlib_module_names}


def test_the_line_runs_one_way_and_the_pure_packages_stay_pure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    result = lint_imports(config_filename="pyproject.toml", cache_dir=None)

    assert result == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_a_library_is_imported_at_its_home_only(path: Path) -> None:
    name = name_of(path)

    strays = [
        top
        for top in imports(path)
        if top in HOMES and not any(lives_at(name, home) for home in HOMES[top])
    ]

    assert strays == []


def test_every_foreign_library_has_a_home() -> None:
    homeless = {top for path in MODULES for top in foreign(path)} - HOMES.keys()

    assert homeless == set()


def declared(*groups: list[str]) -> set[str]:
    lines = [line for group in groups for line in group]
    return {re.split(r"[\[<>=!~ ;]", line, maxsplit=1)[0].lower() for line in lines}


def test_every_foreign_library_is_a_declared_dependency() -> None:
    project = PYPROJECT["project"]
    known = declared(project["dependencies"], *project["optional-dependencies"].values())

    used = {top for path in MODULES for top in foreign(path)}

    assert {DISTRIBUTIONS.get(top, top).lower() for top in used} - known == set()


def test_only_the_sandbox_needs_the_extra_demo() -> None:
    extra = declared(PYPROJECT["project"]["optional-dependencies"]["demo"])

    users = {
        name_of(path).partition(".")[0]
        for path in MODULES
        if {DISTRIBUTIONS.get(top, top) for top in foreign(path)} & extra
    }

    assert users <= {"sandbox"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_the_service_does_not_even_load_what_opens_files_of_strangers() -> None:
    """They are for the limited process; whatever the service imports could be called there."""
    openers = {"cv2", "numpy", "olefile", "pi_heif", "pyhanko", "pypdfium2", "scipy", "zxingcpp"}
    script = "import json, sys, mmx_mailflow.daemon; print(json.dumps(list(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert openers & set(json.loads(said.stdout)) == set()
