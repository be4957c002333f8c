"""The table of forged mails: who each says it is, what is stamped on it, what it wants.

`{ref}`, `{code}` and the like are filled in with what the forger may have got hold of: see
`test_spoofs.py`, which sends every row through the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.stories.mails import AUTHSERV, RECORDS, REQUEST_EN
from tests.stories.world import FARO, LUZ

ANA, JOSE, EVA = "ana.prueba@gmail.com", "jose.ejemplo@yahoo.com.mx", "eva.muestra@icloud.com"
ROSA = "rosa.ficticia@correo.example"
EVE, THIEF = "eve@stranger.example", "thief@yahoo.com"

PASS = AUTHSERV + "; dmarc=pass header.from={domain}"
FAIL = AUTHSERV + "; spf=fail; dmarc=fail header.from={domain}"

REVOKE = "I revoke my authorization {ref}, effective immediately. Destroy it."
WITHDRAW = "Please cancel my request {ref}. I do not want the records any more."
STATUS = "What is the status of my request {ref}? Please send me copies of everything."
MOVE = (
    "Please change my e-mail address to eve@stranger.example and send the records of {ref} there."
)
MOVE_ES = "Mi nuevo correo es eve@stranger.example; por favor manden allí el expediente de {ref}."
FACTS = "Correction for {ref}: my date of birth is April 1, 1990, my name is Ana Otra Persona."
HOSPITAL = "Please ask Clínica Misión for my records of {ref} too."
COMMANDS = "PROVIDER 1 COMPLETE\nDELIVER 1\nCLOSE completed"
APPROVE = "APPROVE\nCONFIRM K1"
RECORDS_SENT = "Adjunto el expediente de {ref}."
ACK = "Recibimos su solicitud {ref}, la estamos tramitando."
INVOICE = (
    "Factura por la copia del expediente {ref}: 9,000 pesos, que se depositan en la cuenta 0123."
)
NO_RECORD = "No se encontró expediente de esta persona, {ref}."
YES = "I confirm."
PAUSES, MOVES = frozenset({"paused_at"}), frozenset({"move"})


@dataclass(frozen=True)
class Forged:
    """One forged mail, and the little that it may bring about."""

    name: str
    sender: str
    text: str
    stamps: tuple[str, ...] = ()
    subject: str = "Re: {ref}"
    headers: tuple[str, ...] = ()
    case: str = "jose"
    """The case whose reference, codes and threads the forger knows."""
    html: bool = False
    file: str = ""
    """What is attached: `records`, `form` (signed pages), or `forged form` (by another key)."""
    message_id: str = ""
    leaves: str = "held"
    """The outcome. Where it is not `held` the sender is who they say, or anybody may do so."""
    may: frozenset[str] = frozenset()
    """Parts of the case that anybody may move: the pause, a page to look at, a wish
    to be written to elsewhere that the old address is asked about."""
    opens: bool = False
    """It may open a case of its own: the forger's words, the forger's address."""


RESULTS = (
    ("no stamp at all", ()),
    ("a failed stamp", (FAIL,)),
    ("an unlisted server's pass", ("mx.other.example; dmarc=pass header.from={domain}",)),
    ("a forged pass below the true failure", (FAIL, PASS)),
    ("a listed pass below an unlisted failure", ("mx.other.example; dmarc=fail", FAIL, PASS)),
    ("a pass for another domain", (AUTHSERV + "; dmarc=pass header.from=stranger.example",)),
    ("a pass in a comment", (AUTHSERV + "; dmarc=none (dmarc=pass header.from={domain})",)),
    ("a failure, and a pass in a comment", (AUTHSERV + "; dmarc=fail (dmarc=pass header.from={domain})",)),
    ("a pass in a nested comment", (AUTHSERV + "; dmarc=none (a (b (c) dmarc=pass) d)",)),
    ("a pass in quotes", (AUTHSERV + '; spf=pass smtp.mailfrom="a; dmarc=pass header.from={domain}"',)),
    ("a reason that says pass", (AUTHSERV + '; dmarc=none reason="dmarc=pass header.from={domain}"',)),
    ("a pass folded in", (AUTHSERV + ";\r\n dmarc=fail\r\n header.from={domain};\r\n dmarc=pass",)),
    ("a pass in capitals beside a failure", (AUTHSERV.upper() + "; DMARC=FAIL; dmarc=PASS",)),
    ("the listed server as a property", ("mx.other.example; x=" + AUTHSERV + "; dmarc=pass",)),
    ("the listed server in a comment", ("(" + AUTHSERV + ") mx.other.example; dmarc=pass",)),
    ("the listed server in a comment behind", (f"mx.other.example ({AUTHSERV}); dmarc=pass header.from={{domain}}",)),
    ("a longer name of the listed server", (AUTHSERV + ".stranger.example; dmarc=pass",)),
    ("a longer name, folded", (AUTHSERV + ".stranger.example;\r\n dmarc=pass header.from={domain}",)),
    ("a method that only ends in dmarc", (AUTHSERV + "; x-dmarc=pass header.from={domain}",)),
    ("SPF alone", (AUTHSERV + "; spf=pass smtp.mailfrom={domain}",)),
    ("DKIM of another domain", (AUTHSERV + "; dkim=pass header.d=stranger.example; dmarc=none",)),
    ("Microsoft's shape", ("spf=pass smtp.mailfrom={domain}; dmarc=pass action=none header.from={domain};compauth=pass reason=100",)),
    ("Microsoft's shape with a failure", ("spf=fail; dmarc=fail action=oreject header.from={domain};compauth=fail reason=000",)),
    ("two results that disagree", (AUTHSERV + "; dmarc=pass header.from={domain}; dmarc=fail",)),
    ("an encoded word as a stamp", ("=?utf-8?q?mx=2Eoffice=2Eexample=3B_dmarc=3Dpass?=",)),
)  # fmt: skip
"""Stamps on a mail whose From is somebody else's address."""

OTHER_HEADERS = (
    ("the results of a relay", ("ARC-Authentication-Results: i=1; mx.office.example; dmarc=pass",)),
    ("a stamp within the subject", ("Subject: =?utf-8?q?x=0D=0AAuthentication-Results:_mx.office.example;_dmarc=3Dpass?=",)),
)  # fmt: skip

FROM = (
    ("two addresses in From", "{victim}, " + EVE, (PASS,)),
    ("two From headers", "{victim}\r\nFrom: " + EVE, (PASS,)),
    ("two From headers, the other first", EVE + "\r\nFrom: {victim}", (PASS,)),
    ("the address as a name", '"{victim}" <' + EVE + ">", (PASS,)),
    ("the address encoded in a name", "=?utf-8?q?{encoded}?= <" + EVE + ">", (PASS,)),
    ("a group in From", "people: {victim}, " + EVE + ";", ()),
    ("an empty From", "<>", ()),
    ("an address encoded whole", "=?utf-8?q?=3C{encoded}=3E=2C?= <" + EVE + ">", (PASS,)),
    ("a comment after the address", EVE + " ({victim})", (PASS,)),
    ("a null byte in the address", "{victim}\x00@stranger.example", (PASS,)),
    ("a route in the address", "<@{domain}:" + EVE + ">", (PASS,)),
    ("a quoted local part", '"{victim}"@stranger.example', (PASS,)),
    ("a line break in an encoded name", "=?utf-8?q?x=0D=0AFrom:_{encoded}?= <" + EVE + ">", (PASS,)),
    ("a blind copy in an encoded name", "=?utf-8?q?x=0D=0ABcc:_eve=40stranger=2Eexample?= <" + EVE + ">", (PASS,)),
    ("a name turned round", "\u202e{victim}\u202c <" + EVE + ">", (PASS,)),
    ("a subdomain of a stranger", "{victim}.stranger.example", (PASS,)),
)  # fmt: skip
"""From headers in which the victim's address stands, or seems to."""

ALIKE = (
    ("a look-alike of a webmail", "jose.ejemplo@yaho0.com.mx"),
    ("another ending of a webmail", "jose.ejemplo@yahoo.com"),
    ("a webmail in punycode", "jose.ejemplo@xn--yah-ueda.com.mx"),
)
STAFF_ALIKE = (
    ("a digit in our domain", "luz@0ffice.example"),
    ("another ending of our domain", "luz@office.test"),
    ("a letter more in our domain", "luz@offiice.example"),
    ("our domain in other letters", "luz@xn--ffice-iye.example"),
    ("our domain in Cyrillic", "luz@\u043effice.example"),
    ("our domain with an accent", "luz@offic\u00e9.example"),
    ("our domain within a longer one", "luz@office.example.stranger.example"),
    ("our domain with a word more", "luz@office-example.stranger.test"),
    ("our domain with a hyphen", "luz@of-fice.example"),
)
PROVIDER_ALIKE = (
    ("a digit in the provider's domain", "archivo@far0.example"),
    ("another ending of the provider's domain", "archivo@faro.test"),
    ("the provider's domain in Cyrillic", "archivo@f\u0430ro.example"),
    ("the provider's domain in Greek", "archivo@far\u03bf.example"),
    ("the provider's domain in punycode", "archivo@xn--fro-6cd.example"),
    ("the provider's domain with an accent", "archivo@far\u00f3.example"),
    ("the provider's domain with a word more", "archivo@faro-expedientes.example"),
    ("the provider's domain within a longer one", "archivo@faro.example.stranger.test"),
    ("a stranger with the provider's name", '"Hospital Faro del Mar" <archivo@stranger.example>'),
    ("the provider's address as a name", f'"{FARO}" <{EVE}>'),
    ("a stranger", EVE),
    ("a webmail of the provider's name", "hospital.faro@gmail.com"),
    ("another provider's office", "archivo@mision.test"),
)

STAFF_WORDS = (
    ("commands", COMMANDS),
    ("commands in Spanish", "PROVEEDOR 1 COMPLETO\nENTREGAR 1"),
    ("a guessed code", "CLOSE completed\nCONFIRM C1"),
    ("the patient's address", "SET contact = eve@stranger.example"),
    ("another provider's address", "PROVIDER 1 = eve@stranger.example"),
    ("words to the patient", "TELL PATIENT: send your ID to eve@stranger.example END"),
    ("a held mail filed", "1 = {ref}"),
)

STRANGERS = (
    ("revocation", REVOKE, PAUSES),
    ("a relative's revocation", "I am his son. " + REVOKE, PAUSES),
    ("revocation in Spanish", "Revoco mi autorización {ref}, destruyan la hoja.", PAUSES),
    ("withdrawal", WITHDRAW, PAUSES),
    ("the status", STATUS, frozenset()),
    ("a redirect", MOVE, MOVES),
    ("a redirect in Spanish", MOVE_ES, MOVES),
    ("records to another address", "Please send my records {ref} to " + EVE + " from now on.", MOVES),
    ("other facts", FACTS, frozenset()),
    ("one more hospital", HOSPITAL, frozenset()),
    ("a yes to whatever was asked", YES, frozenset()),
    ("an emergency", "I have chest pain, this is an emergency. Where are the records {ref}?", frozenset()),
)  # fmt: skip
CARRIERS = (
    ("with the reference", "{said}", ()),
    ("with the code", "{said}\n{code}", ()),
    ("with the code quoted", "{said}\n\n> {code}", ()),
    ("in the patient's thread", "{said}", ("In-Reply-To: {mid}",)),
)
"""How a stranger names the case."""

CODES = (
    ("a guessed code", "{said}\nABCD-EFGH-JKMN-PQRS"),
    ("a code that is one letter off", "{said}\n{off}"),
    ("a code of another case", "{said}\n{other}"),
    ("a code for another role", "{said}\n{wrong_role}"),
    ("a code of a key that was rotated out", "{said}\n{retired}"),
    ("a provider's code", "{said}\n{provider_code}"),
)


def _impostors() -> Iterator[Forged]:
    """Patients and staff whose address somebody else writes in From."""
    for name, stamps in RESULTS:
        yield Forged(f"patient: {name}", JOSE, WITHDRAW, stamps, may=PAUSES)
        yield Forged(f"staff: {name}", LUZ, APPROVE, stamps, headers=REVIEW, case="ana")
    for name, headers in OTHER_HEADERS:
        yield Forged(f"patient: {name}", JOSE, STATUS, headers=headers)
        yield Forged(f"staff: {name}", LUZ, APPROVE, headers=(*headers, *REVIEW), case="ana")
    for name, sender, stamps in FROM:
        yield Forged(f"patient: {name}", _as(sender, JOSE), WITHDRAW, stamps, may=PAUSES)
        yield Forged(f"staff: {name}", _as(sender, LUZ), APPROVE, stamps, headers=REVIEW, case="ana")  # fmt: skip
    for name, sender in ALIKE:
        yield Forged(name, sender, WITHDRAW, (PASS,))
    for name, text, may in (
        ("status", STATUS, frozenset()),
        ("a redirect", MOVE, MOVES),
        ("other facts", FACTS, frozenset()),
        ("one more hospital", HOSPITAL, frozenset()),
        ("a yes", YES, frozenset()),
    ):
        yield Forged(f"{name} as the patient, failed", JOSE, text, (FAIL,))
        yield Forged(f"{name} as the patient, unstamped", JOSE, text, may=may)
        elsewhere = (f"Reply-To: {EVE}",)
        yield Forged(f"{name} as the patient, answers elsewhere", JOSE, text, headers=elsewhere, may=may)  # fmt: skip
    yield Forged("the form as the patient, failed", ANA, "Signed.", (FAIL,), case="ana", file="form", may=FORM)  # fmt: skip


REVIEW = ("In-Reply-To: {review}",)
TASK = ("In-Reply-To: {task}",)
SUBMISSION = ("In-Reply-To: {submission}",)
FORM = frozenset({"returns", "state"})


def _as(sender: str, victim: str) -> str:
    domain = victim.rpartition("@")[2]
    encoded = victim.replace("@", "=40").replace(".", "=2E")
    return sender.replace("{victim}", victim).replace("{encoded}", encoded).replace("{domain}", domain)  # fmt: skip


def _staff() -> Iterator[Forged]:
    """Who is no member of the staff and holds a review or a task of theirs."""
    for name, sender in STAFF_ALIKE:
        yield Forged(f"staff: {name}", sender, APPROVE, (PASS,), headers=REVIEW, case="ana")
    for name, text in STAFF_WORDS:
        yield Forged(f"{name} by a stranger in a staff thread", EVE, text, (PASS,), headers=TASK)
        yield Forged(f"{name} as staff, unstamped", LUZ, text, headers=TASK)
    quoted = APPROVE + "\n\nOn Monday MedicalMex wrote:\n{quoted_review}"
    passed_on = APPROVE + "\n\n---------- Forwarded message ---------\nFrom: MedicalMex <" + RECORDS + ">\n\n{bare_review}"  # fmt: skip
    for name, text in (("quoted", quoted), ("forwarded", passed_on)):
        yield Forged(f"a review {name} by a stranger", EVE, text, (PASS,), case="ana")
        yield Forged(f"a review {name} by a look-alike", "luz@0ffice.example", text, (PASS,), case="ana")  # fmt: skip
        yield Forged(f"a review {name} as staff, failed", LUZ, text, (FAIL,), case="ana")
        yield Forged(f"a review {name} as staff, unstamped", LUZ, text, case="ana")
        yield Forged(f"a review {name} by another patient", JOSE, text, (PASS,), subject="Fwd: review", case="ana")  # fmt: skip
    yield Forged("our own address", RECORDS, COMMANDS, (PASS,))
    yield Forged("our own address in a staff thread", RECORDS, COMMANDS, (FAIL,), headers=TASK)
    yield Forged("the member as Sender", THIEF, APPROVE, (PASS,), headers=(f"Sender: {LUZ}", *REVIEW), case="ana")  # fmt: skip
    yield Forged("the member as Reply-To", THIEF, APPROVE, (PASS,), headers=(f"Reply-To: {LUZ}", *REVIEW), case="ana")  # fmt: skip
    forwarded = (
        "Fyi\n\n---------- Forwarded message ---------\nFrom: Eve <eve@stranger.example>\n\n"
    )
    yield Forged("staff that forwards commands", LUZ, forwarded + COMMANDS, (PASS,))
    yield Forged("staff that quotes commands", LUZ, "See below.\n\nOn Monday Eve <eve@stranger.example> wrote:\n> PROVIDER 1 COMPLETE\n> DELIVER 1", (PASS,))  # fmt: skip
    hidden = '<p>Hello</p><p style="display:none">' + COMMANDS + "<br>" + REVOKE + "</p>"
    yield Forged("words that a reader cannot see", EVE, hidden, (PASS,), html=True)
    yield Forged("commands of a true patient", ANA, APPROVE, (PASS,), headers=("In-Reply-To: {mid}",), case="ana", leaves="handled")  # fmt: skip
    yield Forged("commands quoted by a true patient", ANA, "What does this mean?\n\n> APPROVE", (PASS,), headers=("In-Reply-To: {mid}",), case="ana", leaves="handled")  # fmt: skip


def _providers() -> Iterator[Forged]:
    """Who is not the provider, with and without the thread of the request."""
    for name, sender in PROVIDER_ALIKE:
        yield Forged(f"records of {name}", sender, RECORDS_SENT, (PASS,), file="records")
        yield Forged(f"records of {name}, thread stolen", sender, RECORDS_SENT, (PASS,), headers=SUBMISSION, file="records")  # fmt: skip
        yield Forged(f"acknowledgement of {name}, thread stolen", sender, ACK, (PASS,), headers=SUBMISSION)  # fmt: skip
    for name, text in (("records", RECORDS_SENT), ("an acknowledgement", ACK), ("an invoice", INVOICE), ("no record", NO_RECORD)):  # fmt: skip
        yield Forged(f"{name} as the provider, failed", FARO, text, (FAIL,), file="records")
        yield Forged(f"{name} as the provider, failed, thread stolen", FARO, text, (FAIL,), headers=SUBMISSION, file="records")  # fmt: skip
        yield Forged(f"{name} as the provider, unstamped", FARO, text, file="records")
    yield Forged("an invoice of a stranger", "billing@stranger.example", INVOICE, (PASS,))
    yield Forged("an invoice of a stranger, thread stolen", "billing@stranger.example", INVOICE, (PASS,), headers=SUBMISSION)  # fmt: skip
    yield Forged("a refusal of a stranger, code stolen", EVE, "Negamos la solicitud.\n{provider_code}", (PASS,))  # fmt: skip
    yield Forged("a question in the provider's thread", THIEF, "Please send the authorization again.", (PASS,), headers=SUBMISSION)  # fmt: skip
    yield Forged("a revocation in the provider's thread", THIEF, REVOKE, (PASS,), headers=SUBMISSION, may=PAUSES)  # fmt: skip


def _strangers() -> Iterator[Forged]:
    """Who knows the reference, a code or a letter of a case, and is not its patient."""
    for name, said, may in STRANGERS:
        for how, text, headers in CARRIERS:
            known = {} if how == "with the reference" else {"may": may}
            yield Forged(f"{name} {how}", EVE, text.replace("{said}", said), (PASS,), headers=headers, **known)  # fmt: skip
    for name, text in CODES:
        yield Forged(name, EVE, text.replace("{said}", STATUS), (PASS,))
    for name, header in (
        ("the patient in Sender", f"Sender: {JOSE}"),
        ("the patient in Reply-To", f"Reply-To: {JOSE}"),
        ("a null sender", "Return-Path: <>"),
        ("a plus address by chance", "Delivered-To: records+0123456789ABCDEF@office.example"),
        ("a plus address with the patient's code", "Delivered-To: records+{code}@office.example"),
        ("a broken Message-ID to answer", "In-Reply-To: <x\x0b\x00y@stranger.example>"),
        ("control characters in the references", "References: <a\x08b@c> {mid}"),
    ):
        yield Forged(name, EVE, STATUS, (PASS,), headers=(header,))
    broken = "=?utf-8?q?x=0D=0ABcc:_eve=40stranger=2Eexample?= {ref}"
    yield Forged("a line break in the subject", "b1@stranger.example", STATUS, (PASS,), broken)
    escapes = "\x1b[2J\x07 What is the status of {ref}?\u202e\u2066 \x00"
    yield Forged("control characters in the words", "b2@stranger.example", escapes, (PASS,))
    named = f"Status, please, {{ref}}.\n\nAna Prueba Demo, born March 25, 1980\n{ANA}"
    yield Forged("the status in the patient's name", f"Ana Prueba Demo <{THIEF}>", named, (PASS,), case="ana")  # fmt: skip
    for which in ("ana", "eva", "rosa"):
        for name, text, may in (("status", STATUS, frozenset()), ("withdrawal", WITHDRAW, PAUSES), ("redirect", MOVE, MOVES)):  # fmt: skip
            yield Forged(f"{name} of {which}", f"{which}@stranger.example", text, (PASS,), case=which)  # fmt: skip
            yield Forged(f"{name} of {which}, thread stolen", f"{which}@stranger.example", text, (PASS,), headers=("In-Reply-To: {mid}",), case=which, may=may)  # fmt: skip


def _unjudged() -> Iterator[Forged]:
    """A patient for whom no server ever vouched: her own address answers, and nothing changes."""
    yield Forged("other facts as a patient nobody vouches for", ROSA, FACTS, case="rosa")
    yield Forged("withdrawal as a patient nobody vouches for", ROSA, WITHDRAW, case="rosa", leaves="handled", may=PAUSES)  # fmt: skip
    yield Forged("a redirect as a patient nobody vouches for", ROSA, MOVE, case="rosa", leaves="handled", may=MOVES)  # fmt: skip


def _replays() -> Iterator[Forged]:
    """What was sent before, once more and by somebody else."""
    own = REQUEST_EN.replace("619 555 0142", "619 555 0199")
    yield Forged("the patient's request from elsewhere", THIEF, own, (PASS,), subject="Records", case="ana", opens=True, leaves="handled")  # fmt: skip
    yield Forged("the patient's request, failed", ANA, own, (FAIL,), subject="Records", case="ana")
    for name, sender, stamps in (("a stranger", EVE, (PASS,)), ("the patient, failed", JOSE, (FAIL,)), ("the patient, unstamped", JOSE, ())):  # fmt: skip
        yield Forged(f"an old Message-ID with other words by {name}", sender, MOVE, stamps, message_id="{seen}", may=MOVES)  # fmt: skip
    yield Forged("a Message-ID of ours by a stranger", EVE, STATUS, (PASS,), message_id="{mid}")
    yield Forged("a Message-ID of ours from our address", RECORDS, COMMANDS, (FAIL,), message_id="{mid}")  # fmt: skip
    yield Forged("staff's own approval once more", LUZ, "APROBAR", (FAIL,), headers=("In-Reply-To: {old_review}",))  # fmt: skip
    yield Forged("the form by a stranger", THIEF, "Here it is.", (PASS,), subject="Form", case="ana", file="form", leaves="handled", may=FORM)  # fmt: skip
    yield Forged("the form of another key by a stranger", THIEF, "Here it is.", (PASS,), case="ana", file="forged form")  # fmt: skip
    yield Forged("the form for a closed case by a stranger", THIEF, "Here it is, {ref}.", (PASS,), headers=("In-Reply-To: {mid}",), case="eva", file="records")  # fmt: skip
    bounce = ("Return-Path: <>", "Auto-Submitted: auto-replied")
    yield Forged("a bounce of nothing of ours", "MAILER-DAEMON@yahoo.com", f"<{ANA}>: 550 5.1.1 user unknown {{ref}}", headers=bounce, subject="Undelivered Mail Returned to Sender", leaves="machine")  # fmt: skip
    yield Forged("an absence notice in the patient's thread", EVE, "I am away.", (PASS,), headers=("Auto-Submitted: auto-replied", "In-Reply-To: {mid}"), leaves="machine")  # fmt: skip


TABLE = (*_impostors(), *_staff(), *_providers(), *_strangers(), *_unjudged(), *_replays())
