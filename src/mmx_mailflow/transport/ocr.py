"""Reading the print of a picture with Tesseract, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping

LANGUAGES = ("eng", "spa")
_SECONDS = 10
_MOST_WORDS = 20_000
_ONE_BLOCK = "6"
"""Tesseract's page segmentation for one block of text in even lines."""


def tesseract() -> str:
    """Where the program stands; empty when it is not installed."""
    return shutil.which("tesseract") or ""


def languages(program: str) -> frozenset[str]:
    """The languages that the program can read."""
    try:
        said = subprocess.run(  # noqa: S603  a program that the operator installed, fixed words
            [program, "--list-langs"], capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset(said.stdout.decode("utf-8", errors="replace").split()[1:])


def reader_of_print(
    program: str, environ: Mapping[str, str] | None = None
) -> Callable[[bytes], str]:
    """A function from a picture (PNG) to the words in it; empty when it cannot be read."""
    surroundings = {"OMP_THREAD_LIMIT": "1", **(environ or {})}

    def read(picture: bytes) -> str:
        command = [program, "stdin", "stdout", "-l", "+".join(LANGUAGES), "--psm", _ONE_BLOCK]
        try:
            said = subprocess.run(  # noqa: S603  a program that the operator installed, fixed words
                command,
                input=picture,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
                env=surroundings,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return said.stdout.decode("utf-8", errors="replace")[:_MOST_WORDS]

    return read
