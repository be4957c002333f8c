"""The light notation of a letter's text, read back so that the HTML says the very same words.

A blank line ends a block. A line of dashes under a line makes it a heading, `1. ` and `- ` begin
items, `   a) ` an option of the item above, `> ` quotes somebody, four blanks begin words to
copy, `-> ` is the one thing to do, and `* * *` draws a line: what follows is small print.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_ITEM = re.compile(r"(?:\d{1,3}\. |- )(.*)")
_OPTION = re.compile(r" {3}([a-z]\) .*)")


class Sort(StrEnum):
    """What a block of a letter is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    NUMBERED = "numbered"
    BULLETS = "bullets"
    QUOTE = "quote"
    WORDS = "words"
    ACTION = "action"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list with its options."""

    text: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a letter between blank lines."""

    sort: Sort
    lines: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    small: bool = False
    start: int = 1
    """The first number of a numbered list."""


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a rendered text, in order."""
    found: list[Block] = []
    small = False
    for piece in re.split(r"\n(?: *\n)+", text.strip("\n")):
        lines = tuple(line.rstrip() for line in piece.split("\n"))
        if lines and lines[0] == "* * *":
            small = True
            found.append(Block(Sort.RULE))
            lines = lines[1:]
        if lines and any(lines):
            found.append(_block(lines, small=small))
    return tuple(found)


def _block(lines: tuple[str, ...], *, small: bool) -> Block:
    first = lines[0]
    if len(lines) > 1 and re.fullmatch("-{3,}", lines[1]):
        return Block(Sort.HEADING, (first, *lines[2:]), small=small)
    if first.startswith("-> "):
        return Block(Sort.ACTION, (first[3:], *lines[1:]), small=small)
    if all(line.startswith(">") for line in lines):
        return Block(Sort.QUOTE, tuple(line[1:].strip() for line in lines), small=small)
    if all(line.startswith("    ") for line in lines):
        return Block(Sort.WORDS, tuple(line.strip() for line in lines), small=small)
    if _ITEM.match(first):
        start = int(first.partition(".")[0]) if first[0].isdigit() else 1
        sort = Sort.NUMBERED if first[0].isdigit() else Sort.BULLETS
        return Block(sort, items=_items(lines), small=small, start=start)
    return Block(Sort.PARAGRAPH, lines, small=small)


def _items(lines: tuple[str, ...]) -> tuple[Item, ...]:
    items: list[Item] = []
    for line in lines:
        if found := _ITEM.match(line):
            items.append(Item(found.group(1)))
        elif option := _OPTION.match(line):
            last = items[-1]
            items[-1] = Item(last.text, (*last.options, option.group(1)))
        else:
            last = items[-1]
            items[-1] = Item(f"{last.text} {line.strip()}", last.options)
    return tuple(items)
