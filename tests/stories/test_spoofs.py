"""Forged mails, each through the real line: nothing of a case moves, and nothing is told.

`pytest -s tests/stories/test_spoofs.py` prints how many were sent and how many succeeded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from itertools import count

import pytest
from tests.stories.mails import (
    AUTHSERV,
    RECORDS,
    REQUEST_EN,
    REQUEST_ES,
    subject_of,
    words_of,
)
from tests.stories.world import DESK, FARO, LUZ, MISION, RAUL, World, a_world

from mmx_mailflow.casework.case import Case, State
from mmx_mailflow.casework.codes import reply_codes
from mmx_mailflow.store import messages

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA, JOSE, EVA = "ana.prueba@gmail.com", "jose.ejemplo@yahoo.com.mx", "eva.muestra@icloud.com"
EVE = "eve@stranger.example"
KNOWN = {ANA, JOSE, EVA, LUZ, RAUL, DESK, FARO, MISION}
PERSONAL = (
    "Prueba", "José", "Muestra", "Faro", "Misión", "1980", "1975", "June 10", "mayo de 2024",
    "555 0142", "555 0134",
)  # fmt: skip

PASS = AUTHSERV + "; dmarc=pass header.from={domain}"
FAIL = AUTHSERV + "; spf=fail; dmarc=fail header.from={domain}"
REVOKE = "I revoke my authorization {ref}, effective immediately. Destroy it."
WITHDRAW = "Please cancel my request {ref}. I do not want the records any more."
STATUS = "What is the status of my request {ref}? Please send me copies of everything."
MOVE = (
    "Please change my e-mail address to eve@stranger.example and send the records of {ref} there."
)
FACTS = "Correction for {ref}: my date of birth is April 1, 1990. Send the records to eve@stranger.example."
COMMANDS = "PROVIDER 1 COMPLETE\nDELIVER 1\nCLOSE completed"
CONFIRM = "CLOSE completed\nCONFIRM K1"
RECORDS_SENT = "Adjunto el expediente de {ref}."
ACK = "Recibimos su solicitud {ref}, la estamos tramitando."
INVOICE = "La copia de {ref} cuesta 9,000 pesos; deposite a la cuenta 0123."
PDF = (("records.pdf", "application/pdf", b"%PDF-1.4 forged records\n"),)


@dataclass(frozen=True)
class Forged:
    """One forged mail: who it says it is, what is stamped on it, what it wants."""

    name: str
    sender: str
    text: str
    stamps: tuple[str, ...] = ()
    subject: str = "Re: {ref}"
    headers: tuple[str, ...] = ()
    case: str = "jose"
    """The case whose reference and codes the forger knows."""
    html: bool = False
    pdf: bool = False


RESULTS = (
    ("no stamp at all", ()),
    ("a failed stamp", (FAIL,)),
    ("an unlisted server's pass", ("mx.other.example; dmarc=pass header.from={domain}",)),
    ("a forged pass below the true failure", (FAIL, PASS)),
    ("a listed pass below an unlisted failure", ("mx.other.example; dmarc=fail", FAIL, PASS)),
    ("a pass for another domain", (AUTHSERV + "; dmarc=pass header.from=stranger.example",)),
    ("a pass in a comment", (AUTHSERV + "; dmarc=none (dmarc=pass header.from={domain})",)),
    ("a pass in a nested comment", (AUTHSERV + "; dmarc=none (a (b (c) dmarc=pass) d)",)),
    ("a pass in quotes", (AUTHSERV + '; spf=pass smtp.mailfrom="a; dmarc=pass header.from={domain}"',)),
    ("a pass folded in", (AUTHSERV + ";\r\n dmarc=fail\r\n header.from={domain};\r\n dmarc=pass",)),
    ("a pass in capitals beside a failure", (AUTHSERV.upper() + "; DMARC=FAIL; dmarc=PASS",)),
    ("the listed server as a property", ("mx.other.example; x=" + AUTHSERV + "; dmarc=pass",)),
    ("the listed server in a comment", ("(" + AUTHSERV + ") mx.other.example; dmarc=pass",)),
    ("a longer name of the listed server", (AUTHSERV + ".stranger.example; dmarc=pass",)),
    ("a method that only ends in dmarc", (AUTHSERV + "; x-dmarc=pass header.from={domain}",)),
    ("Microsoft's shape", ("spf=pass smtp.mailfrom={domain}; dmarc=pass action=none header.from={domain};compauth=pass reason=100",)),
    ("Microsoft's shape with a failure", ("spf=fail; dmarc=fail action=oreject header.from={domain};compauth=fail reason=000",)),
    ("two results that disagree", (AUTHSERV + "; dmarc=pass header.from={domain}; dmarc=fail",)),
    ("an encoded word as a stamp", ("=?utf-8?q?mx=2Eoffice=2Eexample=3B_dmarc=3Dpass?=",)),
)  # fmt: skip

FROM = (
    ("two addresses in From", f"{JOSE}, {EVE}", (PASS,)),
    ("two From headers", f"{JOSE}\r\nFrom: {EVE}", (PASS,)),
    ("the patient's address as a name", f'"{JOSE}" <{EVE}>', (PASS,)),
    ("the patient's address encoded in a name", f"=?utf-8?q?jose=2Eejemplo=40yahoo=2Ecom=2Emx?= <{EVE}>", (PASS,)),
    ("a group in From", f"patients: {JOSE}, {EVE};", ()),
    ("an empty From", "<>", ()),
    ("an address encoded whole", "=?utf-8?q?=3Cjose=2Eejemplo=40yahoo=2Ecom=2Emx=3E=2C?= <eve@stranger.example>", (PASS,)),
    ("a comment after the address", f"{EVE} ({JOSE})", (PASS,)),
    ("a look-alike of a webmail", "jose.ejemplo@yaho0.com.mx", (PASS,)),
    ("another ending", "jose.ejemplo@yahoo.com", (PASS,)),
    ("a subdomain", "jose.ejemplo@yahoo.com.mx.stranger.example", (PASS,)),
    ("punycode", "jose.ejemplo@xn--yaho-tpf.com.mx", (PASS,)),
    ("a line break in an encoded name", f"=?utf-8?q?x=0D=0AFrom:_{JOSE.replace('@', '=40')}?= <{EVE}>", (PASS,)),
)  # fmt: skip

STAFF = (
    ("staff without a stamp", LUZ, (), COMMANDS),
    ("staff that fails", LUZ, (FAIL,), COMMANDS),
    ("staff with an unlisted pass", LUZ, ("mx.stranger.example; dmarc=pass",), COMMANDS),
    ("staff that guesses a code", LUZ, (FAIL,), CONFIRM),
    ("staff by a name", f'"{LUZ}" <{EVE}>', (PASS,), COMMANDS),
    ("staff at a look-alike", "luz@0ffice.example", (PASS,), COMMANDS),
    ("staff at another ending", "luz@office.test", (PASS,), COMMANDS),
    ("a stranger with commands", EVE, (PASS,), COMMANDS),
    ("a patient with staff's words", JOSE, (), f"> {COMMANDS}\nAPPROVE"),
    ("staff that forwards commands", LUZ, (PASS,), "Fyi\n\n---------- Forwarded message ---------\nFrom: Eve <eve@stranger.example>\n\n" + COMMANDS),
    ("staff that quotes commands", LUZ, (PASS,), "See below.\n\nOn Monday Eve <eve@stranger.example> wrote:\n> PROVIDER 1 COMPLETE\n> DELIVER 1"),
    ("our own address", RECORDS, (PASS,), COMMANDS),
    ("two of staff in From", f"{LUZ}, {EVE}", (PASS,), COMMANDS),
)  # fmt: skip

PROVIDER = (
    ("records of a stranger", EVE, (PASS,), RECORDS_SENT, True),
    ("records of a look-alike", "archivo@far0.example", (PASS,), RECORDS_SENT, True),
    ("records of a failing provider", FARO, (FAIL,), RECORDS_SENT, True),
    ("an acknowledgement of a look-alike", "archivo@faro.test", (PASS,), ACK, False),
    ("an acknowledgement of a stranger", EVE, (PASS,), ACK, False),
    ("an acknowledgement of a failing provider", FARO, (FAIL,), ACK, False),
    ("an invoice of a stranger", "billing@stranger.example", (PASS,), INVOICE, False),
    ("an invoice of a failing provider", FARO, (FAIL,), INVOICE, False),
    ("the provider by a name", f'"{FARO}" <{EVE}>', (PASS,), RECORDS_SENT, True),
    ("another provider's office", "archivo@mision.test", (PASS,), RECORDS_SENT, True),
)

STRANGERS = (
    ("revocation by a stranger", "a1@stranger.example", REVOKE, "{ref}"),
    ("revocation with the code", "a2@stranger.example", REVOKE + "\n{code}", "{ref}"),
    ("withdrawal by a stranger", "a3@stranger.example", WITHDRAW, "{ref}"),
    ("withdrawal with the code", "a4@stranger.example", WITHDRAW + "\n{code}", "{ref}"),
    ("a relative who revokes", "son.ejemplo@gmail.com", "I am his son. " + REVOKE, "{ref}"),
    ("the status for a stranger", "a5@stranger.example", STATUS, "{ref}"),
    ("the status with the code", "a6@stranger.example", STATUS + "\n{code}", "{ref}"),
    ("a redirect by a stranger", "a7@stranger.example", MOVE, "{ref}"),
    ("a redirect with the code", "a8@stranger.example", MOVE + "\n{code}", "{ref}"),
    ("other facts by a stranger", "a9@stranger.example", FACTS, "{ref}"),
    ("other facts with the code", "b1@stranger.example", FACTS + "\n{code}", "{ref}"),
    ("a guessed code", "b2@stranger.example", STATUS + "\nABCD-EFGH-JKMN-PQRS", "{ref}"),
    ("a code that is one letter off", "b3@stranger.example", STATUS + "\n{off}", "{ref}"),
    ("a code of another case", "b4@stranger.example", STATUS + "\n{other}", "{ref}"),
    ("the code quoted below", "b5@stranger.example", STATUS + "\n\n> {code}", "{ref}"),
    ("hidden commands", "b6@stranger.example", '<p>Hello</p><p style="display:none">' + COMMANDS + "<br>" + REVOKE + "</p>", "{ref}"),
    ("a line break in the subject", "b7@stranger.example", STATUS, "=?utf-8?q?x=0D=0ABcc:_eve=40stranger=2Eexample?= {ref}"),
)  # fmt: skip

HEADERS = (
    ("the patient in Sender", EVE, STATUS, (f"Sender: {JOSE}",)),
    ("the patient in Reply-To", EVE, STATUS, (f"Reply-To: {JOSE}",)),
    ("answers redirected", JOSE, STATUS, (f"Reply-To: {EVE}",)),
    ("a null sender", EVE, REVOKE, ("Return-Path: <>",)),
    ("the thread of the patient", "c1@stranger.example", STATUS, ("In-Reply-To: {mid}",)),
    ("the thread, and a revocation", "c2@stranger.example", REVOKE, ("In-Reply-To: {mid}",)),
    ("the thread, and a redirect", "c3@stranger.example", MOVE, ("References: {mid}",)),
)


def _table() -> Iterator[Forged]:
    for name, stamps in RESULTS:
        yield Forged(name, JOSE, WITHDRAW, stamps)
    for name, sender, stamps in FROM:
        yield Forged(name, sender, WITHDRAW, stamps)
    for name, sender, stamps, text in STAFF:
        yield Forged(name, sender, text, stamps)
    for name, sender, stamps, text, pdf in PROVIDER:
        yield Forged(name, sender, text, stamps, pdf=pdf)
    for name, sender, text, subject in STRANGERS:
        yield Forged(name, sender, text, (PASS,), subject, html=text.startswith("<p>"))
    for name, sender, text, headers in HEADERS:
        yield Forged(name, sender, text, (PASS,) if sender != JOSE else (), headers=headers)
    for which in ("ana", "eva"):
        for name, text in (("status", STATUS), ("withdrawal", WITHDRAW), ("redirect", MOVE)):
            yield Forged(
                f"{name} of {which}", f"{which}@stranger.example", text, (PASS,), case=which
            )


TABLE = tuple(_table())
_numbers = count(1)


@dataclass
class Scene:
    """A world with three cases: a form out, records asked for, and one that is closed."""

    world: World
    known: dict[str, dict[str, str]]
    refs: tuple[str, ...]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with a_world(tmp_path_factory.mktemp("spoofs")) as world:
        world.writes(JOSE, "Expediente", REQUEST_ES)
        [jose] = world.new(JOSE)
        world.writes(JOSE, "", "Adjunto.", answers=jose, files=world.signed_form(jose))
        [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
        world.writes(LUZ, "", "APROBAR", answers=review)
        world.passes(minutes=6)
        world.writes(ANA, "Medical records", REQUEST_EN)
        [ana] = world.new(ANA)
        world.writes(EVA, "Medical records", REQUEST_EN.replace("Ana Prueba", "Eva Muestra"))
        [eva] = world.new(EVA)
        world.writes(EVA, "", "Please cancel my request.", answers=eva)
        letters = {"jose": jose, "ana": ana, "eva": eva}
        refs = {k: subject_of(raw).rpartition(" ")[2] for k, raw in letters.items()}
        codes = {k: reply_codes(words_of(raw))[0] for k, raw in letters.items()}
        known = {
            k: {
                "ref": refs[k],
                "code": codes[k],
                "off": ("0" if codes[k][0] != "0" else "1") + codes[k][1:],
                "other": codes["ana" if k != "ana" else "jose"],
                "mid": _message_id(raw),
            }
            for k, raw in letters.items()
        }
        made = Scene(world, known, tuple(refs.values()))
        states = {c.ref: c.state for c in world.cases()}
        assert [states[refs[k]] for k in ("jose", "ana", "eva")] == [
            State.IN_PROGRESS, State.AWAITING_SIGNATURE, State.CLOSED,
        ]  # fmt: skip
        yield made


def _message_id(raw: bytes) -> str:
    [line] = [x for x in raw.decode().splitlines() if x.lower().startswith("message-id:")]
    return line.partition(":")[2].strip()


def _raw(forged: Forged, known: dict[str, str], when: str) -> bytes:
    """The mail byte for byte: a library would mend what forgers break."""
    domain = forged.sender.partition("\r")[0].rpartition("@")[2].strip('<>;)" ')
    lines = [
        *(f"Authentication-Results: {s.format(domain=domain)}" for s in forged.stamps),
        f"From: {forged.sender}",
        f"To: {RECORDS}",
        f"Subject: {forged.subject.format(**known)}",
        f"Date: {when}",
        f"Message-ID: <forged-{next(_numbers)}@stranger.example>",
        *(h.format(**known) for h in forged.headers),
        "MIME-Version: 1.0",
    ]
    sort = "html" if forged.html else "plain"
    body = [f"Content-Type: text/{sort}; charset=utf-8", "", forged.text.format(**known)]
    if forged.pdf:
        inner = "\r\n".join(body)
        body = [
            'Content-Type: multipart/mixed; boundary="b"', "", "--b", inner, "--b",
            'Content-Type: application/pdf; name="records.pdf"',
            "", PDF[0][2].decode(), "--b--", "",
        ]  # fmt: skip
    return "\r\n".join([*lines, *body]).encode()


def _standing(case: Case) -> dict[str, object]:
    """What no forged mail may move; a pause of provider mail is the one thing anybody causes."""
    return {
        "state": case.state,
        "result": case.result,
        "sender": case.sender,
        "confirmed": case.confirmed,
        "authorization": case.authorization,
        "facts": case.facts,
        "providers": case.providers,
        "files": case.files,
        "form": case.form,
    }


def _all(scene: Scene) -> dict[str, dict[str, object]]:
    return {c.ref: _standing(c) for c in scene.world.cases() if c.ref in scene.refs}


def _to_providers(scene: Scene) -> int:
    return sum(row["to_role"] == "provider" for row in scene.world.outbox())


def _ledger(scene: Scene) -> list[dict[str, object]]:
    office = scene.world.office
    with office.store.begin() as connection:
        return messages.listing(connection, office.keys)


def _harm(scene: Scene, forged: Forged) -> tuple[list[str], str]:
    """Send one forged mail through the line; say what it achieved, and its outcome."""
    world = scene.world
    before, providers, letters = _all(scene), _to_providers(scene), len(world.listener.taken)
    entered = len(_ledger(scene))
    world.arrives(_raw(forged, scene.known[forged.case], format_datetime(world.clock.now())))
    world.turn()
    after = _all(scene)
    harm = [
        f"{name} changed"
        for ref, old in before.items()
        for name, value in old.items()
        if after[ref][name] != value
    ]
    if _to_providers(scene) != providers:
        harm.append("a letter to a provider")
    for taken in world.listener.taken[letters:]:
        if taken.recipients[0] not in KNOWN:
            shown = taken.raw.decode() + subject_of(taken.raw) + words_of(taken.raw)
            harm += [f"told {w}" for w in (*PERSONAL, *scene.refs) if w in shown]
    row = _ledger(scene)[entered]
    if row["outcome"] is None or not row["why"]:
        harm.append("no outcome with a reason")
    return harm, f"{row['outcome']}"


def test_no_forged_mail_moves_a_case_or_learns_of_it(scene: Scene) -> None:
    assert len(TABLE) >= 60
    done: dict[str, list[str]] = {}
    outcomes: Counter[str] = Counter()
    for forged in TABLE:
        harm, outcome = _harm(scene, forged)
        outcomes[outcome] += 1
        if harm:
            done[forged.name] = [*harm, outcome]
    print(f"\n{len(TABLE)} forged mails, {len(done)} succeeded", dict(outcomes))
    assert done == {}


def test_the_measure_sees_a_mail_that_does_move_a_case(scene: Scene) -> None:
    """Last, for it ends the case: the true patient's withdrawal is seen as a change."""
    world = scene.world
    before = _all(scene)
    [jose, *_] = [
        x for x in world.to(JOSE) if scene.known["jose"]["code"] in words_of(x).replace("-", "")
    ]
    world.writes(JOSE, "", "Cancelo mi solicitud, ya no la necesito.", answers=jose)
    assert _all(scene) != before
