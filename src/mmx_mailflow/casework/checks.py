"""The checks of a returned form that need the case; what the paper tells was judged before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mmx_mailflow.casework.case import Case, Return
from mmx_mailflow.casework.facts import Requester
from mmx_mailflow.casework.names import plain
from mmx_mailflow.casework.pages import ours, places
from mmx_mailflow.casework.returned import (
    Check,
    CheckResult,
    Defect,
    IssuedForm,
    Page,
    Returned,
    Signature,
)
from mmx_mailflow.casework.same import same_day, same_name
from mmx_mailflow.casework.values import Trust

NAME, BORN, PROVIDERS, EXPIRY, SIGNER = 3, 4, 5, 9, 11
IDENTITY, WITNESSES, SENDER, REUSED, REVOKED = 15, 16, 18, 19, 20
CLASS_CLAUSE = "A4.class"
EMAIL_RISK = "A9.risk"
PATIENT_PLACE = "A13"
TWELVE_MONTHS = timedelta(days=366)
_REPRESENTATIVE = "A3"
_WITNESS_PLACES = ("B3.1", "B3.2")
_GRAVER = (CheckResult.NOT_APPLICABLE, CheckResult.PASS, CheckResult.UNSURE, CheckResult.FAIL)


@dataclass(frozen=True, slots=True)
class Found:
    """How a check came out, by what, in both languages, and the defect that it amounts to."""

    result: CheckResult
    english: str
    spanish: str
    defect: Defect | None = None


def _passed(english: str, spanish: str) -> Found:
    return Found(CheckResult.PASS, english, spanish)


def _doubt(english: str, spanish: str) -> Found:
    return Found(CheckResult.UNSURE, english, spanish)


def _failed(defect: Defect, english: str, spanish: str) -> Found:
    return Found(CheckResult.FAIL, english, spanish, defect)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the pages of ours hold, beside the case that they are looked at for."""

    case: Case
    form: IssuedForm
    returned: Returned
    marks: dict[str, Signature]
    """What stands in each place to be signed."""
    today: date
    fields: dict[str, str]
    written: frozenset[str]

    def says(self, name: str) -> str:
        """What was typed or printed in a field."""
        return self.fields.get(name, "").strip()

    def has(self, name: str) -> bool:
        """Whether something stands in a field, typed or by hand."""
        return bool(self.says(name)) or name in self.written


def checked(case: Case, returned: Returned, today: date) -> Returned:
    """The return with the checks that need the case, which holds it as its last return.

    What the paper tells is never made better: of two results the graver one counts.
    """
    if case.form is None or not ours(returned, case.form):
        return returned
    sheet = _sheet(case, case.form, returned, today)
    found = {number: check(sheet) for number, check in _CHECKS.items()}
    told = {c.check: c for c in returned.checks}
    numbers = sorted(told.keys() | {n for n, outcome in found.items() if outcome})
    defects = [outcome.defect for outcome in found.values() if outcome and outcome.defect]
    return returned.model_copy(
        update={
            "checks": tuple(_graver(n, told.get(n), found.get(n)) for n in numbers),
            "defects": tuple(dict.fromkeys((*returned.defects, *defects))),
        }
    )


def _graver(number: int, told: Check | None, found: Found | None) -> Check:
    """Of what the paper and the case say of a check, the graver; equal ones are both told."""
    if found is None:
        assert told is not None
        return told
    mine = Check(
        check=number,
        result=found.result,
        evidence=found.english,
        evidence_es=found.spanish,
    )
    if told is None or _GRAVER.index(told.result) < _GRAVER.index(mine.result):
        return mine
    if told.result != mine.result:
        return told
    evidence = "; ".join(x for x in (told.evidence, mine.evidence) if x)
    spanish = "; ".join(x for x in (told.evidence_es or told.evidence, mine.evidence_es) if x)
    return told.model_copy(update={"evidence": evidence, "evidence_es": spanish})


def _sheet(case: Case, form: IssuedForm, returned: Returned, today: date) -> Sheet:
    pages = ours(returned, form)
    return Sheet(
        case=case,
        form=form,
        returned=returned,
        marks={name: place.signature for name, place in places(pages).items()},
        today=today,
        fields=fields_of(pages),
        written=frozenset(name for page in pages for name in page.written),
    )


def fields_of(pages: Sequence[Page]) -> dict[str, str]:
    """The values of all pages by field."""
    return {name: value for page in pages for name, value in page.fields.items()}


def ticked(value: str) -> bool:
    """Whether a box that holds this value is ticked."""
    return value.strip().lstrip("/").casefold() not in {"", "off", "no", "false"}


def providers_named(fields: dict[str, str]) -> tuple[str, ...]:
    """The providers that the form names in its own fields (A4)."""
    rows = (v.strip() for k, v in sorted(fields.items()) if _names_a_provider(k))
    return tuple(name for name in rows if name)


def _names_a_provider(field: str) -> bool:
    return field.startswith("A4.") and field != CLASS_CLAUSE


def _name(sheet: Sheet) -> Found | None:
    said, known = sheet.says("A2.1"), sheet.case.facts.patient_name
    if "A2.1" in sheet.written:
        return _doubt("the name was written by hand", "el nombre se escribió a mano")
    if not said:
        return None
    if not known:
        return _doubt(
            f"the request named nobody, the form says: {said}",
            f"la solicitud no dio nombre, el formulario dice: {said}",
        )
    words = _both(said, known)
    return {
        True: _passed("as in the request", "igual que en la solicitud"),
        None: _doubt(*words),
        False: _failed(Defect.NAME_MISMATCH, *words),
    }[same_name(said, known)]


def _both(said: str, known: object) -> tuple[str, str]:
    return (
        f"the form says: {said}; the request: {known}",
        f"el formulario dice: {said}; la solicitud: {known}",
    )


def _born(sheet: Sheet) -> Found | None:
    said, known = sheet.says("A2.3"), sheet.case.facts.date_of_birth
    if "A2.3" in sheet.written:
        return _doubt("the date was written by hand", "la fecha se escribió a mano")
    if not said:
        return None
    if not known:
        return _doubt(
            f"the request gave none, the form says: {said}",
            f"la solicitud no la dio, el formulario dice: {said}",
        )
    words = _both(said, known)
    return {
        True: _passed("as in the request", "igual que en la solicitud"),
        None: _doubt(*words),
        False: _failed(Defect.DOB_MISMATCH, *words),
    }[same_day(said, known)]


def _providers(sheet: Sheet) -> Found | None:
    """Named on the form, or covered by its class clause; by hand is for a person to read."""
    if ticked(sheet.says(CLASS_CLAUSE)):
        return _passed("the class clause is ticked", "la cláusula general está marcada")
    if any(field.startswith("A4.") for field in sheet.written):
        return _doubt("something was written there by hand", "algo se escribió ahí a mano")
    names = (*sheet.case.form_names, *providers_named(sheet.fields))
    if not names:
        return _doubt("no provider is printed on it", "no tiene impreso ningún proveedor")
    on_form = {plain(name) for name in names}
    absent = [str(p.n) for p in sheet.case.providers if plain(p.name) not in on_form]
    if absent:
        which = ", ".join(absent)
        return _doubt(
            f"not named on the form: provider {which}",
            f"no está en el formulario: proveedor {which}",
        )
    return _passed("every provider of the case is named", "nombra a todos los proveedores del caso")


def _expiry(sheet: Sheet) -> Found | None:
    form, until = sheet.form, sheet.form.expires_on
    if sheet.today > until:
        return _failed(Defect.EXPIRED, f"it ended on {until}", f"terminó el {until}")
    if until - form.issued_on > TWELVE_MONTHS:
        return _doubt(
            f"until {until}: more than twelve months", f"hasta {until}: más de doce meses"
        )
    return _passed(f"until {until}", f"hasta {until}")


def _signer(sheet: Sheet) -> Found | None:
    """A representative needs a paper that proves the right to sign; a typed name must agree."""
    if sheet.marks.get(PATIENT_PLACE, Signature.NONE) == Signature.NONE:
        return None
    if sheet.has(_REPRESENTATIVE) or sheet.case.requester == Requester.REPRESENTATIVE:
        if _further_pages(sheet):
            return _doubt(
                "a representative acts; see whether a further page proves it",
                "actúa un representante; vea si otra página lo acredita",
            )
        return _failed(
            Defect.REP_NO_PROOF,
            "a representative acts and no paper proves it",
            "actúa un representante y nada lo acredita",
        )
    typed, known = sheet.says(f"{PATIENT_PLACE}.signature"), sheet.case.facts.patient_name
    if typed and known:
        same = same_name(typed, known)
        words = "another name than the patient's is typed", "está escrito otro nombre"
        if same is False:
            return _failed(Defect.WRONG_PERSON, *words)
        if same is None:
            return _doubt(
                "the typed name is the patient's in part",
                "el nombre escrito es el del paciente en parte",
            )
    if sheet.case.requester is None:
        return _doubt("who asked is not settled", "no se sabe quién solicita")
    return _passed(
        "the patient asked, no representative is named",
        "solicitó el paciente, no se nombra representante",
    )


def _further_pages(sheet: Sheet) -> bool:
    """Whether pages came that carry no code of ours: an ID, or a paper that proves a right."""
    return any(page.code is None for page in sheet.returned.pages)


def _identity(sheet: Sheet) -> Found | None:
    """An ID is wanted where a provider of the case asks for one; who it shows, a person sees."""
    further = _further_pages(sheet)
    if sheet.case.id_waived:
        return _passed("waived by staff", "dispensada por el equipo")
    if further:
        return _doubt(
            "a further page came: see whether it is an ID",
            "llegó otra página: vea si es una identificación",
        )
    if any(p.id_copy for p in sheet.case.providers):
        return _failed(
            Defect.ID_MISSING,
            "a provider asks for one, none came",
            "un proveedor la pide, no llegó ninguna",
        )
    return Found(CheckResult.NOT_APPLICABLE, "no provider asks for one", "ningún proveedor la pide")


def _witnesses(sheet: Sheet) -> Found | None:
    if not any(p.witnesses for p in sheet.case.providers):
        return None
    marks = [sheet.marks[p] for p in _WITNESS_PLACES if p in sheet.marks]
    if len(marks) < len(_WITNESS_PLACES) or Signature.NONE in marks:
        return _failed(Defect.WITNESS_MISSING, "a provider asks for two", "un proveedor pide dos")
    if Signature.UNSURE in marks:
        return _doubt(
            "a provider asks for two; see whether both signed",
            "un proveedor pide dos; vea si firmaron ambos",
        )
    return _passed("both signed", "firmaron ambos")


def _sender(sheet: Sheet) -> Found | None:
    """All mails that brought pages count, not the last one alone."""
    others = {r.sender for r in _brought(sheet.case.returns) if r.sender != sheet.case.sender}
    if others:
        who = ", ".join(sorted(others))
        return Found(CheckResult.FAIL, f"came from {who}", f"vino de {who}")
    if any(r.trust == Trust.FAILED for r in sheet.case.returns):
        return Found(
            CheckResult.FAIL, "the sender failed a check", "el remitente no pasó una comprobación"
        )
    return _passed("the address that asked", "la dirección que solicitó")


def _brought(returns: Sequence[Return]) -> Iterator[Return]:
    return (r for r in returns if r.files)


def _reused(sheet: Sheet) -> Found | None:
    if any(r.seen_before for r in sheet.case.returns):
        return _failed(
            Defect.DUPLICATE,
            "a file came with another case before",
            "un archivo llegó antes con otro caso",
        )
    return _passed("no file was seen with another case", "ningún archivo llegó con otro caso")


def _revoked(sheet: Sheet) -> Found | None:
    accepted = sheet.case.authorization
    taken_back = accepted is not None and accepted.revoked_at is not None
    if sheet.case.paused_at is not None or taken_back:
        return _failed(Defect.REVOKED, "somebody called it off", "alguien la canceló")
    return _passed("nobody called it off", "nadie la canceló")


_CHECKS: dict[int, Callable[[Sheet], Found | None]] = {
    NAME: _name,
    BORN: _born,
    PROVIDERS: _providers,
    EXPIRY: _expiry,
    SIGNER: _signer,
    IDENTITY: _identity,
    WITNESSES: _witnesses,
    SENDER: _sender,
    REUSED: _reused,
    REVOKED: _revoked,
}
