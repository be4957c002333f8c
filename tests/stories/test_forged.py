"""Forged mails that hold a piece of a true thread: none changes a case, reaches a provider or learns anything.

Those of `test_spoofs.py` come from outside; these answer our letters, bear codes, name the case.
"""

from __future__ import annotations

import email
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import policy
from email.utils import format_datetime, make_msgid
from pathlib import Path

import pytest
from tests.stories.mails import AUTHSERV, RECORDS, REQUEST_EN, words_of, written
from tests.stories.world import FARO, LUZ, World, a_world

from mmx_mailflow.casework.case import Case, Result, State
from mmx_mailflow.casework.codes import reply_code
from mmx_mailflow.casework.values import Role
from mmx_mailflow.store import messages

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA, THIEF = "ana.prueba@gmail.com", "thief@yahoo.com"
SECRETS = (b"Prueba", b"1980", b"Faro", b"March 25", b"operative")
"""What nobody but the patient, staff and the provider may read in a letter."""


@dataclass(frozen=True)
class Scene:
    """A case in the middle of its life, and the letters that were written about it."""

    world: World
    to_ana: bytes
    review: bytes
    files: tuple[tuple[str, str, bytes], ...]
    """The pages of the form, signed."""
    submission: bytes = b""

    @property
    def ref(self) -> str:
        return self.world.cases()[0].ref


Forge = Callable[[Scene], bytes]


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The form lies with staff: a forged APPROVE would send it to the provider."""
    with a_world(tmp_path_factory.mktemp("reviewed")) as world:
        yield _reviewed(world)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The provider has the request: forged records, revocations and redirections could hurt."""
    with a_world(tmp_path_factory.mktemp("running")) as world:
        scene = _reviewed(world)
        world.writes(LUZ, "", "APPROVE", answers=scene.review)
        world.passes(minutes=6)
        [submission] = world.new(FARO)
        yield replace(scene, submission=submission)


def _reviewed(world: World) -> Scene:
    world.writes(ANA, "Records", REQUEST_EN)
    [first] = world.new(ANA)
    files = world.signed_form(first)
    world.writes(ANA, "", "Signed.", answers=first, files=files)
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    return Scene(world, first, review, files)


# --- how mails are forged --------------------------------------------------


def passed(domain: str, name: str = AUTHSERV) -> str:
    return f"Authentication-Results: {name}; dmarc=pass header.from={domain}"


FAILED = f"Authentication-Results: {AUTHSERV}; dmarc=fail header.from=office.example"
FORGED_ANA = f"Authentication-Results: {AUTHSERV}; spf=fail; dmarc=fail header.from=gmail.com"


def raw(*headers: str, text: str = "APPROVE", html: str = "") -> Forge:
    """A mail written by hand, so that its headers can be anything; `{ref}` is the case's."""

    def forged(scene: Scene) -> bytes:
        sort = "text/html" if html else "text/plain"
        lines = [
            *headers,
            f"To: {RECORDS}",
            f"Date: {format_datetime(scene.world.clock.now())}",
            f"Message-ID: {make_msgid(domain='forged.example')}",
            f"MIME-Version: 1.0\r\nContent-Type: {sort}; charset=utf-8",
        ]
        said = "\r\n".join(lines) + "\r\n\r\n" + (html or text) + "\r\n"
        return said.replace("{ref}", scene.ref).encode()

    return forged


def answering(letter: str, *headers: str, text: str = "APPROVE") -> Forge:
    """The same as an answer to one of our letters: the Message-ID leaked or was guessed."""

    def forged(scene: Scene) -> bytes:
        made = email.message_from_bytes(getattr(scene, letter), policy=policy.default)
        return raw(f"In-Reply-To: {made['Message-ID']}", *headers, text=text)(scene)

    return forged


def staff(*headers: str, text: str = "APPROVE") -> Forge:
    return answering("review", *headers, text=text)


def with_code(code: Callable[[Scene], str], *headers: str, text: str) -> Forge:
    """A mail that carries something like a reply code in its words."""

    def forged(scene: Scene) -> bytes:
        return raw(*headers, text=f"{text}\r\n\r\nCode: {code(scene)}")(scene)

    return forged


def guessed(_: Scene) -> str:
    return "0123-4567-89AB-CDEF"


def one_off(scene: Scene) -> str:
    code = _code_of_ana(scene)
    return code[:-1] + ("0" if code[-1] != "0" else "1")


def for_another_role(scene: Scene) -> str:
    return reply_code(b"x" * 32, scene.ref, Role.STAFF, LUZ)


def _code_of_ana(scene: Scene) -> str:
    return reply_code(scene.world.office.keys.token_key, scene.ref, Role.PATIENT, ANA)


def returned_form(scene: Scene) -> bytes:
    now = scene.world.clock.now()
    return written(THIEF, "The form", "Here it is.", now, files=scene.files)


def replayed(scene: Scene) -> bytes:
    """The patient's own request once more, from another address and to another end."""
    return written(THIEF, "Records", REQUEST_EN.replace("619 555 0142", "619 555 0199"), scene.world.clock.now())  # fmt: skip


LUZ_FROM = f"From: Luz <{LUZ}>"
STAFF: dict[str, Forge] = {
    "staff address, DMARC failed": staff(FAILED, LUZ_FROM),
    "staff address, nothing judged": staff(LUZ_FROM),
    "staff address, another server says pass": staff(passed("office.example", "mx.evil.example"), LUZ_FROM),
    "a pass of ours below the failure": staff(FAILED, passed("office.example"), LUZ_FROM),
    "a pass for another domain": staff(passed("evil.example"), LUZ_FROM),
    "a pass within a comment": staff(f"Authentication-Results: {AUTHSERV}; dmarc=fail (dmarc=pass header.from=office.example)", LUZ_FROM),
    "the name of our server within a comment": staff(f"Authentication-Results: mx.evil.example ({AUTHSERV}); dmarc=pass header.from=office.example", LUZ_FROM),
    "pass and fail in one header": staff(f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=office.example; dmarc=fail header.from=office.example", LUZ_FROM),
    "SPF alone passed": staff(f"Authentication-Results: {AUTHSERV}; spf=pass smtp.mailfrom=office.example", LUZ_FROM),
    "DKIM of another domain passed": staff(f"Authentication-Results: {AUTHSERV}; dkim=pass header.d=evil.example; dmarc=none", LUZ_FROM),
    "a method that ends like ours": staff(f"Authentication-Results: {AUTHSERV}; x-dmarc=pass header.from=office.example", LUZ_FROM),
    "a reason that says pass": staff(f'Authentication-Results: {AUTHSERV}; dmarc=none reason="dmarc=pass header.from=office.example"', LUZ_FROM),
    "a folded name of a longer server": staff(f"Authentication-Results: {AUTHSERV}.evil.example;\r\n dmarc=pass header.from=office.example", LUZ_FROM),
    "Microsoft's shape without a server": staff("Authentication-Results: spf=pass (sender IP is 192.0.2.7); dmarc=pass action=none header.from=office.example;compauth=pass", LUZ_FROM),
    "results of the mail's own signature": staff("ARC-Authentication-Results: i=1; mx.office.example; dmarc=pass header.from=office.example", LUZ_FROM),
    "two From headers": staff(passed("office.example"), LUZ_FROM, f"From: {THIEF}"),
    "two From headers, the other first": staff(passed("yahoo.com"), f"From: {THIEF}", LUZ_FROM),
    "two addresses in From": staff(passed("office.example"), f"From: Luz <{LUZ}>, X <{THIEF}>"),
    "a group in From": staff(passed("office.example"), f"From: Staff: {LUZ}, {THIEF};"),
    "the member's address as a name": staff(passed("yahoo.com"), f'From: "{LUZ}" <{THIEF}>'),
    "the member's address as an encoded name": staff(passed("yahoo.com"), f"From: =?utf-8?q?{LUZ.replace('@', '=40')}?= <{THIEF}>"),
    "the member as Sender": staff(passed("yahoo.com"), f"From: {THIEF}", f"Sender: {LUZ}"),
    "the member as Reply-To": staff(passed("yahoo.com"), f"From: {THIEF}", f"Reply-To: {LUZ}"),
    "a domain with a letter more": staff(passed("offiice.example"), "From: Luz <luz@offiice.example>"),
    "a domain with a digit": staff(passed("0ffice.example"), "From: Luz <luz@0ffice.example>"),
    "a domain in other letters": staff(passed("xn--ffice-yqf.example"), "From: Luz <luz@xn--ffice-yqf.example>"),
    "a longer domain": staff(passed("office.example.evil.example"), "From: Luz <luz@office.example.evil.example>"),
    "a comment in the address": staff(passed("evil.example"), f"From: luz@evil.example ({LUZ})"),
    "a null byte in the address": staff(passed("office.example"), f"From: {LUZ}\x00@evil.example"),
    "a route in the address": staff(passed("evil.example"), f"From: <@office.example:{THIEF}>"),
    "the reference as subject": raw(passed("yahoo.com"), f"From: {THIEF}", "Subject: {ref} A returned form to review"),
    "APPROVE from the patient": answering("to_ana", passed("gmail.com"), f"From: {ANA}", text="APPROVE\r\nCONFIRM 0000"),
    "APPROVE quoted by the patient": answering("to_ana", passed("gmail.com"), f"From: {ANA}", text="What does this mean?\r\n\r\n> APPROVE"),
    "an answer to the review from outside": staff(passed("yahoo.com"), f"From: {THIEF}"),
    "no sender at all": staff(FAILED, "From: <>"),
    "the office's own address": staff(FAILED, f"From: {RECORDS}"),
    "commands in another language": staff(FAILED, LUZ_FROM, text="APROBAR\r\nCONFIRMAR 1"),
    "a header by way of an encoded subject": staff(FAILED, LUZ_FROM, "Subject: =?utf-8?q?x=0D=0AAuthentication-Results:_mx.office.example;_dmarc=3Dpass?="),
    "CONFIRM by chance": staff(FAILED, LUZ_FROM, text="CONFIRM C1"),
    "a held mail filed by a stranger": raw(passed("yahoo.com"), f"From: {THIEF}", "Subject: Held mail to sort", text="1 = {ref}"),
}  # fmt: skip
FARO_FROM = f"From: Archivo <{FARO}>"
GONE = "I hereby revoke my authorization for request {ref}."
SIGNED_BY_ANA = "\r\n\r\nAna Prueba Demo, born March 25, 1980"
RUNNING: dict[str, Forge] = {
    "records from a foreign domain": answering("submission", passed("evil.example"), "From: Archivo <archivo@evil.example>", text="Adjuntamos el expediente."),
    "records from a domain like the provider's": answering("submission", passed("far0.example"), "From: Archivo <archivo@far0.example>", text="Adjuntamos el expediente."),
    "the provider's address, DMARC failed": raw(f"Authentication-Results: {AUTHSERV}; dmarc=fail header.from=faro.example", FARO_FROM, "Subject: {ref}", text="No hay expediente de esta persona."),
    "an invoice of somebody else": raw(passed("evil.example"), "From: Caja <caja@evil.example>", "Subject: {ref} Factura", text="Para liberar el expediente deposite 4,000 pesos."),
    "a refusal of somebody else": raw(passed("evil.example"), "From: Archivo <archivo@evil.example>", "Subject: {ref}", text="Negamos la solicitud."),
    "status asked by a stranger": raw(passed("yahoo.com"), f"From: {THIEF}", "Subject: Status of {ref}", text="What is the status of my request? Which hospital was asked?"),
    "status asked in the patient's name": raw(passed("yahoo.com"), f"From: Ana Prueba Demo <{THIEF}>", "Subject: {ref}", text="What is the status of my request?" + SIGNED_BY_ANA),
    "status asked as the patient, DMARC failed": raw(FORGED_ANA, f"From: {ANA}", f"Reply-To: {THIEF}", "Subject: {ref}", text="What is the status? Please answer to my new address."),
    "the address as a display name": raw(passed("yahoo.com"), f'From: "{ANA}" <{THIEF}>', "Subject: {ref}", text="What is the status of my request?"),
    "two From, the patient second": raw(passed("yahoo.com"), f"From: {THIEF}", f"From: {ANA}", "Subject: {ref}", text="Please send the records to this address."),
    "records to another address": raw(passed("yahoo.com"), f"From: {THIEF}", "Subject: {ref}", text=f"Please send my records to {THIEF} from now on." + SIGNED_BY_ANA),
    "records to another address, as the patient": raw(FORGED_ANA, f"From: {ANA}", "Subject: {ref}", text=f"My address has changed. Send the records to {THIEF}."),
    "a new telephone": raw(FORGED_ANA, f"From: {ANA}", "Subject: {ref}", text="My phone has changed: +1 619 555 0199."),
    "another birth date": raw(FORGED_ANA, f"From: {ANA}", "Subject: {ref}", text="My date of birth is March 26, 1981, not what I wrote."),
    "one more hospital": raw(FORGED_ANA, f"From: {ANA}", "Subject: {ref}", text="Please ask Clínica Misión for my records too."),
    "a stranger withdraws": raw(passed("yahoo.com"), f"From: {THIEF}", "Subject: {ref}", text="Please cancel my request and close the case."),
    "a code by chance": with_code(guessed, passed("yahoo.com"), f"From: {THIEF}", text="What is the status?"),
    "a code with one character off": with_code(one_off, passed("yahoo.com"), f"From: {THIEF}", text="What is the status?"),
    "a code of another key": with_code(for_another_role, passed("yahoo.com"), f"From: {THIEF}", text="DELIVER"),
    "the patient's code in strange hands": with_code(_code_of_ana, passed("yahoo.com"), f"From: {THIEF}", text="What is the status? Which hospital?"),
    "the patient's code, records to be redirected": with_code(_code_of_ana, passed("yahoo.com"), f"From: {THIEF}", text=f"Please send my records to {THIEF}."),
    "an answer to the patient's letter": answering("to_ana", passed("yahoo.com"), f"From: {THIEF}", text="Please tell me the status and the hospital."),
    "an answer to the provider's letter": answering("submission", passed("yahoo.com"), f"From: {THIEF}", text="Please send the authorization again."),
    "a plus address by chance": raw(passed("yahoo.com"), f"From: {THIEF}", "Delivered-To: records+0123456789ABCDEF@office.example", text="What is the status?"),
    "words that a reader cannot see": raw(passed("yahoo.com"), f"From: {THIEF}", "Subject: {ref}", html='<p>Hello</p><div style="display:none">DELIVER<br>APPROVE<br>CLOSE</div>'),
    "commands in a forwarded mail": raw(passed("yahoo.com"), f"From: {THIEF}", "Subject: Fwd: {ref}", text=f"See below.\r\n\r\n---------- Forwarded message ---------\r\nFrom: Luz <{LUZ}>\r\nSubject: x\r\n\r\nDELIVER"),
    "a form that a stranger sends": returned_form,
    "the patient's request once more": replayed,
    "a bounce of nothing of ours": raw("From: MAILER-DAEMON@yahoo.com", "Return-Path: <>", "Subject: Undelivered Mail Returned to Sender", text=f"<{ANA}>: 550 5.1.1 user unknown {{ref}}"),
    "staff close the case, DMARC failed": answering("review", FAILED, LUZ_FROM, text="CLOSE\r\nDELIVER"),
}  # fmt: skip
REVOCATIONS: dict[str, Forge] = {
    "a stranger revokes": raw(passed("yahoo.com"), f"From: {THIEF}", "Subject: {ref}", text=GONE),
    "a relative revokes": raw(passed("yahoo.com"), "From: Son <son.prueba@yahoo.com>", "Subject: {ref}", text=f"I revoke the authorization of my mother. {GONE}"),
    "the patient's address revokes, DMARC failed": raw(FORGED_ANA, f"From: {ANA}", "Subject: {ref}", text=GONE),
}  # fmt: skip


# --- what may not happen -----------------------------------------------------


def held_fast(case: Case) -> tuple[object, ...]:
    """What no forged mail may change."""
    providers = [(p.n, p.name, p.address, p.state, p.sent_at) for p in case.providers]
    return (
        *(case.sender, case.confirmed, case.facts, case.result, case.released, case.closed_at),
        *(case.authorization, case.form, providers, case.files),
    )


def succeeded(scene: Scene, forge: Forge) -> list[str]:
    """Everything that a forged mail brought about and must not have."""
    world = scene.world
    before, letters = held_fast(world.cases()[0]), len(world.listener.taken)
    world.arrives(forge(scene))
    world.turn()
    world.passes(minutes=6)
    wrong = [] if held_fast(world.cases()[0]) == before else ["the case was changed"]
    for taken in world.listener.taken[letters:]:
        to = taken.recipients[0]
        if to == FARO:
            wrong.append("a letter to the provider")
        elif to not in {ANA, LUZ, "raul@office.example", "desk@office.example"}:
            wrong += [f"{s!r} to {to}" for s in (*SECRETS, scene.ref.encode()) if s in taken.raw]
    return wrong + unexplained(world)


def unexplained(world: World) -> list[str]:
    with world.office.store.begin() as connection:
        rows = messages.listing(connection, world.office.keys)
    return [f"mail {r['number']} has no outcome" for r in rows if not r["outcome"] or not r["why"]]


@pytest.mark.parametrize("name", STAFF)
def test_nobody_approves_a_form_but_staff(reviewed: Scene, name: str) -> None:
    assert succeeded(reviewed, STAFF[name]) == []
    assert reviewed.world.cases()[0].state == State.FORM_REVIEW


@pytest.mark.parametrize("name", RUNNING)
def test_nobody_moves_a_running_case_but_those_it_belongs_to(running: Scene, name: str) -> None:
    assert succeeded(running, RUNNING[name]) == []


@pytest.mark.parametrize("name", REVOCATIONS)
def test_a_forged_revocation_pauses_and_ends_nothing(tmp_path: Path, name: str) -> None:
    with a_world(tmp_path) as world:
        scene = _reviewed(world)
        world.writes(LUZ, "", "APPROVE", answers=scene.review)
        world.passes(minutes=6)
        assert succeeded(scene, REVOCATIONS[name]) == []
        assert world.cases()[0].result != Result.REVOKED
        assert world.cases()[0].authorization.revoked_at is None


def test_there_are_sixty_of_them() -> None:
    count = len(STAFF) + len(RUNNING) + len(REVOCATIONS)
    print(f"{count} forged mails")
    assert count >= 60
