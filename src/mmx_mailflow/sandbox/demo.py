"""The whole story in under a minute: people, staff and providers on an accelerated clock."""

from __future__ import annotations

import email
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from mmx_mailflow import flow
from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import IssuedForm
from mmx_mailflow.forms.packet import words_from
from mmx_mailflow.forms.shape import places
from mmx_mailflow.intake.directory import Directory, DirectoryEntry
from mmx_mailflow.letters.compose import templates_from
from mmx_mailflow.office import Office
from mmx_mailflow.ops.opening import template_texts
from mmx_mailflow.sandbox.filling import filled
from mmx_mailflow.sandbox.pen import photographed
from mmx_mailflow.sandbox.servers import PASSWORD, Servers
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import cases
from mmx_mailflow.store.engine import open_store
from mmx_mailflow.store.vault import create_key_file, load_keys
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.imap import Mailbox, MailboxAddress
from mmx_mailflow.transport.smtp import Sender, SenderAddress

RECORDS, LUZ, DESK = "records@office.example", "luz@office.example", "desk@office.example"
MARY, ROBERT, JOSE = "mary.sample@gmail.com", "robert.muestra@yahoo.com", "jose.ejemplo@outlook.com"
FARO, MISION = "archivo@faro.example", "records@mision.example"
_START = datetime(2026, 11, 2, 17, tzinfo=UTC)
_ALL = ("A13", "A12.6", "B2.1")
_SHOWN_LINES = 14
_RECORDS = b"%PDF-1.4\n% invented records of an invented person\n%%EOF\n"
_NAMES = {
    RECORDS: "MedicalMex",
    LUZ: "Luz (staff)",
    DESK: "Desk (staff)",
    MARY: "Mary (patient)",
    ROBERT: "Robert (patient)",
    JOSE: "José (paciente)",
    FARO: "Hospital Faro del Mar",
    MISION: "Clínica Misión",
}

_MARY_ASKS = """Hello,

my name is Mary Sample Rivers, born 03/04/1980. I had knee surgery at Hospital Faro del Mar
from June 10 to June 14, 2024. Please send me the operative report and the discharge summary.

Mary Sample Rivers
"""
_ROBERT_ASKS = """Patient full legal name: Robert Muestra
Date of birth: July 9, 1969
Provider: Hospital Faro del Mar
Description of the records: all lab results
Phone: +1 619 555 0177
"""
_JOSE_ASKS = """Buenas tardes:

Nombre completo: José Ejemplo Núñez
Fecha de nacimiento: 4 de marzo de 1975
Fechas de tratamiento: del 3 al 7 de mayo de 2024
Hospitales: Hospital Faro del Mar y Clínica Misión
Documentos: nota de egreso y resultados de laboratorio

Muchas gracias,
José Ejemplo Núñez
"""


@dataclass
class Play:
    """The stage: servers, the office behind them, and a clock that jumps."""

    servers: Servers
    office: Office
    clock: Clock
    out: Path
    say: Callable[[str], None]
    told: int = 0
    report: list[str] = field(default_factory=list)

    def writes(
        self,
        sender: str,
        text: str,
        *,
        answers: bytes | None = None,
        files: tuple[tuple[str, str, bytes], ...] = (),
    ) -> None:
        """A person writes to the office; the line works and every mail is told."""
        raw, recipient = _written(sender, text, answers, files, self.clock.now())
        self.servers.submit(sender, recipient, raw)
        self.works()

    def works(self) -> None:
        """The line works until nothing is left to do."""
        where = MailboxAddress(
            name="records",
            host="127.0.0.1",
            port=self.servers.imap_port,
            security="none",
            username=RECORDS,
            password=PASSWORD,
            filed_folder="Mailflow/Filed",
            review_folder="Mailflow/Review",
        )
        line = SenderAddress(host="127.0.0.1", port=self.servers.smtp_port, security="none")
        with Mailbox(where) as mailbox, Sender(line) as sender:
            mailbox.ensure_folders()
            while flow.one_pass(self.office, [mailbox], sender):
                pass
        self._tell_news()

    def passes(self, **time: float) -> None:
        """Time passes in one jump."""
        self.clock.advance(timedelta(**time))
        self.works()

    def _tell_news(self) -> None:
        for mail in self.servers.delivered[self.told :]:
            self.told += 1
            if mail.recipient != RECORDS or mail.sender != RECORDS:
                self._tell(self.told, mail.sender, mail.recipient, mail.at, mail.raw)

    def _tell(self, number: int, sender: str, recipient: str, at: datetime, raw: bytes) -> None:
        message = email.message_from_bytes(raw, policy=policy.default)
        day = (at.date() - _START.date()).days
        to = _NAMES.get(recipient, _NAMES[RECORDS])
        local = at.astimezone(self.office.policy.zone())
        self._line("")
        self._line(f"--- day {day}, {local:%H:%M}   {_NAMES[sender]} -> {to}")
        self._line(f"    {message['Subject']}")
        for line in _first_lines(message):
            self._line(f"    | {line}")
        names = (x.partition("@")[0].partition("+")[0] for x in (sender, recipient))
        stem = "-to-".join(names)
        stem = f"{number:03d}-{stem}"
        (self.out / f"{stem}.eml").write_bytes(raw)
        for n, part in enumerate(message.iter_attachments(), 1):
            self._line(f"    [{part.get_filename()}]")
            if part.get_content_type() == "application/pdf":
                (self.out / f"{stem}-{n}.pdf").write_bytes(part.get_content())

    def _line(self, words: str) -> None:
        self.report.append(words)
        self.say(words)

    def chapter(self, words: str) -> None:
        """A heading of the story."""
        self._line("")
        self._line(f"=== {words}")

    def letters(self, address: str) -> list[bytes]:
        """What an address got from the office, oldest first."""
        return [
            d.raw for d in self.servers.delivered if d.recipient == address and d.sender == RECORDS
        ]

    def case_of(self, address: str) -> Case:
        """The case that an address opened."""
        with self.office.store.begin() as connection:
            every = cases.listing(connection, self.office.keys)
        return next(case for case in every if case.sender == address)

    def signed(
        self, address: str, *, sign: tuple[str, ...] = _ALL
    ) -> tuple[tuple[str, str, bytes], ...]:
        """The form of the last letter with a form in it, photographed page by page."""
        pdf, form = self._form_of(address)
        boxes, pages = places(form.roles), form.pages_wanted
        return tuple(
            (f"IMG_{n}.jpg", "image/jpeg", photographed(pdf, boxes, n, sign=sign)) for n in pages
        )

    def filled_in(self, address: str) -> tuple[tuple[str, str, bytes], ...]:
        """The same form filled in on a screen: typed dates, signatures drawn with a finger."""
        pdf, form = self._form_of(address)
        today = self.clock.now().astimezone(self.office.policy.zone()).date().isoformat()
        typed = {f"{place}.date": today for place in _ALL}
        content = filled(pdf, places(form.roles), sign=_ALL, typed=typed)
        return (("form.pdf", "application/pdf", content),)

    def _form_of(self, address: str) -> tuple[bytes, IssuedForm]:
        pdf = next(found for raw in reversed(self.letters(address)) if (found := _form_in(raw)))
        form = self.case_of(address).form
        assert form is not None
        return pdf, form

    def staff(self, words: str, about: str) -> None:
        """Staff reply to their last letter about a case; a CONFIRM is given when asked for."""
        ref = self.case_of(about).ref
        thread = [raw for raw in self.letters(LUZ) if ref.encode() in raw[:4_000]]
        self.writes(LUZ, words, answers=thread[-1])
        code = self.case_of(about).confirm_code
        if code:
            thread = [raw for raw in self.letters(LUZ) if ref.encode() in raw[:4_000]]
            self.writes(LUZ, f"{words}\nCONFIRM {code}", answers=thread[-1])


def _written(
    sender: str,
    text: str,
    answers: bytes | None,
    files: tuple[tuple[str, str, bytes], ...],
    now: datetime,
) -> tuple[bytes, str]:
    """A mail as a person's program writes it, and the address that it goes to."""
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    message["From"], message["Date"] = (
        f"{_NAMES[sender].partition(' (')[0]} <{sender}>",
        format_datetime(now),
    )
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    to, subject = RECORDS, "Medical records"
    if answers is not None:
        letter = email.message_from_bytes(answers, policy=policy.default)
        to, subject = RECORDS, f"Re: {letter['Subject']}"
        message["In-Reply-To"] = message["References"] = letter["Message-ID"]
    message["To"], message["Subject"] = to, subject
    message.set_content(text)
    for name, media_type, content in files:
        main, _, sub = media_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes(), to


def _first_lines(message: EmailMessage) -> Iterator[str]:
    body = message.get_body(("plain",))
    lines = [x.rstrip() for x in body.get_content().splitlines()] if body else []
    lines = [x for n, x in enumerate(lines) if x or (n and lines[n - 1])]
    yield from lines[:_SHOWN_LINES]
    if len(lines) > _SHOWN_LINES:
        yield f"... ({len(lines) - _SHOWN_LINES} more lines)"


def _form_in(raw: bytes) -> bytes | None:
    message = email.message_from_bytes(raw, policy=policy.default)
    for part in message.iter_attachments():
        if re.search(r"-authorization\.pdf$", part.get_filename() or ""):
            content: bytes = part.get_content()
            return content
    return None


@contextmanager
def _stage(out: Path, say: Callable[[str], None]) -> Iterator[Play]:
    clock = Clock(_START)
    folder = Path(tempfile.mkdtemp(prefix="mmx-demo-"))
    try:
        create_key_file(folder / "key")
        keys = load_keys(folder / "key")
        store = open_store(f"sqlite:///{folder}/mail.db", keys, data_path("migrations"))
        texts = template_texts(None)
        entries = (
            DirectoryEntry(name="Hospital Faro del Mar", email=FARO),
            DirectoryEntry(name="Clínica Misión", email=MISION),
        )
        with Servers(tuple(_NAMES), clock.now, authserv_id="mx.office.example") as servers:
            office = Office(
                store=store,
                keys=keys,
                policy=Policy(
                    records_address=RECORDS,
                    staff_members=(LUZ,),
                    notify=(DESK,),
                    agent_name="Ana Ejemplo",
                ),
                templates=templates_from(texts),
                words=words_from(texts),
                directory=Directory.of(entries),
                clock=clock,
                trusted_ids=("mx.office.example",),
                protected=frozenset({"office.example", "faro.example", "mision.example"}),
                answer_since=_START - timedelta(days=1),
            )
            try:
                yield Play(servers, office, clock, out, say)
            finally:
                office.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def play(out: Path, say: Callable[[str], None]) -> None:
    """Play the story; every mail is printed and left in `out` as .eml, forms as .pdf."""
    out.mkdir(parents=True, exist_ok=True)
    with _stage(out, say) as stage:
        _requests(stage)
        _forms(stage)
        _providers(stage)
        stage.chapter("How it ended")
        for address in (MARY, ROBERT, JOSE):
            case = stage.case_of(address)
            ended = case.result.value if case.result else "open"
            stage._line(f"    {case.ref}  {case.state.value}  {ended}")  # noqa: SLF001  the play's own voice
        (out / "story.txt").write_text("\n".join(stage.report) + "\n", encoding="utf-8")
    say("")
    say(f"{stage.told} mails; all of them, and the forms, are in {out}")


def _requests(stage: Play) -> None:
    stage.chapter("Three people write; one birth date can be read in two ways, one date is missing")
    stage.writes(MARY, _MARY_ASKS)
    stage.writes(ROBERT, _ROBERT_ASKS)
    stage.writes(JOSE, _JOSE_ASKS)
    stage.passes(hours=2)
    stage.chapter("The answers complete the requests, and the form goes out")
    stage.writes(MARY, "It is b), born on 3 April 1980.\n\nMary", answers=stage.letters(MARY)[-1])
    stage.writes(
        ROBERT, "Dates of treatment: March 2023 to May 2023\n", answers=stage.letters(ROBERT)[-1]
    )


def _forms(stage: Play) -> None:
    stage.passes(days=1)
    stage.chapter("Forms come back: as photos, filled in on a screen, and one that nobody signed")
    stage.writes(
        JOSE,
        "Adjunto el formulario firmado.",
        answers=stage.letters(JOSE)[-1],
        files=stage.signed(JOSE),
    )
    stage.writes(
        MARY,
        "Here is the form, filled in and signed on my tablet.",
        answers=stage.letters(MARY)[-1],
        files=stage.filled_in(MARY),
    )
    stage.writes(
        ROBERT,
        "The form is attached.",
        answers=stage.letters(ROBERT)[-1],
        files=stage.signed(ROBERT, sign=()),
    )
    stage.passes(hours=3)
    stage.chapter("He is told what is missing, and signs")
    stage.writes(
        ROBERT,
        "Sorry, here it is, signed.",
        answers=stage.letters(ROBERT)[-1],
        files=stage.signed(ROBERT),
    )
    stage.chapter("Staff accept them with one word")
    for address in (JOSE, MARY, ROBERT):
        stage.staff("APPROVE", address)
    stage.passes(minutes=6)


def _thread(stage: Play, provider: str, patient: str) -> bytes:
    ref = stage.case_of(patient).ref.encode()
    return next(raw for raw in stage.letters(provider) if ref in raw[:4_000])


def _providers(stage: Play) -> None:
    pdf = (("expediente.pdf", "application/pdf", _RECORDS),)
    stage.passes(days=3)
    stage.chapter("Providers answer: records, and a fee")
    for patient in (MARY, ROBERT, JOSE):
        stage.writes(
            FARO,
            "Adjunto encontrará el expediente solicitado.",
            answers=_thread(stage, FARO, patient),
            files=pdf,
        )
        stage.staff("PROVIDER 1 COMPLETE\nDELIVER 1", patient)
    stage.writes(
        MISION, "La copia tiene un costo de 850 pesos.", answers=_thread(stage, MISION, JOSE)
    )
    stage.staff("PROVIDER 2 FEE 850 MXN", JOSE)
    stage.passes(minutes=6)
    stage.writes(
        JOSE,
        "De acuerdo, acepto el costo y hago el pago directamente.",
        answers=stage.letters(JOSE)[-1],
    )
    stage.staff(
        "PROVIDER 2 TELL: El paciente acepta el costo. / The patient accepts the fee. END", JOSE
    )
    stage.passes(days=4)
    stage.writes(
        MISION,
        "Enviamos el expediente.",
        answers=_thread(stage, MISION, JOSE),
        files=(("otro.pdf", "application/pdf", _RECORDS + b"% more\n"),),
    )
    stage.staff("PROVIDER 2 COMPLETE\nDELIVER 2", JOSE)
    stage.passes(minutes=6)
