"""The story that `make demo` plays comes to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmx_mailflow.sandbox.demo import play


@pytest.mark.enable_socket
def test_the_story_ends_with_three_cases_closed(tmp_path: Path) -> None:
    said: list[str] = []
    play(tmp_path, said.append)

    ended = said[said.index("=== How it ended") + 1 :]
    assert [line.split()[1:] for line in ended if line.startswith("    MMX-")] == [
        ["closed", "completed"]
    ] * 3
    assert sum(line.startswith("--- ") for line in said) == len(list(tmp_path.glob("*.eml")))
    story = "\n".join(said)
    assert "[form.pdf]" in story
    assert story.count("[IMG_1.jpg]") == 3
    assert "The signature is missing" in story
    assert story.count("A form came back: signed.") == 3
