"""Raw mails as people's programs write them; all people are invented."""

from __future__ import annotations

import email
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

RECORDS = "records@office.example"
AUTHSERV = "mx.office.example"


def written(
    sender: str,
    subject: str,
    text: str,
    now: datetime,
    *,
    to: str = RECORDS,
    answers: bytes | None = None,
    files: tuple[tuple[str, str, bytes], ...] = (),
    dmarc: str = "pass",
    headers: dict[str, str] | None = None,
) -> bytes:
    """A mail as it lies in the mailbox: what the receiving server stamped stands on top."""
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    domain = sender.rpartition("@")[2]
    if dmarc:
        message["Authentication-Results"] = (
            f"{AUTHSERV}; spf=pass smtp.mailfrom={domain}; dmarc={dmarc} header.from={domain}"
        )
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=domain)
    for name, value in (headers or {}).items():
        message[name] = value
    body = text
    if answers is not None:
        letter = email.message_from_bytes(answers, policy=policy.default)
        message.replace_header("Subject", f"Re: {letter['Subject']}")
        message.replace_header("To", letter["Reply-To"] or letter["From"])
        message["In-Reply-To"] = message["References"] = letter["Message-ID"]
        quoted = letter.get_body(("plain",)).get_content()
        body += f"\n\nOn Monday MedicalMex <{RECORDS}> wrote:\n"
        body += "".join(f"> {line}\n" for line in quoted.splitlines())
    message.set_content(body)
    for name, media_type, content in files:
        main, _, sub = media_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def words_of(raw: bytes) -> str:
    """The plain text of a letter, as its reader sees it."""
    message = email.message_from_bytes(raw, policy=policy.default)
    return message.get_body(("plain",)).get_content()


def subject_of(raw: bytes) -> str:
    return email.message_from_bytes(raw, policy=policy.default)["Subject"]


def files_in(raw: bytes) -> list[tuple[str, bytes]]:
    """The attachments of a letter: names and bytes."""
    message = email.message_from_bytes(raw, policy=policy.default)
    return [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]


REQUEST_EN = """Hello,

I would like to request copies of my medical records.

Full name: Ana Prueba Demo
Date of birth: March 25, 1980
Dates of treatment: June 10 to June 14, 2024
Provider: Hospital Faro del Mar
Records: operative report and all lab results
Phone: +1 619 555 0142

Thank you,
Ana Prueba Demo
"""

REQUEST_ES = """Buenas tardes:

Quisiera solicitar una copia de mi expediente clínico.

Nombre completo: José Ejemplo Núñez
Fecha de nacimiento: 4 de marzo de 1975
Fechas de tratamiento: del 3 al 7 de mayo de 2024
Hospital: Hospital Faro del Mar
Documentos: nota de egreso y resultados de laboratorio
Teléfono: +52 664 555 0134

Muchas gracias,
José Ejemplo Núñez
"""
