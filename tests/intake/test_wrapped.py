"""Mails and letters inside files: each is built here byte by byte and read back."""

from __future__ import annotations

import io
import struct
import zipfile
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from mmx_mailflow.intake.opened import letter, msg
from mmx_mailflow.intake.parse import parsed
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.wrapped import Unwrapped, tnef

LETTER = """To the records desk.
My name is Clara Jane Holt and I was born on May 17, 1962.
I need the operative report from Hospital Vista in Tecate,
where I was a patient from June 12 to June 15, 2023. Thank you for your kind help."""


def tnef_of(text: str, name: str, content: bytes) -> bytes:
    def attribute(level: int, identity: int, data: bytes) -> bytes:
        total = sum(data) & 0xFFFF
        return struct.pack("<BHHI", level, identity, 1, len(data)) + data + struct.pack("<H", total)

    return (
        b"\x78\x9f\x3e\x22\x01\x00"
        + attribute(1, 0x800C, text.encode("cp1252") + b"\0")
        + attribute(2, 0x8010, name.encode() + b"\0")
        + attribute(2, 0x800F, content)
    )


def ole(streams: dict[str, bytes]) -> bytes:
    """A compound file (MS-CFB) of streams that are long enough to need no mini sectors."""
    size, end = 512, 0xFFFFFFFE
    padded = {n: c.ljust(4096, b"\0") for n, c in streams.items()}
    sectors: list[bytes] = []
    fat: list[int] = []
    entries = [("Root Entry", 5, end, 0)]
    for name, content in padded.items():
        first = len(fat)
        count = -(-len(content) // size)
        sectors += [content[n * size : (n + 1) * size].ljust(size, b"\0") for n in range(count)]
        fat += [*range(first + 1, first + count), end]
        entries.append((name, 2, first, len(content)))
    directory = len(fat)
    rows = b""
    for number, (name, sort, first, length) in enumerate(entries):
        encoded = (name + "\0").encode("utf-16-le")
        child = 1 if number == 0 else 0xFFFFFFFF
        right = number + 1 if 0 < number < len(entries) - 1 else 0xFFFFFFFF
        rows += encoded.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(encoded), sort, 1, 0xFFFFFFFF, right, child
        )
        rows += b"\0" * 36 + struct.pack("<IQ", first, length)
    count = -(-len(rows) // size)
    rows = rows.ljust(count * size, b"\0")
    sectors += [rows[n * size : (n + 1) * size] for n in range(count)]
    fat += [*range(directory + 1, directory + count), end]
    table = len(fat)
    fat.append(0xFFFFFFFD)
    sectors.append(struct.pack(f"<{size // 4}I", *fat, *([0xFFFFFFFF] * (size // 4 - len(fat)))))
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\0" * 16
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + b"\0" * 6
    )
    head += struct.pack("<IIIIIIIII", 0, 1, directory, 0, 4096, end, 0, end, 0) + struct.pack(
        "<I", table
    )
    return head.ljust(size, b"\xff") + b"".join(sectors)


def message_of(text: str) -> bytes:
    return ole(
        {
            "__substg1.0_0037001F": "Records".encode("utf-16-le"),
            "__substg1.0_1000001F": text.encode("utf-16-le"),
            "__substg1.0_5D01001F": "clara.holt@gmail.com".encode("utf-16-le"),
        }
    )


def word(text: str) -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in text.split("\n"))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as box:
        box.writestr("word/document.xml", f"<w:document><w:body>{body}</w:body></w:document>")
    return made.getvalue()


def pdf(text: str) -> bytes:
    made = io.BytesIO()
    canvas = Canvas(made)
    for n, line in enumerate(text.split("\n")):
        canvas.drawString(72, 720 - 16 * n, line)
    canvas.save()
    return made.getvalue()


def mail_with(
    content: bytes, sort: str, name: str, text: str = "Please see the attached letter.\n"
) -> bytes:
    message = EmailMessage()
    message["From"] = "Clara Holt <clara.holt@gmail.com>"
    message["To"] = "records@medicalmex.example"
    message["Subject"] = "Letter"
    message["Date"] = "Wed, 18 Jun 2025 10:00:00 +0000"
    message.set_content(text)
    main, sub = sort.split("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def eml() -> bytes:
    inner = EmailMessage()
    inner["From"] = "Clara Holt <clara.holt@gmail.com>"
    inner["Subject"] = "Records"
    inner["Date"] = "Tue, 17 Jun 2025 10:00:00 +0000"
    inner.set_content(LETTER)
    return inner.as_bytes()


def test_a_request_is_read_from_every_wrapping() -> None:
    wrapped = {
        "winmail.dat": ("application/ms-tnef", tnef_of(LETTER, "a.txt", b"x")),
        "letter.msg": ("application/vnd.ms-outlook", message_of(LETTER)),
        "letter.eml": ("application/octet-stream", eml()),
        "letter.pdf": ("application/pdf", pdf(LETTER)),
        "letter.docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", word(LETTER)),
    }  # fmt: skip
    for name, (sort, content) in wrapped.items():
        said = parsed(name, mail_with(content, sort, name))

        assert said["kind"] == "request", name
        assert said["missing"] == [], name
        fields = said["fields"]
        assert isinstance(fields, dict)
        assert fields["patient_name"] == "Clara Jane Holt", name
        assert fields["date_of_birth"] == "1962-05-17", name


def test_files_within_a_winmail_come_out() -> None:
    raw = mail_with(
        tnef_of("Hello", "scan.pdf", b"%PDF-1.4 x"), "application/ms-tnef", "winmail.dat"
    )

    assert [p.media_type for p in read(raw).parts] == ["application/ms-tnef", "application/pdf"]
    assert [p.index for p in read(raw).parts] == [1, 2]


def test_the_words_of_an_opened_mail_are_words_whatever_they_say() -> None:
    raw = mail_with(b"\xd0\xcf\x11\xe0", "application/vnd.ms-outlook", "a.msg")

    [inner] = read(raw, lambda _: Unwrapped(sender="eml", text=LETTER)).nested
    assert inner.text == LETTER


def test_few_mails_in_files_are_opened_however_deep_they_lie() -> None:
    message = EmailMessage()
    for _ in range(5):
        message.add_attachment(b"\xd0\xcf\x11\xe0", maintype="application", subtype="x-ole")
    for _ in range(2):
        outer = EmailMessage()
        for _ in range(4):
            outer.add_attachment(message)
        message = outer
    opened: list[bytes] = []

    def mail_in(content: bytes) -> Unwrapped:
        opened.append(content)
        return Unwrapped(text="Hello")

    read(message.as_bytes(), mail_in)
    assert len(opened) == 3


def test_a_returned_form_is_no_letter() -> None:
    form = pdf(LETTER + "\nAuthorization to Act on Patient's Behalf, MMX-7Q2K-M4T")

    said = parsed(
        "x.eml", mail_with(form, "application/pdf", "form.pdf", "The signed form is attached.\n")
    )

    assert said["kind"] == "form_return"


@given(st.binary(max_size=600), st.integers(0, 200))
def test_damaged_files_hold_nothing_and_stop_nothing(noise: bytes, cut: int) -> None:
    for content in (message_of(LETTER), tnef_of(LETTER, "a", b"x"), word(LETTER)):
        broken = content[:cut] + noise + content[cut + len(noise) :]
        assert isinstance(msg(broken).text, str)
        assert isinstance(tnef(broken).text, str)
    assert letter("application/pdf", b"%PDF-1.7" + noise) == ""
    assert letter("application/x.wordprocessingml.document", b"PK\x03\x04" + noise) == ""
