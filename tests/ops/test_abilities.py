"""What `check` says of looking at returned forms."""

from __future__ import annotations

import pytest

from mmx_mailflow.ops.check import Grade, _abilities, _opening


def test_a_program_that_is_not_installed_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = _abilities()

    assert found.grade == Grade.WARN
    assert "reads print" in found.detail
    assert "tesseract-ocr" in found.remedy


def test_the_limited_process_starts() -> None:
    assert _opening().grade == Grade.OK
