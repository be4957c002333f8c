"""The light notation of a letter, read back into blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmx_mailflow.letters.blocks import Block, Item, Sort, blocks


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("Hello\nyou", Block(Sort.PARAGRAPH, ("Hello", "you"))),
        ("Title\n-----", Block(Sort.HEADING, ("Title",))),
        ("-> Do this", Block(Sort.ACTION, ("Do this",))),
        ("> his\n>\n> words", Block(Sort.QUOTE, ("his", "", "words"))),
        ("    APPROVE\n    REJECT", Block(Sort.WORDS, ("APPROVE", "REJECT"))),
        ("- a\n- b", Block(Sort.BULLETS, items=(Item("a"), Item("b")))),
        (
            "2. which?\n   a) one\n   b) two\n3. more\n   of it",
            Block(
                Sort.NUMBERED,
                items=(Item("which?", ("a) one", "b) two")), Item("more of it")),
                start=2,
            ),
        ),
    ],
    ids=lambda value: value[:8] if isinstance(value, str) else "",
)
def test_a_piece_of_text_is_the_block_it_looks_like(text: str, block: Block) -> None:
    assert blocks(text) == (block,)


def test_what_follows_the_line_is_small_print() -> None:
    found = blocks("Hello\n\n* * *\nReference\n\nCode")

    assert [(b.sort, b.small) for b in found] == [
        (Sort.PARAGRAPH, False),
        (Sort.RULE, False),
        (Sort.PARAGRAPH, True),
        (Sort.PARAGRAPH, True),
    ]


@given(text=st.text(alphabet="ab1.->*) \n", max_size=80))
def test_no_text_is_lost_or_fails(text: str) -> None:
    found = blocks(text)
    shown = " ".join(
        [*(x for b in found for x in b.lines)]
        + [x for b in found for i in b.items for x in (i.text, *i.options)]
    )

    assert shown.count("a") == text.count("a")
    assert shown.count("b") == text.count("b")
