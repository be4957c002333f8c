"""What answers a letter to staff or to a provider never gets into the patient's thread."""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import pytest
from tests.stories.mails import AUTHSERV, RECORDS, REQUEST_EN, words_of
from tests.stories.world import FARO, LUZ, World, a_world

from mmx_mailflow.casework.case import Case, State
from mmx_mailflow.store import journal

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA, STRANGER = "ana.prueba@gmail.com", "zq.other@yahoo.com"
MARK = "Zqmark"


@dataclass(frozen=True)
class Scene:
    """The provider has the request; the letters that people might answer wrongly."""

    world: World
    to_ana: bytes
    review: bytes
    submission: bytes
    form: tuple[tuple[str, str, bytes], ...]

    @property
    def case(self) -> Case:
        return self.world.cases()[0]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_world(tmp_path_factory.mktemp("threads")) as world:
        world.writes(ANA, "Records", REQUEST_EN)
        [first] = world.new(ANA)
        files = world.signed_form(first)
        world.writes(ANA, "", "Signed.", answers=first, files=files)
        [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
        world.writes(LUZ, "", "APPROVE", answers=review)
        world.passes(minutes=6)
        [submission] = world.new(FARO)
        yield Scene(world, first, review, submission, files)


# --- how a mail hangs on a letter -------------------------------------------


Carrier = Callable[[EmailMessage, EmailMessage], None]


def in_reply_to(mail: EmailMessage, letter: EmailMessage) -> None:
    mail["In-Reply-To"] = letter["Message-ID"]


def references(mail: EmailMessage, letter: EmailMessage) -> None:
    mail["References"] = f"<other@gmail.com> {letter['Message-ID']} <more@gmail.com>"


def code_of(letter: EmailMessage) -> str:
    """The reply code, as the Message-ID has it."""
    return letter["Message-ID"].partition(".")[2].partition("@")[0]


def quoted(mail: EmailMessage, letter: EmailMessage) -> None:
    lines = letter.get_body(("plain",)).get_content().splitlines()
    text = mail.get_content() + "\n\nOn Monday somebody wrote:\n"
    mail.set_content(text + "".join(f"> {line}\n" for line in lines))


def plus(mail: EmailMessage, letter: EmailMessage) -> None:
    local, _, domain = RECORDS.partition("@")
    mail.replace_header("To", f"{local}+{code_of(letter)}@{domain}")


def forwarded(mail: EmailMessage, letter: EmailMessage) -> None:
    mail.make_mixed()
    mail.add_attachment(letter)


CARRIERS = (in_reply_to, references, quoted, plus, forwarded)
TEXTS = {
    "facts": f"My name is Ana {MARK} Otra and I was born on May 5, 1955.",
    "request": REQUEST_EN.replace("Ana Prueba Demo", f"Eva {MARK} Muestra"),
    "status": f"What is the status of my request? {MARK}",
    "thanks": f"We received it, thank you. {MARK}",
}


def made(
    sender: str,
    text: str,
    scene: Scene,
    *letters: tuple[Carrier, bytes],
    files: tuple[tuple[str, str, bytes], ...] = (),
) -> bytes:
    mail = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    domain = sender.rpartition("@")[2]
    mail["Authentication-Results"] = f"{AUTHSERV}; dmarc=pass header.from={domain}"
    mail["From"], mail["To"], mail["Subject"] = sender, RECORDS, "Re: your mail"
    mail["Date"] = format_datetime(scene.world.clock.now())
    mail["Message-ID"] = make_msgid(domain=domain)
    mail.set_content(text)
    for carrier, letter in letters:
        carrier(mail, email.message_from_bytes(letter, policy=policy.default))
    for name, media_type, content in files:
        main, _, sub = media_type.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return mail.as_bytes()


def what_the_patient_said(case: Case) -> tuple[object, ...]:
    return (case.facts, case.returns, case.form, case.sender, case.confirmed, case.authorization)


def lines(scene: Scene) -> list[journal.JournalLine]:
    office, ref = scene.world.office, scene.case.ref
    with office.store.begin() as connection:
        return journal.lines(connection, office.keys, ref)


def arrives(scene: Scene, raw: bytes, told_of: tuple[str, ...] = ()) -> None:
    """The mail comes; nothing of it goes to patient or provider, or counts as the patient's.

    Only whom it is `told_of` hears of the case at all.
    """
    before, providers = what_the_patient_said(scene.case), scene.case.providers
    seen = {address: len(scene.world.to(address)) for address in (ANA, STRANGER, FARO)}
    count, told = len(scene.world.cases()), len(lines(scene))
    scene.world.arrives(raw)
    scene.world.turn()
    assert what_the_patient_said(scene.case) == before
    assert scene.case.providers == providers
    assert "patient" not in [line.actor for line in lines(scene)[told:]]
    assert len(scene.world.cases()) == count
    for address, n in seen.items():
        for letter in scene.world.to(address)[n:]:
            assert MARK not in letter.decode()
            assert address in told_of or scene.case.ref not in letter.decode()
    assert scene.world.to(FARO)[seen[FARO] :] == []


@pytest.mark.parametrize("sender", [ANA, STRANGER])
@pytest.mark.parametrize("letter", ["review", "submission"])
@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda c: c.__name__)
def test_a_mail_that_looks_like_a_patients_is_for_staff_alone(
    scene: Scene, sender: str, letter: str, carrier: Carrier
) -> None:
    turn = CARRIERS.index(carrier) + (sender == ANA) + 2 * (letter == "review")
    text = list(TEXTS.values())[turn % len(TEXTS)]

    arrives(scene, made(sender, text, scene, (carrier, getattr(scene, letter))))


@pytest.mark.parametrize("letter", ["review", "submission"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_token_of_the_patient_beside_it_does_not_make_it_hers(
    scene: Scene, letter: str, text: str
) -> None:
    both = ((in_reply_to, getattr(scene, letter)), (quoted, scene.to_ana))

    arrives(scene, made(ANA, TEXTS[text], scene, *both))


@pytest.mark.parametrize("letter", ["review", "submission"])
def test_pages_of_the_form_that_come_this_way_are_no_return(scene: Scene, letter: str) -> None:
    mail = made(ANA, MARK, scene, (in_reply_to, getattr(scene, letter)), files=scene.form)

    arrives(scene, mail)
    assert scene.case.state == State.IN_PROGRESS


def test_what_staff_file_of_it_is_a_note_and_no_fact(scene: Scene) -> None:
    raw = made(ANA, TEXTS["facts"], scene, (in_reply_to, scene.review))
    arrives(scene, raw)
    number = max(n for n, outcome in enumerate(scene.world.outcomes(), 1) if outcome == "held")
    before = what_the_patient_said(scene.case)

    scene.world.writes(LUZ, "Held", f"{number} = new")
    assert scene.world.outcomes()[number - 1] == "held"
    scene.world.writes(LUZ, "Held", f"{number} = {scene.case.ref}")

    assert scene.world.outcomes()[number - 1] == "handled"
    assert what_the_patient_said(scene.case) == before
    assert len(scene.world.cases()) == 1


def test_a_provider_answers_from_another_desk_of_its_office(scene: Scene) -> None:
    raw = made("caja@faro.example", "Recibido, gracias.", scene, (in_reply_to, scene.submission))
    scene.world.arrives(raw)
    scene.world.turn()

    assert scene.case.providers[0].state == "acknowledged"


def test_records_from_another_address_are_filed_once_staff_place_the_mail(scene: Scene) -> None:
    pdf = ("expediente.pdf", "application/pdf", b"%PDF-1.4 invented pages of nobody\n")
    there = (in_reply_to, scene.submission)
    scene.world.new(LUZ)
    arrives(scene, made("archivo.faro@gmail.com", "Adjunto el expediente.", scene, there, files=(pdf,)))  # fmt: skip
    number = max(n for n, outcome in enumerate(scene.world.outcomes(), 1) if outcome == "held")
    [asked] = [x for x in scene.world.new(LUZ) if f"{number} = {scene.case.ref}" in words_of(x)]
    assert scene.case.files == ()

    scene.world.writes(LUZ, "", f"{number} = {scene.case.ref}", answers=asked)

    assert scene.world.outcomes()[number - 1] == "handled"
    assert [file.provider for file in scene.case.files] == [1]


def test_a_mail_that_failed_its_proof_counts_once_when_staff_place_it(scene: Scene) -> None:
    raw = made("archivo@far0.example", "Negamos la solicitud.", scene, (in_reply_to, scene.submission))  # fmt: skip
    arrives(scene, raw)
    number = max(n for n, outcome in enumerate(scene.world.outcomes(), 1) if outcome == "held")
    for _ in range(2):
        scene.world.writes(LUZ, "", f"{number} = {scene.case.ref}")

    assert scene.world.outcomes()[number - 1] == "handled"
    assert len([x for x in lines(scene) if x.message == number]) == 2  # when it came, when placed


def test_a_revocation_counts_whatever_it_answers_and_is_not_final(scene: Scene) -> None:
    raw = made(
        STRANGER, "I hereby revoke my authorization.", scene, (in_reply_to, scene.submission)
    )
    arrives(scene, raw, told_of=(ANA,))  # she is asked whether she means it

    assert scene.case.paused_at is not None
    assert scene.case.authorization.revoked_at is None
