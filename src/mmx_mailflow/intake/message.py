"""What a mail is once it is read: its headers, its words by region, its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mmx_mailflow.casework.values import Address


class RegionSort(StrEnum):
    """Whose words a stretch of the text are."""

    NEW = "new"
    QUOTE = "quote"
    SIGNATURE = "signature"
    DISCLAIMER = "disclaimer"
    FORWARDED = "forwarded"


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of `Message.text`, end excluded."""

    sort: RegionSort
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An attachment or an inline picture; the media type is that of its content."""

    index: int
    media_type: str
    size: int
    content: bytes = field(repr=False)
    file_name: str = field(default="", repr=False)
    inline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Message:
    """A mail, read; nothing personal shows in its repr."""

    headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Lower-case name to every occurrence, decoded, in order."""
    from_addresses: tuple[Address, ...] = field(default=(), repr=False)
    from_count: int = 0
    from_name: str = field(default="", repr=False)
    reply_to: Address = field(default="", repr=False)
    to: tuple[Address, ...] = field(default=(), repr=False)
    subject: str = field(default="", repr=False)
    message_id: str = field(default="", repr=False)
    in_reply_to: tuple[str, ...] = field(default=(), repr=False)
    references: tuple[str, ...] = field(default=(), repr=False)
    date: datetime | None = None
    text: str = field(default="", repr=False)
    regions: tuple[Region, ...] = ()
    parts: tuple[Part, ...] = field(default=(), repr=False)
    nested: tuple[Message, ...] = field(default=(), repr=False)
    delivery_report: bytes | None = field(default=None, repr=False)
    defects: tuple[str, ...] = ()

    def words_in(self, *sorts: RegionSort) -> str:
        """The text of the regions of these sorts, in order, a line break between them."""
        found = (self.text[r.start : r.end].strip("\n") for r in self.regions if r.sort in sorts)
        return "\n".join(piece for piece in found if piece.strip())

    @property
    def new_text(self) -> str:
        """What the person wrote now, also between quoted lines, without the signature."""
        return self.words_in(RegionSort.NEW)

    @property
    def stated_text(self) -> str:
        """What counts as said: new words, signature, and a forwarded part."""
        return self.words_in(RegionSort.NEW, RegionSort.SIGNATURE, RegionSort.FORWARDED)
