"""May this go to that provider? Asked when a letter is decided and again when it is sent."""

from __future__ import annotations

from datetime import date, datetime

from mmx_mailflow.casework.calendar import local_date
from mmx_mailflow.casework.case import Authorization, Case, Provider
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.names import plain
from mmx_mailflow.casework.policy import Policy


def covers(authorization: Authorization, provider: Provider) -> bool:
    """Whether the accepted form names the provider or its class clause was ticked."""
    names = {plain(name) for name in authorization.providers}
    return authorization.class_clause or plain(provider.name) in names


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
        (today > authorization.expires_on, "the authorization has expired"),
        (not covers(authorization, provider), "the authorization does not cover this provider"),
        (not provider.address, "the provider has no settled address"),
    )
    return next((why for holds, why in objections if holds), "")
