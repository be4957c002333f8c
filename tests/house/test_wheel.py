"""The wheel alone is enough: it carries templates, migrations and the example with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def call(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MMX_") and name != "PYTHONPATH"
    }
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, in an environment that knows the libraries and not the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = call(
        *pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT, folder=folder
    )
    assert built.returncode == 0, built.stderr
    call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    wheel = next(folder.glob("*.whl"))
    install = [*pip, "--python", python, "install", "-q", "--no-deps", "--no-index", wheel]
    put = call(*install, folder=folder)
    assert put.returncode == 0, put.stderr
    site = next((folder / "venv" / "lib").glob("python3*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "venv" / "bin" / "mmx-mailflow"


@pytest.fixture
def office(program: Path, tmp_path: Path) -> Path:
    assert call(program, "init", folder=tmp_path).returncode == 0
    config = tmp_path / "config.toml"
    config.write_text(
        re.sub(r'"(imap|smtp)\.medicalmex\.example"', '"127.0.0.1"', config.read_text())
    )
    return tmp_path


def test_the_program_is_that_of_the_wheel(program: Path, tmp_path: Path) -> None:
    words = "import mmx_mailflow; print(mmx_mailflow.__file__)"

    said = call(program.with_name("python"), "-c", words, folder=tmp_path)

    assert said.stdout.startswith(str(program.parents[1]))


def test_help_is_printed(program: Path, tmp_path: Path) -> None:
    said = call(program, "--help", folder=tmp_path)

    assert said.returncode == 0
    assert "inspect-form" in said.stdout


def test_init_writes_what_check_can_read(office: Path) -> None:
    assert (office / "var" / "key").stat().st_mode & 0o777 == 0o600


def test_check_says_that_no_server_is_there(program: Path, office: Path) -> None:
    said = call(program, "check", folder=office)

    assert said.returncode == 1, said.stderr
    assert re.search(r"^ok\s+templates", said.stdout, re.MULTILINE)
    assert re.search(r"^fail\s+mailbox", said.stdout, re.MULTILINE)
    assert re.search(r"^fail\s+smtp", said.stdout, re.MULTILINE)
    assert "Traceback" not in said.stdout + said.stderr


def test_a_specimen_of_the_form_needs_no_configuration(program: Path, tmp_path: Path) -> None:
    said = call(program, "form", "--specimen", "--out", "specimen.pdf", folder=tmp_path)

    assert said.returncode == 0, said.stderr
    assert (tmp_path / "specimen.pdf").read_bytes().startswith(b"%PDF-")
