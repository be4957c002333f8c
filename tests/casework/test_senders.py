"""Who may do what, by the address that wrote and what proves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.casework.made import ANA, COMPLETE, FILE, NOW, POLICY, awaiting_signature, mail, new_case

from mmx_mailflow.casework import events as e
from mmx_mailflow.casework.case import Provider, ProviderState, TaskName
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.facts import Facts
from mmx_mailflow.casework.senders import from_first_sender, from_provider
from mmx_mailflow.casework.steps.common import heard
from mmx_mailflow.casework.values import Role, Trust

FARO = Provider(n=1, name="Hospital Faro", address="archivo@faro.example")
OTHER_DAY = Facts(date_of_birth=date(1981, 4, 26))


@pytest.mark.parametrize(
    ("before", "now", "counts"),
    [
        (Trust.VERIFIED, {"trust": Trust.VERIFIED}, True),
        (Trust.VERIFIED, {"trust": Trust.UNKNOWN}, False),
        (Trust.VERIFIED, {"trust": Trust.UNKNOWN, "code_proven": True}, True),
        (Trust.UNKNOWN, {"trust": Trust.UNKNOWN}, True),
        (Trust.UNKNOWN, {"trust": Trust.FAILED}, False),
        (Trust.UNKNOWN, {"trust": Trust.VERIFIED, "sender": "other@gmail.com"}, False),
    ],
)
def test_an_address_that_passed_once_needs_its_proof_again(
    before: Trust, now: dict[str, object], counts: bool
) -> None:
    assert from_first_sender(new_case(trust=before), mail(2, **now)) == counts


@pytest.mark.parametrize(
    ("address", "trust", "counts"),
    [
        ("archivo@faro.example", Trust.VERIFIED, True),
        ("maria@faro.example", Trust.VERIFIED, True),
        ("archivo@faro.example", Trust.UNKNOWN, False),
        ("archivo@faro.example", Trust.FAILED, False),
        ("archivo@far0.example", Trust.VERIFIED, False),
        ("archivo@faro.example.stranger.test", Trust.VERIFIED, False),
    ],
)
def test_a_provider_is_its_address_and_its_domain_alone(
    address: str, trust: Trust, counts: bool
) -> None:
    assert from_provider(FARO, mail(2, sender=address, trust=trust)) == counts


def test_two_people_at_a_webmail_have_nothing_in_common() -> None:
    doctor = FARO.model_copy(update={"address": "dra.ejemplo@gmail.com"})
    assert from_provider(doctor, mail(2, sender="dra.ejemplo@gmail.com"))
    assert not from_provider(doctor, mail(2, sender="otra.persona@gmail.com"))
    assert not from_provider(doctor.model_copy(update={"address": ""}), mail(2))


def test_what_staff_place_by_its_number_counts() -> None:
    sent = FARO.model_copy(update={"state": ProviderState.SENT, "sent_at": NOW})
    case = replace(awaiting_signature(), providers=(sent,))
    came = mail(30, sender="archivo@far0.example", files=(FILE,))

    held = decide(case, e.ProviderAnswered(mail=came, provider=1), POLICY, NOW)
    assert held.hold_message
    assert held.case.files == ()
    assert held.case.providers == (sent,)
    assert [t.name for t in held.case.tasks] == [TaskName.READ_MAIL]
    assert {x.to_role for x in held.letters} == {Role.STAFF}

    placed = came.model_copy(update={"placed": True})
    filed = decide(held.case, e.ProviderAnswered(mail=placed, provider=1), POLICY, NOW)
    assert not filed.hold_message
    assert [f.id for f in filed.case.files] == [FILE.id]


@pytest.mark.parametrize("confirmed", [False, True])
def test_without_proof_nothing_that_a_confirmed_address_stated_is_overturned(
    confirmed: bool,
) -> None:
    case = replace(awaiting_signature(), trust=Trust.UNKNOWN, confirmed=confirmed)
    said = e.FactsAdded(mail=mail(9, trust=Trust.UNKNOWN), facts=OTHER_DAY)

    decision = decide(case, said, POLICY, NOW)

    assert decision.hold_message == confirmed
    assert (decision.case.facts == COMPLETE) == confirmed
    proven = said.model_copy(update={"mail": mail(10, trust=Trust.VERIFIED)})
    assert decide(case, proven, POLICY, NOW).case.facts.date_of_birth == date(1981, 4, 26)


def test_what_is_open_may_be_filled_in_without_proof() -> None:
    open_ = COMPLETE.model_copy(update={"date_of_birth": None})
    case = replace(
        awaiting_signature(), facts=open_, trust=Trust.UNKNOWN, confirmed=True, sender=ANA
    )
    said = e.FactsAdded(mail=mail(9, trust=Trust.UNKNOWN), facts=OTHER_DAY)

    assert decide(case, said, POLICY, NOW).case.facts.date_of_birth == date(1981, 4, 26)


@pytest.mark.parametrize("proven", [True, False])
def test_whoever_brings_a_token_back_can_be_reached_again(proven: bool) -> None:
    case = replace(awaiting_signature(), unreachable=True)

    assert heard(case, mail(9, proven=proven)).unreachable != proven
