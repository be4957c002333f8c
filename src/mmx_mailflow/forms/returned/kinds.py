"""What a file is by its first bytes: nothing is opened."""

from __future__ import annotations

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The old container of Microsoft; a document with a password is wrapped in one."""
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLD_WORD = "WordDocument".encode("utf-16-le")
_STARTS = (b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG\r\n", b"II*\0", b"MM\0*", b"GIF8")
HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""The brands of ISO/IEC 23008-12; an AVIF file has its own and is read by the imaging library."""
AVIF = frozenset({b"avif", b"avis"})


def may_hold_pages(content: bytes) -> bool:
    """Whether a file of unknown kind is worth opening: notes, sounds and the like are not."""
    if content.startswith(COMPOUND):
        return ENCRYPTED in content or _OLD_WORD in content
    return (
        content.startswith(_STARTS)
        or (content.startswith(b"RIFF") and content[8:12] == b"WEBP")
        or (content.startswith(b"BM") and content[6:10] == bytes(4))
        or b"%PDF-" in content[:1024]
        or bool(brands(content))
    )


def brands(content: bytes) -> frozenset[bytes]:
    """The brands of a HEIF file by its first box (ISO/IEC 14496-12, 4.3); of others none."""
    if content[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(content[:4], "big"), 200)
    found = {content[8:12], *(content[n : n + 4] for n in range(16, end, 4))}
    return frozenset(found & (HEIC | AVIF))
