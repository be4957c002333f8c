from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update
from tests.casework.made import (
    ANA,
    NOW,
    POLICY,
    REF,
    SHOWN,
    came_back,
    mail,
    new_case,
    request,
    staff,
)
from tests.casework.test_decide import APPROVE
from tests.store.test_store import fetched, happen, keep, written

from mmx_mailflow.casework.case import ReceivedFile, State
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import FileNote, PersonWrote
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Kind, Outcome, Role
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.strip import without_files
from mmx_mailflow.settings import Retention
from mmx_mailflow.store import (
    cases,
    ledger,
    messages,
    outbox,
    purge,
    removals,
    retention,
    shapes,
    tables,
)
from mmx_mailflow.store.engine import Store
from mmx_mailflow.store.vault import unseal

pytestmark = pytest.mark.enable_socket
OTHER = b"From: x@y.example\r\n\r\nanother mail\r\n"
LATER = NOW + timedelta(days=400)


def full_case(store: Store) -> None:
    """Mails, one of them delivered again, letters to both sides, a returned form, a submission."""
    keep(store, 1, 2)
    with store.begin() as connection:
        batch = [fetched(3, OTHER)]
        messages.keep(connection, store.keys, "records", "INBOX", 7, batch, NOW)
    happen(store, request(), [written(LetterName.ACKNOWLEDGE)], new_case())
    happen(store, came_back())
    letter = replace(written(LetterName.SUBMISSION, 1, Role.PROVIDER), occasion="form-1-1")
    happen(store, staff(APPROVE, shown=SHOWN), [letter])
    with store.begin() as connection:
        for number in (1, 2):
            messages.identify(connection, store.keys, number, "<m1@gmail.com>", "c1")
        own = messages.Settled(outcome=Outcome.HANDLED, why="its case", kind=Kind.REQUEST, ref=REF)
        messages.settle(connection, store.keys, 1, own, NOW)
        twin = messages.Settled(outcome=Outcome.DUPLICATE, why="the same mail as number 1")
        messages.settle(connection, store.keys, 2, twin, NOW)
        letters = connection.scalars(select(tables.outbox.c.id))
        for number in letters.all():
            outbox.sent(connection, number, "250 ok", NOW)


def close(store: Store, **changes: object) -> None:
    """The case as if it were closed at NOW; its row only, the journal does not matter here."""
    with store.begin() as connection:
        stored = cases.load(connection, store.keys, REF)
        case = replace(stored.case, state=State.CLOSED, closed_at=NOW, **changes)
        key = messages.case_key(connection, store.keys, REF)
        sealed = cases.seal(key, shapes.dumped(case), f"cases.sealed/{REF}")
        connection.execute(
            update(tables.cases).values(state="closed", closed_at=NOW, sealed=sealed)
        )


def purged(store: Store, rule: str = "asked") -> purge.Gone:
    with store.begin() as connection:
        return purge.purge(connection, store.keys, REF, rule, LATER)


def personal_bytes(store: Store) -> list[bytes]:
    """Everything in the rows of the case that is sealed, wrapped or keyed."""
    wanted = (
        (tables.cases, ("wrapped_key", "sealed", "patient_key")),
        (tables.messages, ("wrapped_key", "sealed", "sealed_id", "message_key", "sha256")),
        (tables.people, ("address_key",)),
        (tables.tokens, ("code_key", "sealed_recipient")),
        (tables.outbox, ("recipient_key", "sealed_recipient", "sealed", "message_id")),
        (tables.journal, ("sealed",)),
    )
    found = []
    with store.begin() as connection:
        for table, names in wanted:
            for row in connection.execute(select(table)):
                if table is tables.messages and row.id == 3:
                    continue
                values = [getattr(row, name) for name in names]
                found += [v.encode() if isinstance(v, str) else bytes(v) for v in values if v]
    # The start of a long seal is enough, and lies within one page of the file.
    return [value[:60] for value in found if len(value) > 8]


# --- what goes and what stays ---


def test_a_purged_case_leaves_a_stub_that_tells_nothing(store: Store) -> None:
    full_case(store)
    close(store)
    gone = purged(store, "case_years")

    assert (gone.mails, gone.letters) == (2, 2)
    assert "<m1@gmail.com>" in gone.message_ids
    with store.begin() as connection:
        row = connection.execute(select(tables.cases)).one()
        assert (row.state, row.wrapped_key, row.sealed) == ("purged", b"", b"")
        assert cases.load(connection, store.keys, REF) is None
        assert cases.listing(connection, store.keys) == []
        assert cases.by_references(connection, [REF]) == []
        assert cases.by_sender(connection, store.keys, ANA) == []
        assert cases.by_codes(connection, store.keys, ["CODE1acknowledge"]) == []
        ids = ["<acknowledge1@office.example>"]
        assert outbox.by_message_ids(connection, store.keys, ids) == []
        lines = connection.execute(select(tables.journal)).all()
        assert {(x.because, x.letters, x.actor, x.sealed) for x in lines} == {("", "", "", b"")}
        assert [s.rule for s in purge.stubs(connection)] == ["case_years"]
        assert purge.faults(connection, store.keys) == []


def test_the_ledger_keeps_a_row_with_its_outcome_for_each_purged_mail(store: Store) -> None:
    full_case(store)
    close(store)
    purged(store)

    with store.begin() as connection:
        rows = messages.listing(connection, store.keys)
        assert [row["outcome"] for row in rows] == ["handled", "duplicate", None]
        assert messages.load(connection, store.keys, 1).raw == b""
        assert messages.load(connection, store.keys, 3).raw == OTHER, "another's mail stays"


def test_the_key_that_was_kept_aside_opens_nothing_any_more(store: Store) -> None:
    full_case(store)
    close(store)
    with store.begin() as connection:
        key = messages.case_key(connection, store.keys, REF)
    purged(store)

    with store.begin() as connection:
        sealed = connection.scalars(select(tables.journal.c.sealed)).all()
    assert all(not s for s in sealed)
    with pytest.raises(Exception, match="wrong key"):
        unseal(key, sealed[0], f"journal.sealed/{REF}/1")


def test_the_files_of_the_database_forget_what_was_purged(store: Store, url: str) -> None:
    """SQLite: main file, write-ahead log and index; PostgreSQL: the tables that hold keys."""
    # The service has its own connection; without one SQLite would delete the log by itself.
    service = store.engine.raw_connection()
    service.cursor().execute("select count(*) from meta").fetchone()
    service.rollback()
    full_case(store)
    close(store)
    wanted = personal_bytes(store)
    if url.startswith("sqlite"):
        raw = files_of(url)
        assert all(value in raw for value in wanted), "this test sees nothing"
    purged(store)
    assert store.forget()

    if url.startswith("sqlite"):
        raw = files_of(url)
        assert [value for value in wanted if value in raw] == []
    else:
        with store.begin() as connection:
            rows = connection.execute(text("select relpages from pg_class where relname='tokens'"))
            assert rows.scalar() == 0, "the table was not written anew"
    service.close()


def files_of(url: str) -> bytes:
    path = url.removeprefix("sqlite:///")
    parts = [Path(path + more) for more in ("", "-wal", "-shm")]
    return b"".join(p.read_bytes() for p in parts if p.exists())


def test_a_purge_that_is_repeated_changes_nothing(store: Store) -> None:
    full_case(store)
    close(store)
    purged(store)
    again = purged(store, "other")

    assert (again.mails, again.letters) == (0, 0)
    with store.begin() as connection:
        assert [s.rule for s in purge.stubs(connection)] == ["asked"]


TAMPERING = {
    "date of the case": lambda: update(tables.cases).values(received_at=LATER),
    "outcome": lambda: update(tables.cases).values(outcome="revoked"),
    "rule": lambda: update(tables.purged).values(rule="other"),
    "record of the purge": lambda: delete(tables.purged),
    "line edited": lambda: (
        update(tables.journal).where(tables.journal.c.seq == 2).values(after="x")
    ),
    "line deleted": lambda: delete(tables.journal).where(tables.journal.c.seq == 2),
    "truncated": lambda: delete(tables.journal).where(tables.journal.c.seq == 3),
    "reordered": lambda: update(tables.journal).where(tables.journal.c.seq == 2).values(seq=9),
    "left over": lambda: insert(tables.people).values(
        address_key="a", ref=REF, role="patient", provider=0
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_a_stub_shows_that_it_was_tampered_with(store: Store, how: str) -> None:
    full_case(store)
    close(store)
    purged(store)
    with store.begin() as connection:
        connection.execute(TAMPERING[how]())

        assert purge.faults(connection, store.keys)


# --- what may not go ---


def test_an_open_case_a_held_one_and_one_that_is_being_sent_stay(store: Store) -> None:
    full_case(store)
    with store.begin() as connection:
        assert purge.obstacle(connection, REF) == "it is not closed"
    close(store)
    with store.begin() as connection:
        purge.hold(connection, REF, NOW)
        assert purge.obstacle(connection, REF) == "it is under a legal hold"
        purge.hold(connection, REF, NOW, lift=True)
        assert purge.obstacle(connection, REF) == ""
        connection.execute(update(tables.outbox).values(state="sending"))
        assert purge.obstacle(connection, REF) == "a letter is being sent"


# --- retention ---


def rules(store: Store, after: timedelta, **terms: int) -> list[str]:
    with store.begin() as connection:
        found = retention.due(connection, store.keys, Retention(**terms), NOW + after)
    return [d.rule for d in found]


def days(number: int) -> timedelta:
    return timedelta(days=number)


def test_a_case_with_an_authorization_is_kept_six_years_after_its_effect(store: Store) -> None:
    full_case(store)
    close(store)

    assert "case_years" not in rules(store, days(366 * 6))
    assert "case_years" in rules(store, days(366 * 7 + 2))


def test_a_case_without_an_accepted_form_is_kept_twelve_months(store: Store) -> None:
    happen(store, request(), [], new_case())
    close(store)

    assert rules(store, days(365)) == []
    assert rules(store, days(373)) == ["abandoned_months"]


def test_a_legal_hold_keeps_a_case_over_its_time(store: Store) -> None:
    happen(store, request(), [], new_case())
    close(store)
    with store.begin() as connection:
        purge.hold(connection, REF, NOW)

    assert rules(store, days(4000)) == []


def test_copies_of_records_go_thirty_days_after_they_were_sent(store: Store) -> None:
    full_case(store)
    delivered = NOW + days(2)
    file = ReceivedFile(
        id="1.2", provider=1, media_type="application/pdf", size=9, sha256="ab",
        received_at=NOW, delivered_at=delivered,
    )  # fmt: skip
    close(store, files=(file, replace_file(file, None)))
    assert rules(store, days(40), letters_days=900, held_days=900) == [], "one is not delivered"
    close(store, files=(file,))

    assert rules(store, days(31), letters_days=900, held_days=900) == []
    assert rules(store, days(33), letters_days=900, held_days=900) == ["records_days"]
    with store.begin() as connection:
        [part] = retention.due(
            connection, store.keys, Retention(held_days=900, letters_days=900), NOW + days(33)
        )
        purge.blank_mails(connection, store.keys, part.mails)
    assert rules(store, days(33), letters_days=900, held_days=900) == []
    with store.begin() as connection:
        assert cases.load(connection, store.keys, REF) is not None


def replace_file(file: ReceivedFile, delivered_at: object) -> ReceivedFile:
    return file.model_copy(update={"id": "1.3", "delivered_at": delivered_at})


def with_file(name: str, media_type: str) -> bytes:
    made = EmailMessage()
    made["From"], made["Message-ID"] = ANA, f"<{name}@gmail.com>"
    made.set_content("Here is what you asked for.")
    main, _, sub = media_type.partition("/")
    made.add_attachment(b"Canaria Secreta", maintype=main, subtype=sub, filename=name)
    return made.as_bytes()


SENT = (
    (request, "image/jpeg"),
    (request, "application/pdf"),
    (PersonWrote, "application/pdf"),
    (came_back, "image/jpeg"),
)
"""What comes with files: a picture and a letter beside a request, a paper alone, the form."""


def case_with_files(store: Store) -> None:
    for number, (event, media_type) in enumerate(SENT, 1):
        raw = with_file(f"f{number}", media_type)
        note = FileNote(id=f"{number}.1", media_type=media_type, size=9, sha256=f"{number}b" * 32)
        with store.begin() as connection:
            messages.keep(
                connection, store.keys, "records", "INBOX", 7, [fetched(number, raw)], NOW
            )
            messages.identify(connection, store.keys, number, f"<f{number}@gmail.com>", "c")
            before = cases.load(connection, store.keys, REF)
            came = event(mail=mail(number, files=(note,))) if event is PersonWrote else event()
            came = came.model_copy(update={"mail": mail(number, files=(note,), proven=True)})
            decision = decide(before.case if before else new_case(), came, POLICY, NOW)
            recording = cases.Recording(
                before=before,
                event=came,
                decision=decision,
                letters=[],
                actor="mail",
                message=number,
            )
            cases.record(connection, store.keys, recording, POLICY, NOW)
            done = messages.Settled(outcome=Outcome.HANDLED, why="its case", ref=REF)
            messages.settle(connection, store.keys, number, done, NOW)


def due_files(store: Store, after: timedelta) -> list[tuple[int, ...]]:
    with store.begin() as connection:
        found = retention.due(connection, store.keys, Retention(), NOW + after)
    return [d.files for d in found if d.rule == "identity_days"]


def test_copies_of_documents_go_thirty_days_after_the_case_closed_and_the_words_stay(
    store: Store,
) -> None:
    case_with_files(store)
    assert due_files(store, days(90)) == [], "the case is open"
    close(store)
    assert due_files(store, days(29)) == []
    assert due_files(store, days(31)) == [(1, 3)]

    with store.begin() as connection:
        gone = purge.strip_mails(connection, store.keys, (1, 3), without_files)
        kept = [messages.load(connection, store.keys, n) for n in (1, 2, 3, 4)]
    assert gone.message_ids == {"<f1@gmail.com>", "<f3@gmail.com>"}
    assert [b"Q2FuYXJpYSBTZWNyZXRh" in k.raw for k in kept] == [False, True, False, True]
    assert all("Here is what you asked for." in read(k.raw).text for k in kept)
    assert all(k.whole for k in kept)
    assert due_files(store, days(31)) == []
    with store.begin() as connection:
        assert ledger.faults(connection, store.keys) == []


def test_a_legal_hold_keeps_copies_of_documents(store: Store) -> None:
    case_with_files(store)
    close(store)
    with store.begin() as connection:
        purge.hold(connection, REF, NOW)

    assert due_files(store, days(400)) == []


def test_mail_and_letters_of_no_case_go_after_thirty_days(store: Store) -> None:
    keep(store, 1, 2)
    with store.begin() as connection:
        held = messages.Settled(outcome=Outcome.HELD, why="no thread")
        messages.settle(connection, store.keys, 1, held, NOW)
        outbox.queue(connection, store.keys, None, [written(LetterName.HOLDING_PEN)], NOW)
        connection.execute(update(tables.outbox).values(state="sent"))

    assert rules(store, days(29)) == []
    assert rules(store, days(31)) == ["held_days", "letters_days"]
    with store.begin() as connection:
        old = purge.old_mails(connection, NOW + days(31))
        assert old == [1], "a mail without an outcome stays"
        purge.blank_mails(connection, store.keys, old)
        purge.blank_letters(connection, purge.old_letters(connection, NOW + days(31)))
        assert (
            outbox.by_message_ids(connection, store.keys, ["<holding_pen1@office.example>"]) == []
        )
    assert rules(store, days(31)) == []


# --- the mail server ---


def test_a_removal_waits_sealed_and_is_forgotten_when_done(store: Store) -> None:
    with store.begin() as connection:
        ids = ["<m1@gmail.com>", "", "<m1@gmail.com>"]
        assert removals.ask(connection, store.keys, ["records", "two"], ids, NOW) == 1
        removals.ask(connection, store.keys, ["records"], ids, NOW)
        assert removals.count(connection) == 2
        [removal] = removals.asked(connection, store.keys, "records", 9)
        assert removal.message_id == "<m1@gmail.com>"
        row = connection.execute(select(tables.removals)).first()
        assert b"gmail" not in row.sealed_id
        removals.done(connection, removal.number)
        assert removals.asked(connection, store.keys, "records", 9) == []
