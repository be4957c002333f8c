"""May this go to that provider? Asked when a letter is decided and again when it is sent."""

from __future__ import annotations

from datetime import date, datetime

from mmx_mailflow.casework.calendar import local_date
from mmx_mailflow.casework.case import Authorization, Case, Provider, Result
from mmx_mailflow.casework.facts import Period
from mmx_mailflow.casework.letters import WHILE_OPEN, LetterName
from mmx_mailflow.casework.names import plain
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.values import Role

EXPIRED = "the authorization has expired"
TOO_OLD = "the authorization is older than this provider accepts"
NOT_COVERED = "the authorization does not cover this provider"
NEEDS_A_FORM = frozenset({EXPIRED, TOO_OLD, NOT_COVERED})
"""Objections that only a newly signed form takes away."""


ENDED = frozenset({Result.WITHDRAWN, Result.REVOKED})
"""How a patient ends a case: nothing that was decided before goes out any more."""


def outlived(case: Case, letter: LetterName, to_role: Role, decided_at: datetime) -> bool:
    """Whether a letter was decided before its case ended, and holds no longer (invariant 6)."""
    if case.closed_at is None or decided_at >= case.closed_at or to_role == Role.STAFF:
        return False
    return case.result in ENDED or to_role == Role.PROVIDER or letter in WHILE_OPEN


def covers(authorization: Authorization, provider: Provider, care: tuple[Period, ...] = ()) -> bool:
    """Whether the accepted form names the provider, or its class clause covers this care.

    The clause speaks of providers of the care that the form describes: once other times of
    treatment are asked for, only a new form covers a provider that is not named.
    """
    if plain(provider.name) in {plain(name) for name in authorization.providers}:
        return True
    return authorization.class_clause and _describes(authorization.care, care)


def _describes(written: tuple[Period, ...], care: tuple[Period, ...]) -> bool:
    """Whether each time of treatment lies within one that the form describes."""
    return not written or all(
        any(w.start <= period.start and period.end <= w.end for w in written) for period in care
    )


def refusal(case: Case, letter: LetterName, number: int, policy: Policy, now: datetime) -> str:
    """Why a letter may not go to provider `number` now, or an empty string when it may.

    45 CFR 164.508(b)(2): expired, revoked or incomplete authorizations are none. The one
    exception is the notice that the authorization was taken back, to providers that were
    written to under it.
    """
    provider = next((p for p in case.providers if p.n == number), None)
    if provider is None:
        return "the case has no such provider"
    if letter == LetterName.PROVIDER_NOTICE:
        return "" if provider.sent_at is not None else "nothing was sent to this provider"
    if case.authorization is None:
        return "no authorization was accepted"
    return _objection(case, case.authorization, provider, local_date(now, policy))


def _objection(case: Case, authorization: Authorization, provider: Provider, today: date) -> str:
    """The first thing that speaks against the authorization for this provider today."""
    revoked = authorization.revoked_at is not None or case.paused_at is not None
    objections = (
        (revoked, "the authorization was taken back"),
        (today > authorization.expires_on, EXPIRED),
        (not covers(authorization, provider, case.facts.treatment_dates), NOT_COVERED),
        (_too_old(authorization, provider, today), TOO_OLD),
        (not provider.address, "the provider has no settled address"),
    )
    return next((why for holds, why in objections if holds), "")


def _too_old(authorization: Authorization, provider: Provider, today: date) -> bool:
    """Whether the provider wants a younger signature; an unread date may be that of the issue."""
    signed = authorization.signed_on or authorization.issued_on or authorization.returned_at.date()
    return 0 < provider.max_age_days < (today - signed).days
