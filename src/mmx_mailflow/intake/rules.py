"""What sort of mail it is: named questions in one order, the last of which always holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mmx_mailflow.casework.facts import FactName, Facts
from mmx_mailflow.casework.values import Kind
from mmx_mailflow.intake.message import Message

FEW = 2
"""So many labelled answers or signs are no accident."""
_REPORTS = ("multipart/report",)
_DAEMON = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon)@", re.IGNORECASE)
_BOUNCE_SUBJECT = re.compile(
    r"^\s*(?:undeliver|undelivered|delivery (?:status notification|failure|has failed|notification)|mail delivery (?:failed|failure|system)"
    r"|failure notice|returned mail|no se (?:puede|pudo) entregar|message not delivered|devuelto|error de entrega)",
    re.IGNORECASE,
)
_ABSENT_SUBJECT = re.compile(
    r"\b(?:out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?(?:reply|response|responder)|autoreply|respuesta autom[aá]tica|fuera de (?:la )?oficina"
    r"|ausencia|read:|le[ií]do:|away from|vacation)\b",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"\b(?:i (?:am|will be|'m)\s+(?:currently\s+)?(?:out of (?:the )?office|away|on (?:vacation|leave))|this is an automat(?:ed|ic)|do not reply to this"
    r"|out of the office (?:until|from)|me encuentro fuera|estar[eé] fuera de (?:la )?oficina|mensaje (?:generado )?autom[aá]tic|respuesta autom[aá]tica"
    r"|no responda a este|your (?:request|ticket|message) has been received and (?:assigned|a ticket)|was (?:read|displayed) on"
    r"|a ticket has been (?:created|opened)|se ha (?:creado|generado) (?:el|un) (?:ticket|folio))\b",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"\b(?:thanks?(?: you)? for (?:getting in touch|contacting|reaching out|writing|your (?:e-?mail|message|interest))"
    r"|gracias por (?:contactar|escribir|comunicarse|su (?:correo|mensaje|inter[eé]s)))",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:(?:business|working) days|d[ií]as h[aá]biles|as soon as possible|a la brevedad|a partir del"
    r"|one of our|uno de nuestros|will (?:get back|reply|respond|write) )",
    re.IGNORECASE,
)
_JUNK = re.compile(
    r"\b(?:unsubscribe|darse de baja|cancelar (?:la )?suscripci[oó]n|view (?:this email )?in (?:your )?browser|ver en (?:el|su) navegador"
    r"|seo (?:services|ranking)|guest post|crypto|bitcoin|lottery|you have won|has ganado|click (?:here|below) to (?:verify|confirm|claim|view|unlock)"
    r"|verify your (?:account|mailbox)|your mailbox (?:is full|will be)|password (?:expires|expiring)|limited[- ]time offer|% off|wire transfer)\b",
    re.IGNORECASE,
)
_WITHDRAW = re.compile(
    r"\b(?:(?:please\s+)?(?:cancel|withdraw|stop|call off|disregard)\s+(?:my|the|this|that|our)\s+(?:\w+\s+){0,3}(?:request|authorization|application|petition)"
    r"|(?:i|we)\s+(?:hereby\s+)?(?:revoke|withdraw|rescind|take back|cancel)|no longer (?:need|want|require)\s+(?:\w+\s+){0,4}(?:records?|copies|files?|you to)"
    r"|(?:cancel(?:ar|en|o|e)|retir(?:ar|o)|revoc(?:ar|o)|dejar? sin efecto|desist(?:ir|o))\s+(?:de\s+)?(?:mi|la|el|esta|dicha|su)\s+(?:\w+\s+){0,3}(?:solicitud|autorizaci[oó]n|tr[aá]mite|petici[oó]n|carta poder)"
    r"|ya no (?:necesito|quiero|requiero|necesitamos|ser[aá] necesari)|(?:you can|you may|please) (?:close|drop) (?:my|the) (?:request|case|file))\b",
    re.IGNORECASE,
)
REVOKES = re.compile(
    r"\b(?:revo(?:ke|cation|co|car|cación)|rescind|take back|withdraw (?:my|the) (?:authorization|consent)|dej\w* sin efecto|retir\w+ (?:mi|el) (?:consentimiento|autorizaci[oó]n))",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"\b(?:(?:signed|completed|filled(?:[- ]out)?|firmad[ao]|llenad[ao])\s+(?:\w+\s+){0,4}(?:form|authorization|formulario|autorizaci[oó]n|carta|hojas?|p[aá]ginas?|pages?|documents?)"
    r"|(?:form|authorization|formulario|autorizaci[oó]n|formato|carta poder)\b[^.\n]{0,40}\b(?:signed|attached|firmad[ao]|adjunt[ao]|anex[ao])"
    r"|(?:attached|here(?:'s| is| are)|adjunto|anexo|env[ií]o|les mando)\s+(?:\w+\s+){0,5}(?:form|authorization|formulario|autorizaci[oó]n|formato)"
    r"|i(?:'ve| have)?\s+signed|ya (?:firm[eé]|lo firm[eé]|la firm[eé])|firm[eé] (?:la|el))\b",
    re.IGNORECASE,
)
_STATUS = re.compile(
    r"\b(?:(?:any|an)\s+(?:update|news|word)|status (?:of|on)|what(?:'s| is) (?:the )?(?:status|happening|going on)|where (?:are|is) (?:my|the|things)"
    r"|have(?:n't| not) (?:heard|received)|follow(?:ing)?[- ]?up on|checking (?:in|on|to see)|how (?:long|much longer)|still waiting|when (?:will|can|should) i"
    r"|(?:alguna|hay) (?:novedad|noticia|actualizaci[oó]n|respuesta)|(?:cu[aá]l es el )?(?:estado|estatus|status) de (?:mi|la|su)|en qu[eé] (?:va|estado|quedó|quedo)"
    r"|c[oó]mo va|sigo esperando|no he (?:recibido|tenido)|han sabido algo|ya (?:tienen|llegaron|hay))\b",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"\b(?:my (?:earlier|previous|last|first|other) (?:e?-?mail|message|request|note)|i (?:sent|wrote|requested|submitted|asked|emailed)|request (?:i|we) (?:sent|made|submitted)"
    r"|(?:weeks?|days?|months?) ago|in addition to|correction|i forgot|forgot to|i made a mistake|to add|as (?:you )?(?:asked|requested)|you asked|here (?:is|are) (?:the|what)"
    r"|mi (?:correo|mensaje|solicitud) (?:anterior|pasad[ao]|previ[oa])|olvid[eé]|se me olvid[oó]|correcci[oó]n|me equivoqu[eé]|como (?:me )?(?:pidieron|solicitaron)|me pidieron|les (?:mand[eé]|envi[eé]|escrib[ií]))\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"\b(?:records?|x-?rays?|imaging|images|lab (?:results|work)|test results|reports?|discharge|chart|scans?|expedientes?|historial|estudios|resultados|radiograf[ií]as|"
    r"registros m[eé]dicos|reportes?|notas?|res[uú]men|copias?|documentos|papeles|an[aá]lisis)\b",
    re.IGNORECASE,
)
_WANTS = re.compile(
    r"\b(?:request(?:ing|ed)?|need|needs|would like|want|send|obtain|get|copy|copies|asking|solicit\w+|necesit\w+|quisiera|quiero|pedir|pid[oe]n?|conseguir|reunir|wants|asks|asked|ayud\w+|requier\w+|copia|env[ií]\w*|mand\w+|obtener|ocupo)\b",
    re.IGNORECASE,
)
_PROVIDER = re.compile(
    r"\b(?:your (?:letter|request|authorization) (?:dated|of|regarding)|su (?:solicitud|oficio|correo|petici[oó]n) (?:de fecha|del|recibid|con respecto|sobre)|archivo cl[ií]nico|records department"
    r"|release of information|(?:the )?patient you (?:mention|ask|refer)|(?:el|la) paciente (?:en menci[oó]n|referid|que (?:menciona|solicita))|(?:en respuesta a|con relaci[oó]n a|recibimos) su (?:solicitud|oficio|petici[oó]n)"
    r"|in response to your request|we (?:have )?received your (?:request|authorization)|adjunto (?:encontrar[aá]|el expediente|los)|costo de (?:la|las|recuperaci[oó]n)|anexamos|le(?:s)? informamos que|departamento de archivo"
    r"|our (?:records|system|archive) show|no contamos con|el expediente solicitado)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:price|quote|how much (?:is|does|would)|presupuesto|cotizaci[oó]n|cu[aá]nto cuesta|billing|invoice|refund|reembolso|factura|preserv(?:e|ation)|litigation hold|amend(?:ment)?|correct (?:the|an error|my) (?:\w+\s+)?(?:record|chart|file)"
    r"|agendar|schedule an appointment|book (?:an|a)|hacer una cita|complain|queja|rectific\w+)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What rules look at: the message, its new words with the subject, and its facts."""

    message: Message
    words: str
    facts: Facts
    labels: int
    everything: str = ""
    """The words and those of a forwarded mail."""
    representative: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A question about a message; `because` says to staff why it held."""

    name: str
    kind: Kind
    holds: Callable[[Heard], bool]
    because: str


def header(message: Message, name: str) -> str:
    """The first value of a header in lower case, or an empty string."""
    return message.headers.get(name, ("",))[0].lower()


def auto_submitted(message: Message) -> bool:
    """RFC 3834: a robot wrote it, so nobody will read our answer."""
    word = re.sub(r"\([^)]*\)", "", header(message, "auto-submitted")).split(";")[0].strip()
    return word not in {"", "no"}


def machine_signs(message: Message) -> bool:
    """Any sign of a machine forbids an answer (RFC 3834 section 2), whatever the kind."""
    precedence = header(message, "precedence")
    suppress = header(message, "x-auto-response-suppress")
    sender = message.from_addresses[0] if message.from_addresses else ""
    return bool(
        auto_submitted(message)
        or header(message, "return-path").strip() == "<>"
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or any(word in suppress for word in ("all", "oof", "autoreply"))
        or any(
            name in message.headers
            for name in ("list-id", "x-autoreply", "x-autorespond", "feedback-id")
        )
        or _DAEMON.match(sender)
        or re.match(r"(?:no-?reply|do-?not-?reply|donotreply|noresponder|no-responder)\b", sender)
        or not sender
    )


def _bounce(heard: Heard) -> bool:
    message = heard.message
    sender = message.from_addresses[0] if message.from_addresses else ""
    failed = message.delivery_report is not None and b"failed" in message.delivery_report.lower()
    report = header(message, "content-type").startswith(_REPORTS) and "delivery-status" in header(
        message, "content-type"
    )
    daemon = _DAEMON.match(sender) is not None or header(message, "return-path").strip() == "<>"
    return (
        failed
        or report
        or (
            daemon
            and (
                _BOUNCE_SUBJECT.match(message.subject) is not None
                or "hi. this is the" in message.text.lower()[:400]
            )
        )
    )


def _absence(heard: Heard) -> bool:
    message = heard.message
    disposition = "disposition-notification" in header(message, "content-type")
    marked = (
        auto_submitted(message)
        or "x-autoreply" in message.headers
        or "x-autorespond" in message.headers
    )
    subject = _ABSENT_SUBJECT.search(message.subject) is not None
    words = _ABSENT.search(heard.words) is not None
    template = _TEMPLATE.search(heard.words) is not None and _LATER.search(heard.words) is not None
    few = heard.labels < FEW  # a person's request may stand above an old notice
    said = (subject and words) or (words and machine_signs(message)) or template
    return disposition or (few and (marked or said))


def _spam(heard: Heard) -> bool:
    if heard.labels >= FEW:
        return False
    hits = len({m.group().lower() for m in _JUNK.finditer(heard.message.text[:40_000])})
    listed = "list-unsubscribe" in heard.message.headers or "list-id" in heard.message.headers
    failed = (
        "dmarc=fail" in " ".join(heard.message.headers.get("authentication-results", ())).lower()
    )
    return hits + listed + failed >= FEW and not _named(heard)


def _named(heard: Heard) -> bool:
    return heard.facts.patient_name is not None and heard.facts.date_of_birth is not None


def _withdrawn(heard: Heard) -> bool:
    return _WITHDRAW.search(heard.words) is not None and heard.labels < FEW


def _form(heard: Heard) -> bool:
    return _FORM.search(heard.words) is not None and heard.labels <= FEW


def _from_provider(heard: Heard) -> bool:
    signs = {m.group().lower() for m in _PROVIDER.finditer(heard.words)}
    return (
        len(signs) >= 1
        and heard.labels < FEW
        and not re.search(
            r"\b(?:my|mi|mis)\s+(?:records?|expediente|estudios)\b", heard.words, re.IGNORECASE
        )
    )


def _asks_for_records(heard: Heard) -> bool:
    return _REQUEST.search(heard.words) is not None and _WANTS.search(heard.words) is not None


def _answers_us(heard: Heard) -> bool:
    message = heard.message
    thread = (
        bool(message.in_reply_to)
        or re.match(r"\s*(?:re|rv|aw)\s*:", message.subject, re.IGNORECASE) is not None
    )
    return thread or _EARLIER.search(heard.words) is not None


def _states_facts(heard: Heard) -> bool:
    facts = heard.facts
    stated = (
        facts.patient_name,
        facts.date_of_birth,
        facts.treatment_dates,
        facts.records,
        facts.phones,
        facts.ambiguous - {FactName.PATIENT_NAME},
    )
    return any(stated)


def _progress(heard: Heard) -> bool:
    return (
        _STATUS.search(heard.words) is not None
        and heard.labels <= FEW
        and (_answers_us(heard) or len(heard.facts.open()) > FEW)
    )


def _followup(heard: Heard) -> bool:
    return _answers_us(heard) and _states_facts(heard) and not _full_request(heard)


def _names_a_patient(heard: Heard) -> bool:
    """Records are spoken of beside a birth date or a name with a time of care."""
    facts = heard.facts
    born = facts.date_of_birth is not None or FactName.DATE_OF_BIRTH in facts.ambiguous
    treated = facts.patient_name is not None and bool(facts.treatment_dates)
    return _REQUEST.search(heard.words) is not None and (born or treated)


def _full_request(heard: Heard) -> bool:
    """A request that stands on its own, though it mentions an earlier try."""
    thread = bool(heard.message.in_reply_to)
    return not thread and _asks_for_records(heard) and len(heard.facts.open()) <= 1


def _something_else(heard: Heard) -> bool:
    return (
        _OTHER.search(heard.words) is not None
        and not _full_request(heard)
        and heard.labels < FEW
        and len(heard.facts.records) == 0
    )


RULES = (
    Rule("bounce", Kind.BOUNCE, _bounce, "a mail server reports that a letter did not arrive"),
    Rule("absence", Kind.AUTO_REPLY, _absence, "a program answered: absence, ticket or read receipt"),
    Rule("junk", Kind.JUNK, _spam, "several signs of bulk mail and no patient"),
    Rule("withdrawal", Kind.WITHDRAWAL, _withdrawn, "it calls the request off"),
    Rule("progress", Kind.STATUS_INQUIRY, lambda h: _progress(h) and not h.message.parts, "it asks how far an earlier request is"),
    Rule("form", Kind.FORM_RETURN, _form, "it says that the form comes back"),
    Rule("provider", Kind.PROVIDER_REPLY, _from_provider, "an office answers a request of ours"),
    Rule("something-else", Kind.OTHER, _something_else, "it is about something else than copies"),
    Rule("followup", Kind.FOLLOWUP, _followup, "it adds facts to an earlier request"),
    Rule("asks-for-records", Kind.REQUEST, _asks_for_records, "it asks for records"),
    Rule("patient", Kind.REQUEST, _names_a_patient, "it names a patient and records"),
    Rule("labelled", Kind.REQUEST, lambda heard: heard.labels >= FEW, "it answers the policy's questions"),
    Rule("always", Kind.OTHER, lambda _: True, "no other rule holds"),
)  # fmt: skip


def sort(heard: Heard) -> Rule:
    """Return the first rule that holds; its name is kept in the journal."""
    return next(rule for rule in RULES if rule.holds(heard))
