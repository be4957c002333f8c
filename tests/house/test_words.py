"""What must not stand in the repository: paths of a machine, registries, how it was made."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
HERE = Path(__file__).name


def tracked() -> list[Path]:
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
    names = listing.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        raw = path.read_bytes()
        if "corpus" in path.parts:  # mails that other people might have written
            continue
        if b"\0" not in raw and path.name not in {HERE, "requirements.lock"}:
            found.append((str(path.relative_to(ROOT)), raw.decode("utf-8", "replace")))
    return found


def lines_with(pattern: str, *, only: str = "") -> list[str]:
    wanted = re.compile(pattern)
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts()
        if re.search(only, name)
        for number, line in enumerate(text.splitlines(), 1)
        if wanted.search(line)
    ]


FORBIDDEN = {
    "a path of one machine": r"(?<![\w.])/(work|root|opt|Users)/|/home/\w+/",
    "a registry": r"pypi\.org|pythonhosted|--(extra-)?index-url|--find-links",
    "a tool that wrote it": r"(?i)\b(claude|anthropic|openai|chatgpt|gpt-\d|copilot|llm)\b",
    "a number of a tracker": r"(?i)\b(issue|ticket|pull request) #?\d+\b|\(#\d+\)",
    "a page of elsewhere": r"\b(product|architecture|domain|lessons|libraries)\.md\b",
    "work that was left": r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_repository_speaks_of_the_product_alone(what: str) -> None:
    assert lines_with(FORBIDDEN[what]) == []


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{name} -> {target}"
        for name, text in texts()
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
        if not ((ROOT / name).parent / target).exists()
    ]

    assert broken == []


def test_the_lock_names_no_place_to_download_from() -> None:
    assert not re.search(r"https?:|file:|/|index|find-links", re.sub(r"(?m)^ +.*$", "", LOCK))


def test_every_package_of_the_lock_has_a_hash() -> None:
    packages = re.split(r"(?m)^(?=\S)", LOCK)[1:]

    assert [text.splitlines()[0] for text in packages if "--hash=sha256:" not in text] == []
