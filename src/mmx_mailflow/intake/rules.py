"""What sort of mail it is: named questions in one order, the last of which always holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mmx_mailflow.casework.facts import FactName, Facts
from mmx_mailflow.casework.values import Kind
from mmx_mailflow.intake.facts.wanted import NOUN, WANT
from mmx_mailflow.intake.machines import (
    ABSENT,
    ABSENT_SUBJECT,
    PROGRAM_SUBJECT,
    asks_for_silence,
    auto_submitted,
    calendar_answer,
    header,
    is_daemon,
    is_ticket,
    receipt,
    sign_of,
)
from mmx_mailflow.intake.message import Message, RegionSort

FEW = 2
"""So many labelled answers or signs are no accident."""
_REPORTS = ("multipart/report",)
_BOUNCE_SUBJECT = re.compile(
    r"^\s*(?:undeliver|delivery (?:status notification|failure|has failed|notification|delayed)|delayed (?:mail|delivery)|mail delivery (?:failed|failure|system)|mail (?:failure|could not be delivered)|warning: (?:could not send|message)"
    r"|failure notice|returned (?:mail|message|to sender)|rejected:|message (?:not delivered|delayed|could not be delivered)"
    r"|no se (?:puede|pudo|ha podido) entregar|no entregado|(?:correo|mensaje|mail) (?:devuelto|no entregado|retrasado|rechazado)|devuelto|devoluci[oó]n de|error (?:de|en la) entrega|fallo (?:de|en la) entrega|entrega (?:fallida|retrasada)|(?:aviso(?: de|:) )?retraso en la entrega|notificaci[oó]n (?:del? )?(?:estado de (?:la )?entrega|de fallo|de error)"
    r"|non remis|[eé]chec de (?:la )?remise|notification d['’][eé]tat de remise)",
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
    r"\b(?:unsubscribe|darse de baja|cancelar (?:la )?suscripci[oó]n|view (?:this email )?in (?:your )?browser|ver en (?:el|su) navegador|bolet[ií]n|newsletter"
    r"|seo (?:services|ranking)|white hat|first page of google|guest post|backlinks?|crypto|bitcoin|lottery|you have won|has ganado|(?:haga|haz|de) clic|click (?:here|below|the (?:link|button))"
    r"|(?:sign|log) in (?:with|to)|inicie sesi[oó]n|verify your|verifi(?:que|car) su|your (?:mailbox|account|storage)|su (?:buz[oó]n|cuenta) (?:ser[aá]|est[aá]|ha)|password|contrase[ñn]a (?:vence|expira|caduc)|(?:expires?|vence|rejected) (?:in|en|after) \d+ (?:hours?|horas?)|limited[- ]time|special offer|oferta especial|% (?:off|de descuento)|wire transfer|price list|free audit|gratis|precio preferente|reg[ií]strese|inscr[ií]b\w+|inscripciones|webinar|congreso|diplomado|storage has reached|upgrade storage|action required|business proposal|proven track|top keywords|inheritance|herencia|factura pendiente|scanned and is secure|secure (?:document|medical|message)|review document)",
    re.IGNORECASE,
)
_PHISHING = re.compile(
    r"\b(?:(?:sign|log) in (?:with|to|using)|e-?mail password|verify your|your mailbox|mailbox storage|upgrade storage|expires in \d+ hours|vence en \d+ horas|inicie sesi[oó]n|confirme su (?:cuenta|contrase)|review document|scanned and is secure|action required|su buz[oó]n)",
    re.IGNORECASE,
)
_WITHDRAW = re.compile(
    r"\b(?:(?:please\s+)?(?:cancel|withdraw|stop|call off|disregard|drop|close|scrap|forget)\s+(?:about\s+)?(?:my|the|this|that|our|all|everything|whatever)\s+(?:\w+\s+){0,4}(?:request|authorization|application|petition|records?|doing|permission|case|it)\b"
    r"|(?:i|we)(?:['’]d like to| want to| wish to| would like to)?\s+(?:hereby\s+|also\s+)*(?:want to |wish to )?(?:revoke|withdraw|rescind|take back|cancel)\s+(?:my|the|this|that|our|any|all|permission|consent|authorization)|(?:permission|authorization|consent|request)\s+(?:\w+\s+){0,4}(?:is|are)\s+(?:hereby\s+|now\s+)?(?:withdrawn|revoked|cancel\w+|no longer (?:needed|necessary|valid))|no longer (?:need|want|require|wish|interested in)\s+(?:\w+\s+){0,3}(?:(?:my|the|these|those|any)\s+(?:medical\s+)?(?:records?|copies|files?)|you(?:r)? (?:to|help)|your (?:help|services?)|anything)"
    r"|(?:there['’]?s |there is )?no need (?:for you )?to (?:go on|continue|keep|proceed|request|ask|chase|pursue|send (?:the|my) request)|(?:you can|you may|please) (?:stop|close|drop|shred|destroy)|(?:do not|don['’]?t) (?:go ahead|proceed|continue|request (?:them|it|anything)|contact the (?:clinic|hospital))|not going ahead|changed my mind|i(?:['’]ve| have) decided (?:not|against)|take (?:me|my name) off"
    r"|cancel(?:ar|en|e|o|enla|enlo|emos)\b(?! (?:mi|la|el) cita)|(?:retir(?:ar|o|en)|revoc(?:ar|o|amos)|anul(?:ar|o|en)|dej(?:o|ar|en) sin efecto|desist(?:ir|o|imos)|suspend(?:er|an)|det[eé]ng\w+|par(?:en|ar))\s+(?:de\s+|con\s+)?(?:mi|la|el|esta|esa|dicha|su|ese|este|todo|lo)\s*(?:\w+\s+){0,3}(?:solicitud|autorizaci[oó]n|tr[aá]mite|petici[oó]n|carta|permiso|consentimiento|lo de|proceso|de)?"
    r"|ya no (?:me )?(?:necesit\w+|quier\w+|requier\w+|ser[aá] necesari\w*|es necesari\w*|hace falta|va a ser necesari\w*|voy a (?:necesitar|ocupar)|ocup\w+|sigan|se tramite|pidan|deseo|continu\w+)|no (?:quiero|deseo) que (?:se |ustedes )?(?:tramit\w+|pid\w+|solicit\w+|sig\w+|contin\w+)|olv[ií]d(?:en|ense|enlo|e) (?:de |mi |lo )|(?:rompan|destruyan|desechen|borren) (?:la|las|el|los|mi|todo|lo)|queda sin efecto|prefiero que ya no|cambi[eé] de (?:opini[oó]n|parecer|idea))",
    re.IGNORECASE,
)
REVOKES = re.compile(
    r"\b(?:revo(?:ke|cation|co|car|cación)|rescind|take back|withdraw (?:my|the) (?:authorization|consent|permission)|(?:permission|authorization|consent) is (?:hereby )?(?:withdrawn|revoked)|dej\w* sin efecto|retir\w+ (?:mi|el|la) (?:consentimiento|autorizaci[oó]n|permiso)|(?:rompan|destruyan) la (?:hoja|carta|autorizaci[oó]n))",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"\b(?:(?:signed|completed|filled(?:[- ](?:out|in))?|initial(?:ed|led)|firmad[ao]s?|llenad[ao]s?|rubricad[ao]s?)\s+(?:\w+\s+){0,4}(?:form|forms|authorization|formulario|autorizaci[oó]n|carta|hojas?|p[aá]ginas?|pages?|paper|documents?|formato)"
    r"|(?:form|authorization|formulario|autorizaci[oó]n|formato|carta(?: poder)?|hojas?|pages?|p[aá]ginas?|paper)\b[^.\n]{0,50}\b(?:signed|attached|initial(?:ed|led)|firmad[ao]s?|firma|adjunt[ao]s?|anex[ao]s?|escanead[ao]s?)"
    r"|(?:attached|here(?:['’]s| is| are)|adjunto|anexo|env[ií]o|les mando|(?:aqu[ií] )?va|regreso|devuelvo)\s+(?:\w+\s+){0,5}(?:form|authorization|formulario|autorizaci[oó]n|formato|carta|hojas?|pages)"
    r"|(?:i|we)(?:['’]ve| have)?\s+signed|^\W*signed\b|here you go,? signed|signed (?:it|both|them|on)|signed by my|ya (?:la |lo |las |los )?(?:firm[eé]|firmamos|firm[oó])|firm[eé] (?:la|el|las|los)|debidamente firmad\w+|(?:con|lleva) (?:mi|la|su) firma)\b",
    re.IGNORECASE | re.MULTILINE,
)
_STATUS = re.compile(
    r"\b(?:any (?:update|news|word|progress)|an update|status (?:of|on)|what(?:['’]s| is) (?:the )?(?:status|happening|going on)|where (?:are (?:we|my|the|things)|is (?:my|the)|(?:it|this|things|that) stands?)|(?:let me know|tell me|know) (?:whether|if|where|how)[^.?\n]{0,40}\b(?:contacted|answered|stands|sent|received|going|coming)"
    r"|have(?:n['’]t| not) (?:heard|received|gotten|seen)|follow(?:ing)?[- ]?up on (?:my|the|our)|checking (?:in|on|to see|where)|how much longer|still waiting|still (?:no|nothing)|(?:has|have|did) (?:the (?:hospital|clinic|doctor|lab|office|provider)|they|anyone|anybody|you|dr\.?|he|she|hospital)\s+(?:\w+\s+){0,3}(?:answered|replied|responded|sent|called|heard|gotten|received|contacted|get back)|since then nothing|nothing since|it(?:['’]s| has| is) (?:now )?been (?:\w+ ){1,3}(?:weeks|days|months)|when (?:can|should|will) (?:i|we) (?:expect|hear|get|receive)|ran out on"
    r"|(?:alguna?|hay|tienen|ninguna) (?:novedad|noticia|actualizaci[oó]n|respuesta|avance)e?s?|(?:cu[aá]l es el )?(?:estado|estatus|status) de (?:mi|la|su|el)|en qu[eé] (?:va|estado|qued[oó]|etapa|van)|c[oó]mo (?:va|van|sigue|anda)\b|sigo esperando|no he (?:recibido|tenido|sabido)|no (?:hemos|me han) (?:recibido|tenido|contest\w+|dicho|avisado|respond\w+)|han sabido algo|ya (?:les? |me )?(?:contest[oó]|contestaron|respondi[oó]|respondieron|tienen (?:respuesta|noticias)|hay respuesta|llegaron|llegó)|cu[aá]nto (?:m[aá]s )?(?:tarda|falta|puede tardar|tiempo m[aá]s)|dar(?:le)? seguimiento|para cu[aá]ndo)\b",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"\b(?:it was not|it wasn['’]?t|steered you wrong|i (?:got|had|wrote|put|gave you|said) (?:it |that |you )?(?:the )?wrong|should (?:be|read|say)|correct(?:ion|ed)|no (?:fue|era) (?:en|el|la)|me equivoqu[eé]|en realidad|rectific\w+|the right (?:date|name)|actually it)\b",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"\b(?:(?:my|the|our) (?:earlier|previous|last|first|other|original|recent) (?:e?-?mail|message|request|note|letter)|(?:to )?what i (?:asked|requested|sent)|request (?:i|we) (?:sent|made|submitted)|the one who wrote|one more thing|in addition to (?:my|what)|a correction|correction to|(?:i )?forgot (?:to (?:mention|add|say|tell|include)|i was)|i made a mistake|as (?:you )?(?:asked|requested)|you asked (?:me|for|about)|what (?:you|was) (?:were )?missing|here(?:['’]s| is| are) (?:the|what) (?:rest|missing|you)|add to (?:my|the) request|my (?:pending|open|existing) request|regarding my request|about my request|wrote (?:to )?you|i sent you|already (?:sent|on file)"
    r"|mi (?:correo|mensaje|solicitud|petici[oó]n) (?:anterior|pasad[ao]|previ[oa]|del)|(?:se me )?olvid[oóeé]|se me pas[oó]|me falt[oó]|correcci[oó]n|me equivoqu[eé]|como (?:me )?(?:pidieron|solicitaron|indicaron)|me pidieron|la que les (?:escribi|mand)\w+|el que les (?:escribi|mand)\w+|(?:datos|lo) que (?:faltab\w+|me ped\w+|les faltab\w+)|solicitud que (?:les )?(?:hice|mand[eé]|envi[eé])|petici[oó]n que (?:les )?(?:hice|mand[eé])|agregar a mi|a lo que (?:ya )?(?:ped[ií]|solicit[eé])|les (?:mand[eé]|envi[eé]|escrib[ií])|lo dem[aá]s (?:est[aá]|d[eé]j\w+|igual)|everything else is)\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:wrong address|try(?:ing)? again|bounced|came back|resend\w*|re-?sending|left the|otra vez porque|de nuevo porque|me rebot[oó]|lo regres[oó]|no sé si lleg[oó]|not sure (?:if )?(?:it|my)|first one)\b",
    re.IGNORECASE,
)
_PROVIDER = re.compile(
    r"\b(?:your (?:letter|request|authorization|fax) (?:dated|of|regarding|about|for)|we (?:got|have received|received|have) your (?:letter|request|authorization|fax)|su (?:solicitud|oficio|correo|petici[oó]n) (?:de fecha|del|recibid\w|con respecto|sobre)|release of information|(?:the )?patient you (?:mention|ask|refer)|(?:el|la) paciente (?:en menci[oó]n|referid\w|que (?:menciona|solicita))|(?:en respuesta a|con relaci[oó]n a|recibimos|en atenci[oó]n a) su (?:solicitud|oficio|petici[oó]n)"
    r"|in response to your request|before we can (?:release|send)|the authorization you sent|(?:adjunt\w+|anex\w+|envi\w+|remit\w+|compart\w+)\s+(?:\w+\s+){0,4}(?:copia del expediente|expediente|resultados|res[uú]men|reporte)\s+(?:\w+\s+){0,2}(?:de la (?:paciente|señora|sra)|del (?:paciente|señor|sr))|costo de (?:la|las|recuperaci[oó]n)|le(?:s)? (?:informamos|comparte|compartimos) |departamento de archivo|jef[ae] de archivo|no (?:aparece|se encontr[oó]|encontramos|contamos con|existe|tenemos) (?:ning[uú]n )?(?:registro|expediente)|ya se depuraron|conservamos los expedientes"
    r"|our (?:records|system|archive) (?:show|indicate)|no record of|we (?:do not|don['’]t) (?:have|share)|(?:no las|no los) compartimos|(?:los|las) tengo list[oa]s|a qu[eé] (?:e-?mail|correo) (?:se )?(?:los|las|lo)|buscamos al paciente|asistente del? (?:la )?(?:dr|doctor)|front desk|recepcionista|habl[eé] con (?:la|el) (?:doctora?|dra?)|(?:she|he|el paciente|la paciente) has to (?:ask|come|sign|request)|quedamos a sus [oó]rdenes|confirmar de recibido|were released to|archivo cl[ií]nico)",
    re.IGNORECASE,
)
_OFFICE_SENDER = re.compile(
    r"(?:archivo|recepci[oó]n|consultorio|cl[ií]nica|hospital|laboratorio|sanatorio|instituto|coordinador|office|frontdesk|front desk|medical records|dental|centro m[eé]dico|imagenolog|expedientes|admis|radiolog|doctor|\bdra?\b)",
    re.IGNORECASE,
)
_ASKS_US = re.compile(
    r"\b(?:please (?:forward|send|fax|provide)|favor de (?:solicitar|enviar|gestionar)|(?:our|nuestra?) (?:patient|paciente)|under our care|i(?:['’]m| am)? (?:need|want|request)\w*|solicito|necesito|my (?:own )?(?:records|surgery|x-?rays)|mis? (?:expediente|estudios|cirug[ií]a|radiograf[ií]as|resultados))\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:prices?\b(?! list)|quote|how much (?:is|does|would|do|are)|what (?:would|does|will) it (?:all )?cost|costs? (?:of|for) (?:the|a)|presupuesto|cotizaci[oó]n|cu[aá]nto (?:cuesta|sale|me sale|cobran)|(?:el )?costo de|precio|refund|reembols\w+|devuelvan|charged (?:me )?twice|double charge|cargos?\b[^.\n]{0,30}\b(?:tarjeta|d[oó]lares|dobles?)|doble cargo|deposit|preserv(?:e|ation)|litigation hold|amend(?:ment|ed)?|(?:want|need|like|have) (?:this|that|it|them) (?:to be )?(?:corrected|changed|removed|fixed)|(?:error|mistake) in my (?:medical )?(?:records?|chart|file)|(?:corregir|corrijan|rectificar|rectifiquen) (?:mi|el|un|ese|esto)"
    r"|agendar|schedule (?:an|my) appointment|book (?:an|a|my|anything)|hacer una cita|complain\w*|queja\b|not a request for|need not send any records)\b",
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


def _bounce(heard: Heard) -> bool:
    message = heard.message
    failed = message.delivery_report is not None and b"failed" in message.delivery_report.lower()
    report = header(message, "content-type").startswith(_REPORTS) and "delivery-status" in header(
        message, "content-type"
    )
    named = _BOUNCE_SUBJECT.match(message.subject) is not None
    said = "hi. this is the" in message.text.lower()[:400]
    returned = "x-failed-recipients" in message.headers
    return failed or report or returned or (is_daemon(message) and (named or said))


def _absence(heard: Heard) -> bool:
    message = heard.message
    marked = (
        auto_submitted(message)
        or "x-autoreply" in message.headers
        or "x-autorespond" in message.headers
    )
    program = PROGRAM_SUBJECT.match(message.subject) is not None and not _asks(heard)
    subject = ABSENT_SUBJECT.search(message.subject) is not None
    words = ABSENT.search(heard.words) is not None
    silent = sign_of(message) != "" or asks_for_silence(message)
    template = _TEMPLATE.search(heard.words) is not None and _LATER.search(heard.words) is not None
    few = heard.labels < FEW  # a person's request may stand above an old notice
    said = program or (subject and words) or (words and silent) or template
    if receipt(message) or calendar_answer(message):
        return True
    said = said or is_ticket(message, message.new_text)
    return (few and (marked or said)) or (template and not _named(heard))


def speaks_for_itself(heard: Heard, kind: Kind) -> bool:
    """A person, whatever else speaks for a program: it asks or tells something about records.

    Notices of absence name dates and telephones too; those say nothing.
    """
    if kind in {Kind.STATUS_INQUIRY, Kind.WITHDRAWAL, Kind.FORM_RETURN}:
        return True
    facts = heard.facts
    told = facts.patient_name or facts.date_of_birth or (facts.records and facts.providers)
    return kind in {Kind.REQUEST, Kind.FOLLOWUP} and bool(told or heard.labels >= FEW)


def looks_absent(heard: Heard) -> bool:
    """Words of a notice of absence, which people write too."""
    return ABSENT.search(heard.words) is not None or asks_for_silence(heard.message)


def _spam(heard: Heard) -> bool:
    text = heard.message.text[:40_000]
    hits = len({m.group().lower() for m in _JUNK.finditer(f"{heard.message.subject}\n{text}")})
    phishing = len({m.group().lower() for m in _PHISHING.finditer(text)})
    listed = "list-unsubscribe" in heard.message.headers or "list-id" in heard.message.headers
    failed = (
        "dmarc=fail" in " ".join(heard.message.headers.get("authentication-results", ())).lower()
    )
    if phishing >= FEW:
        return True
    return hits + listed + failed >= FEW and not _named(heard) and heard.labels < FEW


def _named(heard: Heard) -> bool:
    return heard.facts.patient_name is not None and heard.facts.date_of_birth is not None


def _withdrawn(heard: Heard) -> bool:
    return _WITHDRAW.search(heard.words) is not None and heard.labels < FEW and not _asks(heard)


def _asks(heard: Heard) -> bool:
    """Somebody wishes for named records, with a patient and a place or time of care."""
    facts = heard.facts
    return bool(
        facts.records
        and (facts.patient_name or FactName.PATIENT_NAME in facts.ambiguous)
        and (facts.providers or facts.treatment_dates)
        and (
            facts.date_of_birth
            or FactName.DATE_OF_BIRTH in facts.ambiguous
            or facts.treatment_dates
        )
    ) and not re.search(
        r"\bnot (?:a new|going ahead)|withdraw|revo[kc]", heard.words, re.IGNORECASE
    )


def _form(heard: Heard) -> bool:
    if _FORM.search(heard.words) is None or heard.labels > FEW:
        return False
    sent = bool(heard.message.parts) or _in_thread(heard.message) or _subject_of_form(heard)
    return sent and not (_asks(heard) and not _subject_of_form(heard))


def _subject_of_form(heard: Heard) -> bool:
    return (
        re.search(
            r"authoriz|autoriz|signed|firmad|formato|form\b", heard.message.subject, re.IGNORECASE
        )
        is not None
    )


def _from_provider(heard: Heard) -> bool:
    if heard.labels >= FEW:
        return False
    signs = len({m.group().lower() for m in _PROVIDER.finditer(heard.words)})
    message = heard.message
    sender = f"{message.from_name} {message.from_addresses[0] if message.from_addresses else ''}"
    office = _OFFICE_SENDER.search(sender) is not None
    if _ASKS_US.search(heard.words) and not (office and signs >= FEW):
        return False
    return signs >= FEW or (signs >= 1 and office)


def _asks_for_records(heard: Heard) -> bool:
    return NOUN.search(heard.words) is not None and WANT.search(heard.words) is not None


def _in_thread(message: Message) -> bool:
    return (
        bool(message.in_reply_to)
        or re.match(r"\s*(?:re|rv|aw)\s*:", message.subject, re.IGNORECASE) is not None
    )


_OUR_QUESTIONS = re.compile(
    r"\b(?:need|missing|answer|tell us|let us know|when and where|which one|is this|unclear|confirm\w*|hace[n]? falta|falta\w*|nos (?:puede|indica|diga)|por favor (?:indique|d[ií]ganos)|le pedimos|date of birth|fecha de nacimiento|legal name|nombre completo)\b",
    re.IGNORECASE,
)


def _answers_us(heard: Heard) -> bool:
    """In a thread of ours, or it says so; a reply to an advertisement answers nothing."""
    message = heard.message
    quoted = message.words_in(RegionSort.QUOTE)
    if _in_thread(message) and not _forwarded(message):
        return not quoted or _OUR_QUESTIONS.search(quoted) is not None or not _asks(heard)
    if _CORRECTS.search(heard.words) and _STATUS.search(heard.words):
        return True
    return _EARLIER.search(heard.words) is not None and _AGAIN.search(heard.words) is None


def _forwarded(message: Message) -> bool:
    return re.match(r"\s*(?:fwd?|fw|rv)\s*:", message.subject, re.IGNORECASE) is not None


def _states_facts(heard: Heard) -> bool:
    facts = heard.facts
    stated = (
        facts.patient_name,
        facts.date_of_birth,
        facts.treatment_dates,
        facts.records,
        facts.phones,
        facts.providers,
        facts.ambiguous - {FactName.PATIENT_NAME},
    )
    return any(stated)


_NOT_NEW = re.compile(
    r"\bnot a new request|no es (?:una )?(?:nueva )?solicitud nueva|already (?:sent|submitted)|my request (?:of|from|dated)",
    re.IGNORECASE,
)


def _progress(heard: Heard) -> bool:
    if _STATUS.search(heard.words) is None or _CORRECTS.search(heard.words) is not None:
        return False
    if _NOT_NEW.search(heard.words):
        return True
    return heard.labels <= FEW and not (_wishes(heard) and _asks(heard))


def _wishes(heard: Heard) -> bool:
    """The new words themselves wish for kinds of records."""
    return any(
        NOUN.search(heard.words[m.end() : m.end() + 120])
        for m in WANT.finditer(heard.words[:20_000])
    )


def _followup(heard: Heard) -> bool:
    return _answers_us(heard) and _states_facts(heard)


def _names_a_patient(heard: Heard) -> bool:
    """Records are spoken of beside a birth date or a name with a time of care."""
    facts = heard.facts
    born = facts.date_of_birth is not None or FactName.DATE_OF_BIRTH in facts.ambiguous
    treated = bool(facts.treatment_dates or facts.providers)
    return NOUN.search(heard.everything or heard.words) is not None and (born or treated)


def _something_else(heard: Heard) -> bool:
    if _OTHER.search(heard.words) is None or heard.labels >= 4:
        return (
            re.search(r"\bnot a request for|need not send any records", heard.words, re.IGNORECASE)
            is not None
        )
    facts = heard.facts
    return not (facts.records and facts.providers) or not _wishes(heard) or _amends(heard)


def _amends(heard: Heard) -> bool:
    return (
        re.search(
            r"\b(?:corrected|amend|rectific|corrijan|not a request)", heard.words, re.IGNORECASE
        )
        is not None
        and re.search(
            r"\b(?:received|got|recib[ií]|says|dice|not a request)\b", heard.words, re.IGNORECASE
        )
        is not None
    )


RULES = (
    Rule("bounce", Kind.BOUNCE, _bounce, "a mail server reports that a letter did not arrive"),
    Rule("absence", Kind.AUTO_REPLY, _absence, "a program answered: absence, ticket or read receipt"),
    Rule("junk", Kind.JUNK, _spam, "several signs of bulk mail and no patient"),
    Rule("withdrawal", Kind.WITHDRAWAL, _withdrawn, "it calls the request off"),
    Rule("provider", Kind.PROVIDER_REPLY, _from_provider, "an office answers a request of ours"),
    Rule("something-else", Kind.OTHER, _something_else, "it is about something else than copies"),
    Rule("progress", Kind.STATUS_INQUIRY, lambda h: _progress(h) and not h.message.parts, "it asks how far an earlier request is"),
    Rule("form", Kind.FORM_RETURN, _form, "it says that the form comes back"),
    Rule("followup", Kind.FOLLOWUP, _followup, "it adds facts to an earlier request"),
    Rule("asks-for-records", Kind.REQUEST, _asks_for_records, "it asks for records"),
    Rule("patient", Kind.REQUEST, _names_a_patient, "it names a patient and records"),
    Rule("labelled", Kind.REQUEST, lambda heard: heard.labels >= FEW, "it answers the policy's questions"),
    Rule("always", Kind.OTHER, lambda _: True, "no other rule holds"),
)  # fmt: skip


def sort(heard: Heard) -> Rule:
    """Return the first rule that holds; its name is kept in the journal."""
    return next(rule for rule in RULES if rule.holds(heard))
