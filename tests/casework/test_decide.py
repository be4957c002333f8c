import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.casework.made import (
    ANA,
    COMPLETE,
    FARO,
    FILE,
    MISION,
    NOW,
    POLICY,
    SHOWN,
    awaiting_signature,
    came_back,
    in_review,
    mail,
    new_case,
    request,
    returned,
    staff,
)

from mmx_mailflow.casework import events as e
from mmx_mailflow.casework.case import Case, ProviderState, Result, State, TaskName
from mmx_mailflow.casework.commands import Command, ProviderAction, Verb
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.facts import FactName, Facts, Reading
from mmx_mailflow.casework.gate import refusal
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.returned import Check, CheckResult, Defect, Verdict
from mmx_mailflow.casework.turn import whose_turn
from mmx_mailflow.casework.values import Role, Trust

APPROVE = Command(verb=Verb.APPROVE)
LATER = NOW + timedelta(days=2)


def names(decision) -> list[str]:
    return [str(letter.name) for letter in decision.letters]


def to(decision, role: Role) -> list[str]:
    return [str(x.name) for x in decision.letters if x.to_role == role]


def provider(action: ProviderAction, number: int = 1, **more: object) -> Command:
    return Command.model_validate(
        {"verb": Verb.PROVIDER, "number": number, "action": action} | more
    )


def approved() -> Case:
    return decide(in_review(), staff(APPROVE, shown=SHOWN), POLICY, LATER).case


def in_progress() -> Case:
    sent = e.LetterSent(letter=LetterName.SUBMISSION, to_role=Role.PROVIDER, provider=1)
    return decide(approved(), sent, POLICY, LATER).case


def answered(*, files=(FILE,), guess: str = "") -> Case:
    event = e.ProviderAnswered(
        mail=mail(30, sender="archivo@faro.example", files=files), provider=1, guess=guess
    )
    return decide(in_progress(), event, POLICY, LATER + timedelta(days=1)).case


@pytest.mark.parametrize("sender", [ANA, "stranger@gmail.com", "x@mision.example"])
@pytest.mark.parametrize("guess", ["", "acknowledged", "denied"])
def test_another_address_changes_nothing_of_a_provider(sender: str, guess: str) -> None:
    before = in_progress()
    wrote = mail(30, sender=sender, files=(FILE,) if guess == "denied" else ())
    event = e.ProviderAnswered(mail=wrote, provider=1, guess=guess)

    decision = decide(before, event, POLICY, LATER + timedelta(days=1))

    assert decision.case.providers == before.providers
    assert {x.to_role for x in decision.letters} == {Role.STAFF}
    assert decision.case.files == ()


def test_another_desk_of_the_same_office_is_the_provider() -> None:
    wrote = mail(30, sender="caja@faro.example", files=())
    event = e.ProviderAnswered(mail=wrote, provider=1, guess="acknowledged")

    case = decide(in_progress(), event, POLICY, LATER + timedelta(days=1)).case

    assert case.providers[0].state == ProviderState.ACKNOWLEDGED


# --- the request ---


def test_a_complete_request_gets_the_form_in_its_one_answer() -> None:
    decision = decide(new_case(), request(), POLICY, NOW)

    assert names(decision) == ["acknowledge"]
    assert decision.letters[0].attachments[0].issue == 1
    assert decision.case.state == State.AWAITING_SIGNATURE


@pytest.mark.parametrize("lacking", ["patient_name", "date_of_birth", "treatment_dates", "records"])
def test_a_request_that_lacks_something_is_asked_in_its_one_answer(lacking: str) -> None:
    facts = COMPLETE.model_copy(update={lacking: Facts.model_fields[lacking].default})

    decision = decide(new_case(), request(facts), POLICY, NOW)

    assert names(decision) == ["acknowledge"]
    assert decision.letters[0].attachments == ()
    assert decision.case.facts.missing() == (FactName(lacking),)
    assert decision.case.state == State.INTAKE


def test_an_unknown_provider_does_not_keep_the_form_back() -> None:
    facts = COMPLETE.model_copy(update={"providers": ()})

    decision = decide(new_case(), request(facts, matches=()), POLICY, NOW)

    assert decision.case.state == State.AWAITING_SIGNATURE


def test_an_ambiguous_birth_date_is_asked_like_a_missing_one() -> None:
    decision = decide(new_case(), request(doubtful()), POLICY, NOW)

    assert decision.case.state == State.INTAKE
    assert decision.case.facts.meanings(FactName.DATE_OF_BIRTH) == ("1980-03-04", "1980-04-03")


def doubtful() -> Facts:
    born = FactName.DATE_OF_BIRTH
    return COMPLETE.model_copy(
        update={
            "date_of_birth": None,
            "ambiguous": frozenset({born}),
            "readings": (
                Reading(fact=born, value="1980-03-04"),
                Reading(fact=born, value="1980-04-03"),
            ),
        }
    )


def test_the_answer_to_a_question_completes_the_request_and_brings_the_form() -> None:
    case = decide(new_case(), request(doubtful()), POLICY, NOW).case
    more = e.FactsAdded(mail=mail(2), facts=Facts(date_of_birth=date(1980, 4, 3)))

    decision = decide(case, more, POLICY, NOW + timedelta(hours=1))

    assert names(decision) == ["send_form"]
    assert decision.case.facts.ambiguous == frozenset()


def test_a_mail_from_someone_else_changes_no_fact() -> None:
    case = decide(new_case(), request(doubtful()), POLICY, NOW).case
    more = e.FactsAdded(
        mail=mail(2, sender="someone@yahoo.com"), facts=Facts(date_of_birth=date(1980, 4, 3))
    )

    decision = decide(case, more, POLICY, NOW)

    assert decision.case.facts == case.facts
    assert to(decision, Role.PATIENT) == []


def test_a_sender_that_failed_a_check_gets_no_answer_and_staff_are_told() -> None:
    decision = decide(new_case(), request(trust=Trust.FAILED), POLICY, NOW)

    assert to(decision, Role.PATIENT) == []
    assert set(to(decision, Role.STAFF)) == {"staff_task"}
    assert decision.hold_message
    assert decision.case.state == State.TRIAGE


def test_release_gives_a_held_case_its_first_answer() -> None:
    held = decide(new_case(), request(trust=Trust.FAILED), POLICY, NOW).case

    decision = decide(held, staff(Command(verb=Verb.RELEASE)), POLICY, LATER)

    assert to(decision, Role.PATIENT) == ["acknowledge"]
    assert decision.case.state == State.AWAITING_SIGNATURE


def test_two_patients_in_one_mail_are_a_question_to_the_writer() -> None:
    decision = decide(new_case(), request(patients=2), POLICY, NOW)

    assert to(decision, Role.PATIENT) == ["for_whom"]
    assert decision.case.state == State.TRIAGE


def test_a_correction_of_a_printed_fact_brings_a_new_issue_of_the_form() -> None:
    more = e.FactsAdded(mail=mail(2), facts=Facts(patient_name="Ana Prueba Ramos"))

    decision = decide(awaiting_signature(), more, POLICY, NOW)

    assert decision.case.form.issue == 2
    assert names(decision) == ["send_form"]


def test_an_emergency_is_answered_with_the_fixed_words_and_reaches_staff() -> None:
    event = e.PersonWrote(mail=mail(3, urgent=True))

    decision = decide(awaiting_signature(), event, POLICY, NOW)

    assert names(decision)[0] == "emergency"
    assert TaskName.EMERGENCY in {t.name for t in decision.case.tasks}


# --- the promise ---


def test_when_answers_stay_out_the_form_goes_with_blanks() -> None:
    case = decide(new_case(), request(doubtful()), POLICY, NOW).case
    soon = deadlines(case, POLICY)[0]

    decision = decide(case, e.DeadlinePassed(name=soon.name), POLICY, soon.at)

    assert soon.name == "issue_with_blanks"
    assert soon.at.isoformat() == "2026-11-25T09:00:00-08:00"
    assert decision.letters[0].words["blanks"] == ["date_of_birth"]


def test_the_form_counts_as_issued_when_the_server_took_it() -> None:
    case = decide(new_case(), request(), POLICY, NOW).case

    assert case.form_issued_at is None
    assert awaiting_signature().form_issued_at == NOW


def test_an_alarm_stands_while_the_form_is_not_out() -> None:
    held = decide(new_case(), request(trust=Trust.FAILED), POLICY, NOW).case
    alarms = [d for d in deadlines(held, POLICY) if d.name.startswith("promise")]

    decision = decide(held, e.DeadlinePassed(name="promise:5"), POLICY, alarms[0].at)

    assert [d.name for d in alarms] == ["promise:5", "promise:8", "promise:9"]
    assert "alarm" in names(decision)
    assert TaskName.PROMISE in {t.name for t in decision.case.tasks}


# --- the form ---


def test_reminders_a_last_notice_and_the_closing_follow_the_form() -> None:
    case, seen = awaiting_signature(), []
    while case.state != State.CLOSED:
        soon = deadlines(case, POLICY)[0]
        decision = decide(case, e.DeadlinePassed(name=soon.name), POLICY, soon.at)
        seen += [(n, (soon.at.date() - NOW.date()).days) for n in names(decision)]
        case = decision.case

    assert [n for n, _ in seen] == [*["remind_form"] * 4, "last_notice", "closed"]
    assert [d for _, d in seen] == [3, 10, 17, 24, 31, 45]  # on business days, five days apart
    assert case.result == Result.ABANDONED


def test_a_signed_form_goes_to_staff_at_once() -> None:
    decision = decide(awaiting_signature(), came_back(), POLICY, NOW)

    assert set(names(decision)) == {"staff_review"}
    assert decision.letters[0].shows == ("address:1:archivo@faro.example", "file:7.1")
    assert decision.case.confirmed


def test_an_unsigned_form_goes_back_to_the_patient_without_staff() -> None:
    answer = returned(verdict=Verdict.UNSIGNED, defects=(Defect.UNSIGNED,))

    decision = decide(awaiting_signature(), came_back(answer=answer), POLICY, NOW)

    assert names(decision) == ["form_defects"]
    assert decision.letters[0].words["codes"] == ["UNSIGNED"]


def test_two_failed_rounds_become_a_call_by_staff() -> None:
    answer = returned(verdict=Verdict.UNSIGNED, defects=(Defect.UNSIGNED,))
    case = decide(awaiting_signature(), came_back(7, answer), POLICY, NOW).case

    decision = decide(case, came_back(8, answer), POLICY, NOW)

    assert TaskName.PHONE_PATIENT in {t.name for t in decision.case.tasks}


def test_what_is_unsure_always_goes_to_a_person() -> None:
    answer = returned(verdict=Verdict.UNSURE, defects=())

    decision = decide(awaiting_signature(), came_back(answer=answer), POLICY, NOW)

    assert set(names(decision)) == {"staff_review"}


def test_a_form_from_another_address_opens_a_review_and_confirms_nothing() -> None:
    event = came_back(sender="son@yahoo.com")

    decision = decide(awaiting_signature(), event, POLICY, NOW)

    assert decision.case.state == State.FORM_REVIEW
    assert not decision.case.confirmed
    assert to(decision, Role.PATIENT) == []


def test_missing_pages_are_collected_noted_and_then_asked_for() -> None:
    answer = returned(defects=(Defect.PAGE_MISSING,))
    case = decide(awaiting_signature(), came_back(answer=answer), POLICY, NOW).case
    soon = [d for d in deadlines(case, POLICY) if d.name.startswith("pages")]

    note = decide(case, e.DeadlinePassed(name=soon[0].name), POLICY, soon[0].at)
    asked = decide(note.case, e.DeadlinePassed(name=soon[1].name), POLICY, soon[1].at)

    assert soon[0].at - NOW == timedelta(minutes=15)
    assert soon[1].at - NOW == timedelta(days=2)
    assert (names(note), names(asked)) == (["form_pages"], ["form_defects"])


def test_a_claimed_form_without_a_file_brings_the_form_again() -> None:
    event = e.FormReturned(mail=mail(8), returned=returned(pages=(), verdict=Verdict.NOT_THE_FORM))

    decision = decide(awaiting_signature(), event, POLICY, NOW)

    assert names(decision) == ["send_form"]


# --- staff ---


def test_approve_releases_one_submission_to_each_exact_address_shown() -> None:
    decision = decide(in_review(), staff(APPROVE, shown=SHOWN), POLICY, LATER)

    [submission] = [x for x in decision.letters if x.to_role == Role.PROVIDER]
    assert submission.to == "archivo@faro.example"
    assert submission.not_before == LATER + POLICY.text_delay
    assert not submission.automatic
    assert to(decision, Role.PATIENT) == ["form_accepted"]


def test_approve_refuses_what_the_mail_that_was_answered_did_not_show() -> None:
    decision = decide(in_review(), staff(APPROVE, shown=("file:7.1",)), POLICY, LATER)

    assert decision.case.authorization is None
    assert to(decision, Role.PROVIDER) == []
    assert decision.letters[-1].words["lines"][0]["why"] == "changed_since_shown"


def test_approve_over_a_failed_check_asks_for_a_confirmation() -> None:
    bad = returned(checks=(Check(check=4, result=CheckResult.FAIL),))
    case = decide(awaiting_signature(), came_back(answer=bad), POLICY, NOW).case
    asked = decide(case, staff(APPROVE, shown=SHOWN), POLICY, LATER)
    code = asked.case.confirm_code

    confirm = Command(verb=Verb.CONFIRM, name=code)
    decision = decide(asked.case, staff(APPROVE, confirm, shown=SHOWN), POLICY, LATER)

    assert asked.case.authorization is None
    assert asked.letters[-1].words["lines"][0]["result"] == "waiting"
    assert decision.case.authorization is not None


def test_nothing_dangerous_runs_when_a_line_was_not_understood() -> None:
    event = staff(APPROVE, shown=SHOWN)
    odd = event.lines[0].model_copy(update={"command": None, "text": "aprove"})
    event = event.model_copy(update={"lines": (*event.lines, odd)})

    decision = decide(in_review(), event, POLICY, LATER)

    assert decision.case.authorization is None
    assert [x["result"] for x in decision.letters[-1].words["lines"]] == ["refused", "unknown"]


def test_undo_within_the_delay_takes_the_submission_back() -> None:
    case = decide(in_review(), staff(APPROVE, shown=SHOWN), POLICY, LATER).case

    undo = staff(Command(verb=Verb.UNDO), message=21)
    decision = decide(case, undo, POLICY, LATER + timedelta(minutes=2))

    assert decision.case.state == State.FORM_REVIEW
    assert decision.case.authorization is None
    assert "form-1-1" in decision.cancel


def test_undo_after_the_delay_is_refused() -> None:
    case = approved()

    undo = staff(Command(verb=Verb.UNDO), message=21)
    decision = decide(case, undo, POLICY, LATER + timedelta(minutes=6))

    assert decision.case.authorization is not None


def test_an_inexact_provider_is_a_question_and_gets_nothing() -> None:
    odd = FARO.model_copy(
        update={"matches": (FARO.matches[0].model_copy(update={"exact": False}),)}
    )
    case = decide(new_case(), request(matches=(odd,)), POLICY, NOW).case
    case = decide(case, came_back(), POLICY, NOW).case

    decision = decide(case, staff(APPROVE, shown=SHOWN), POLICY, LATER)

    assert to(decision, Role.PROVIDER) == []
    assert decision.case.state == State.RESOLVING_PROVIDERS


def test_a_choice_from_the_directory_releases_the_submission() -> None:
    odd = FARO.model_copy(
        update={"matches": (FARO.matches[0].model_copy(update={"exact": False}),)}
    )
    case = decide(new_case(), request(matches=(odd,)), POLICY, NOW).case
    case = decide(case, came_back(), POLICY, NOW).case
    case = decide(case, staff(APPROVE, shown=SHOWN), POLICY, LATER).case

    choose = provider(ProviderAction.CHOOSE, choice=1)
    shown = ("choice:1:1:archivo@faro.example",)
    decision = decide(case, staff(choose, message=22, shown=shown), POLICY, LATER)

    assert to(decision, Role.PROVIDER) == ["submission"]


def test_a_plain_reply_of_staff_is_a_note_and_is_answered_so() -> None:
    event = staff().model_copy(update={"note": "ok"})

    decision = decide(in_review(), event, POLICY, LATER)

    assert names(decision) == ["staff_answer"]
    assert decision.letters[0].words["note_only"]
    assert decision.case.authorization is None


def test_tell_patient_waits_for_undo_and_shows_what_will_be_sent() -> None:
    tell = Command(verb=Verb.TELL_PATIENT, words="We will call you tomorrow.")

    decision = decide(in_review(), staff(tell), POLICY, LATER)

    [letter] = [x for x in decision.letters if x.to_role == Role.PATIENT]
    assert letter.not_before == LATER + POLICY.text_delay
    assert decision.letters[-1].words["preview"] == "We will call you tomorrow."


# --- providers ---


def test_the_day_of_the_first_submission_is_when_the_server_took_it() -> None:
    assert approved().first_submission_at is None
    assert in_progress().first_submission_at == LATER
    assert in_progress().state == State.IN_PROGRESS


def test_a_silent_provider_is_asked_on_the_days_of_the_policy() -> None:
    case, seen, day = in_progress(), [], 0
    while day < 95:
        soon = deadlines(case, POLICY)[0]
        decision = decide(case, e.DeadlinePassed(name=soon.name), POLICY, soon.at)
        case, day = decision.case, (soon.at.date() - LATER.date()).days
        seen += [(day, n) for n in dict.fromkeys(names(decision)) if n != "status_note"]

    # sent on a Sunday night: two business days are Tuesday; Sundays wait for the office
    assert [n for _, n in seen] == [
        *("receipt_check", "follow_up", "follow_up", "follow_up"),
        *("day_thirty", *["staff_task"] * 4),
    ]


def test_the_patient_hears_after_fourteen_days_without_news_and_on_day_thirty() -> None:
    case, seen, day = in_progress(), [], 0
    while day < 60:
        soon = deadlines(case, POLICY)[0]
        decision = decide(case, e.DeadlinePassed(name=soon.name), POLICY, soon.at)
        case, day = decision.case, (soon.at.date() - LATER.date()).days
        seen += [(day, n) for n in to(decision, Role.PATIENT)]

    assert seen == [
        (14, "status_note"),
        (30, "day_thirty"),
        (44, "status_note"),
        (58, "status_note"),
    ]


def test_records_are_filed_and_delivered_and_the_case_closes() -> None:
    case = answered()
    commands = (provider(ProviderAction.COMPLETE), Command(verb=Verb.DELIVER, number=1))

    decision = decide(case, staff(*commands, message=40, shown=("file:7.1",)), POLICY, LATER)

    assert to(decision, Role.PATIENT) == ["delivery", "closed"]
    assert decision.case.result == Result.COMPLETED
    assert [a.file for a in decision.letters[0].attachments] == ["7.1"]
    assert all(f.delivered_at for f in decision.case.files)


def test_delivery_without_the_email_risk_initials_asks_for_a_confirmation() -> None:
    case = answered()
    plain = case.authorization.model_copy(update={"email_risk_accepted": False})
    case = replace(case, authorization=plain)
    deliver = Command(verb=Verb.DELIVER, number=1)

    decision = decide(case, staff(deliver, message=40, shown=("file:7.1",)), POLICY, LATER)

    assert to(decision, Role.PATIENT) == []
    assert decision.letters[-1].words["lines"][0]["why"] == "confirm:email_risk"


def test_files_that_staff_did_not_see_are_not_delivered() -> None:
    deliver = Command(verb=Verb.DELIVER, number=1)

    decision = decide(answered(), staff(deliver, message=40, shown=()), POLICY, LATER)

    assert to(decision, Role.PATIENT) == []


def test_a_case_does_not_close_while_files_are_undelivered() -> None:
    event = staff(provider(ProviderAction.COMPLETE), message=40)

    decision = decide(answered(), event, POLICY, LATER)

    assert decision.case.state == State.DELIVERING


def test_a_fee_is_put_to_the_patient() -> None:
    fee = provider(ProviderAction.FEE, words="850 MXN")

    decision = decide(answered(files=()), staff(fee, message=41), POLICY, LATER)

    assert to(decision, Role.PATIENT) == ["provider_needs"]
    assert decision.case.state == State.AWAITING_PATIENT


@pytest.mark.parametrize(
    ("states", "result"),
    [
        ((ProviderAction.NO_RECORD, ProviderAction.DENIED), Result.UNOBTAINABLE),
        ((ProviderAction.COMPLETE, ProviderAction.DENIED), Result.PARTIAL),
        ((ProviderAction.COMPLETE, ProviderAction.COMPLETE), Result.COMPLETED),
    ],
)
def test_the_result_of_the_case_follows_from_its_providers(states, result: Result) -> None:
    facts = COMPLETE.model_copy(update={"providers": ("Hospital Faro", "Clinica Mision")})
    case = decide(new_case(), request(facts, matches=(FARO, MISION)), POLICY, NOW).case
    case = decide(case, came_back(), POLICY, NOW).case
    case = decide(case, staff(APPROVE, shown=SHOWN), POLICY, NOW).case
    for number in (1, 2):
        sent = e.LetterSent(letter=LetterName.SUBMISSION, to_role=Role.PROVIDER, provider=number)
        case = decide(case, sent, POLICY, NOW).case
    commands = [provider(a, number=n) for n, a in enumerate(states, 1)]

    decision = decide(case, staff(*commands, message=50), POLICY, LATER)

    assert decision.case.result == result


def test_a_bounced_submission_marks_the_address_and_asks_staff() -> None:
    event = e.LetterBounced(letter=LetterName.SUBMISSION, to_role=Role.PROVIDER, provider=1)

    decision = decide(in_progress(), event, POLICY, LATER)

    assert decision.case.providers[0].state == ProviderState.NEEDS_STAFF
    assert not decision.case.providers[0].exact


def test_a_second_bounce_of_an_address_is_not_told_again() -> None:
    event = e.LetterBounced(letter=LetterName.SUBMISSION, to_role=Role.PROVIDER, provider=1)
    once = decide(in_progress(), event, POLICY, LATER)

    again = decide(once.case, event, POLICY, LATER)

    assert names(once)
    assert names(again) == []
    assert again.case.tasks == once.case.tasks


def test_a_submission_that_bounced_goes_to_the_address_that_staff_find() -> None:
    event = e.LetterBounced(letter=LetterName.SUBMISSION, to_role=Role.PROVIDER, provider=1)
    case = decide(in_progress(), event, POLICY, LATER).case
    found = provider(ProviderAction.ADDRESS, address="expedientes@faro.example")

    decision = decide(case, staff(found, message=50), POLICY, LATER)

    assert "submission" in names(decision)
    assert {x.to for x in decision.letters if x.name == LetterName.SUBMISSION} == {
        "expedientes@faro.example"
    }


# --- status, withdrawal, revocation ---


def test_the_status_goes_only_to_the_confirmed_address() -> None:
    proven = e.StatusAsked(mail=mail(5, proven=True))
    bare = e.StatusAsked(mail=mail(5))
    other = e.StatusAsked(mail=mail(5, sender="someone@yahoo.com", proven=True))

    assert names(decide(awaiting_signature(), proven, POLICY, NOW)) == ["status"]
    assert names(decide(awaiting_signature(), bare, POLICY, NOW)) == ["prove_address"]
    assert set(names(decide(awaiting_signature(), other, POLICY, NOW))) == {"staff_task"}


def test_a_withdrawal_by_the_confirmed_address_closes_at_once() -> None:
    event = e.RequestWithdrawn(mail=mail(6, proven=True))

    decision = decide(in_progress(), event, POLICY, LATER)

    assert decision.case.result == Result.WITHDRAWN
    assert "provider" in decision.cancel
    assert [d.name for d in deadlines(decision.case, POLICY)] == ["withdrawal_notice"]


def test_contacted_providers_are_told_of_a_withdrawal_after_five_business_days() -> None:
    case = decide(in_progress(), e.RequestWithdrawn(mail=mail(6)), POLICY, LATER).case
    soon = deadlines(case, POLICY)[0]

    decision = decide(case, e.DeadlinePassed(name=soon.name), POLICY, soon.at)

    assert names(decision) == ["provider_notice"]


def test_a_stranger_who_revokes_pauses_provider_mail_and_learns_nothing() -> None:
    event = e.RequestWithdrawn(mail=mail(6, sender="someone@yahoo.com"), revokes=True)

    decision = decide(in_progress(), event, POLICY, LATER)

    assert decision.pause == {"provider"}
    assert to(decision, Role.PATIENT) == ["revocation_received"]
    assert {x.to for x in decision.letters} == {decision.case.sender, *POLICY.staff_members}
    assert refusal(decision.case, LetterName.FOLLOW_UP, 1, POLICY, LATER)

    again = decide(decision.case, event, POLICY, LATER)
    assert to(again, Role.PATIENT) == []  # asked once a pause, however many write


def test_resume_ends_the_pause() -> None:
    event = e.RequestWithdrawn(mail=mail(6, sender="someone@yahoo.com"), revokes=True)
    case = decide(in_progress(), event, POLICY, LATER).case

    decision = decide(case, staff(Command(verb=Verb.RESUME), message=60), POLICY, LATER)

    assert decision.resume == {"provider"}
    assert refusal(decision.case, LetterName.FOLLOW_UP, 1, POLICY, LATER) == ""


def test_a_revocation_by_the_confirmed_address_is_final_and_tells_the_provider() -> None:
    event = e.RequestWithdrawn(mail=mail(6, proven=True), revokes=True)

    decision = decide(in_progress(), event, POLICY, LATER)

    assert decision.case.result == Result.REVOKED
    assert to(decision, Role.PROVIDER) == ["provider_notice"]
    assert refusal(decision.case, LetterName.SUBMISSION, 1, POLICY, LATER)


def test_staff_confirm_a_revocation_by_the_code_of_its_task() -> None:
    event = e.RequestWithdrawn(mail=mail(6, sender="someone@yahoo.com"), revokes=True)
    case = decide(in_progress(), event, POLICY, LATER).case
    code = f"C{case.tasks[-1].n}"

    confirm = staff(Command(verb=Verb.CONFIRM, name=code), message=61)
    decision = decide(case, confirm, POLICY, LATER)

    assert decision.case.result == Result.REVOKED


def test_a_revoked_case_reopens_for_nobody() -> None:
    event = e.RequestWithdrawn(mail=mail(6, proven=True), revokes=True)
    case = decide(in_progress(), event, POLICY, LATER).case

    wrote = decide(case, e.PersonWrote(mail=mail(70)), POLICY, LATER)
    reopen = decide(case, staff(Command(verb=Verb.REOPEN), message=71), POLICY, LATER)

    assert wrote.case.state == reopen.case.state == State.CLOSED
    assert set(to(wrote, Role.STAFF)) == {"staff_task"}


def test_a_reply_reopens_a_closed_case_and_thanks_do_not() -> None:
    case = decide(awaiting_signature(), e.RequestWithdrawn(mail=mail(6, proven=True)), POLICY, NOW)
    thanks = e.PersonWrote(mail=mail(7, first_words="Thank you so much!"))
    more = e.PersonWrote(mail=mail(8, first_words="I changed my mind, please go on with it."))

    assert decide(case.case, thanks, POLICY, LATER).case.state == State.CLOSED
    assert decide(case.case, more, POLICY, LATER).case.state == State.AWAITING_SIGNATURE


def test_a_machine_moves_nothing() -> None:
    for case in (awaiting_signature(), in_progress()):
        decision = decide(case, e.MachineAnswered(mail=mail(9)), POLICY, LATER)

        assert decision.letters == ()
        assert decision.case == case


# --- every pair ---

EVENTS = (
    request(),
    request(doubtful(), message=2),
    e.FactsAdded(mail=mail(2), facts=Facts(patient_name="Ana Prueba Ramos")),
    came_back(),
    came_back(8, returned(verdict=Verdict.UNSIGNED, defects=(Defect.UNSIGNED,))),
    e.StatusAsked(mail=mail(5, proven=True)),
    e.RequestWithdrawn(mail=mail(6, proven=True)),
    e.RequestWithdrawn(mail=mail(6, sender="x@yahoo.com"), revokes=True),
    e.ProviderAnswered(mail=mail(30, sender="archivo@faro.example", files=(FILE,)), provider=1),
    e.PersonWrote(mail=mail(9)),
    e.MachineAnswered(mail=mail(9)),
    e.LetterBounced(letter=LetterName.SUBMISSION, to_role=Role.PROVIDER, provider=1),
    e.LetterBounced(letter=LetterName.STATUS, to_role=Role.PATIENT),
    e.LetterSent(letter=LetterName.SUBMISSION, to_role=Role.PROVIDER, provider=1),
    e.StaffWroteByHand(message=3, to_role=Role.PROVIDER, provider=1),
    e.DeadlinePassed(name="promise:5"),
    e.OperatorDecided(action="release"),
    *(
        staff(Command(verb=verb, number=1, name="withdrawn", words="w"))
        for verb in Verb
        if verb != Verb.PROVIDER
    ),
    *(
        staff(provider(action, name="n", words="w", address="a@b.example"))
        for action in ProviderAction
    ),
)


def cases() -> list[Case]:
    withdrawn = decide(in_progress(), e.RequestWithdrawn(mail=mail(6)), POLICY, LATER).case
    return [
        decide(new_case(), request(trust=Trust.FAILED), POLICY, NOW).case,
        decide(new_case(), request(doubtful()), POLICY, NOW).case,
        awaiting_signature(),
        in_review(),
        approved(),
        in_progress(),
        answered(),
        decide(answered(files=()), staff(provider(ProviderAction.FEE)), POLICY, LATER).case,
        decide(answered(), staff(provider(ProviderAction.COMPLETE)), POLICY, LATER).case,
        withdrawn,
    ]


def test_the_cases_of_the_pairs_stand_in_every_state() -> None:
    assert {case.state for case in cases()} == set(State) - {State.PURGED}


@pytest.mark.parametrize("number", range(10))
def test_every_event_in_every_state_is_decided_and_forgets_nobody(number: int) -> None:
    case = cases()[number]
    for first, second in itertools.product(EVENTS, repeat=2):
        decision = decide(case, first, POLICY, LATER)
        decision = decide(decision.case, second, POLICY, LATER)

        after = decision.case
        assert after.state == State.CLOSED or after.tasks or deadlines(after, POLICY)
        assert whose_turn(after)
        for letter in decision.letters:
            if letter.to_role == Role.PROVIDER:
                assert not refusal(after, letter.name, letter.provider, POLICY, LATER)
