"""What of a case is printed on its form: only what this sender wrote."""

from __future__ import annotations

import re

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.facts import Requester
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import IssuedForm
from mmx_mailflow.casework.values import Trust
from mmx_mailflow.forms.packet import PacketFacts

_LONGEST_FROM_UNKNOWN = 300
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


def packet_facts(case: Case, form: IssuedForm, policy: Policy) -> PacketFacts:
    """The values of the packet; a sender who is not known gets its own words without links.

    A form that was issued keeps the values that it was issued with, whatever was learnt since.
    """
    if form.printed:
        return PacketFacts.model_validate(form.printed)
    known = case.trust == Trust.VERIFIED or case.confirmed
    facts = case.facts

    def said(words: str) -> str:
        return words if known else _LINK.sub("", words)[:_LONGEST_FROM_UNKNOWN].strip()

    countries = {p.country for p in case.providers if p.exact}
    return PacketFacts(
        ref=case.ref,
        issue=form.issue,
        issued_on=form.issued_on,
        expires_on=form.expires_on,
        organisation=policy.organisation,
        records_address=policy.records_address,
        agent_name=policy.agent_name,
        patient_name=said(facts.patient_name) if facts.patient_name else None,
        date_of_birth=facts.date_of_birth,
        postal_address=said(facts.postal_address or ""),
        phones=tuple(said(p) for p in facts.phones),
        emails=tuple(said(e) for e in facts.emails) or (case.sender,),
        representative=case.requester == Requester.REPRESENTATIVE,
        providers=tuple(said(name) for name in case.form_names),
        treatment=tuple(said(period.text) for period in facts.treatment_dates),
        records=tuple(said(words) for words in facts.records),
        mexican=not countries or countries != {"US"},
        large_print=policy.large_print,
    )
