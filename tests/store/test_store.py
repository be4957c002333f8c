from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from tests.casework.made import (
    ANA,
    NOW,
    POLICY,
    REF,
    SHOWN,
    came_back,
    new_case,
    request,
    returned,
    staff,
)
from tests.casework.test_decide import APPROVE

from mmx_mailflow.casework.case import Case, State
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import Event
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Kind, Outcome, Role
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import caps, cases, journal, messages, outbox, shapes, tables
from mmx_mailflow.store.engine import CaseMovedError, SchemaOldError, Store, open_store
from mmx_mailflow.store.vault import (
    KeyFileError,
    KeyWrongError,
    create_key_file,
    load_keys,
    seal,
    unseal,
)

pytestmark = pytest.mark.enable_socket
RAW = b"From: ana.prueba@gmail.com\r\nMessage-ID: <m1@gmail.com>\r\n\r\nCanaria Secreta\r\n"


def fetched(uid: int, raw: bytes | None = RAW) -> messages.Fetched:
    return messages.Fetched(uid=uid, received_at=NOW, size=len(raw or b""), raw=raw)


def keep(store: Store, *uids: int, validity: int = 7) -> int:
    with store.begin() as connection:
        batch = [fetched(uid) for uid in uids]
        return messages.keep(connection, store.keys, "records", "INBOX", validity, batch, NOW)


def written(name: LetterName, number: int = 1, role: Role = Role.PATIENT) -> outbox.Composed:
    return outbox.Composed(
        message_id=f"<{name}{number}@office.example>",
        business_key=f"{REF}/{name}/{role}/{number}",
        letter=name,
        to_role=role,
        provider=1 if role == Role.PROVIDER else 0,
        occasion=str(number),
        recipient=ANA,
        reply_code=f"CODE{number}{name}",
        raw=b"letter to Canaria Secreta",
        shows=("file:7.1",),
    )


def happen(
    store: Store, event: Event, letters: list[outbox.Composed] = (), case: Case | None = None
) -> Case:
    with store.begin() as connection:
        before = None if case else cases.load(connection, store.keys, REF)
        decision = decide(case or before.case, event, POLICY, NOW)
        recording = cases.Recording(
            before=before, event=event, decision=decision, letters=letters, actor="mail"
        )
        cases.record(connection, store.keys, recording, POLICY, NOW)
    return decision.case


def opened(store: Store) -> Case:
    return happen(store, request(), [written(LetterName.ACKNOWLEDGE)], new_case())


# --- keys ---


def test_a_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    create_key_file(tmp_path / "key")

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_keys(tmp_path / "key")


@pytest.mark.parametrize("content", ["", "# only words\n", "ab not-base64!\n", "ab QUJD\n"])
def test_a_damaged_key_file_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(KeyFileError):
        load_keys(path)


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    create_key_file(tmp_path / "key")

    with pytest.raises(FileExistsError):
        create_key_file(tmp_path / "key")


def test_a_seal_opens_only_in_its_own_place() -> None:
    key = os.urandom(32)
    sealed = seal(key, b"words", "cases.sealed/A")

    assert unseal(key, sealed, "cases.sealed/A") == b"words"
    for other, where in ((key, "cases.sealed/B"), (os.urandom(32), "cases.sealed/A")):
        with pytest.raises(KeyWrongError):
            unseal(other, sealed, where)


def test_another_key_file_is_refused_and_nothing_changes(
    store: Store, url: str, tmp_path: Path
) -> None:
    keep(store, 1)
    create_key_file(tmp_path / "other")

    with pytest.raises(KeyWrongError):
        open_store(url, load_keys(tmp_path / "other"), data_path("migrations"))
    assert keep(store, 1) == 0


# --- schema ---


def test_the_migrations_make_the_tables_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, tables.metadata)

    assert found == []


def test_an_old_schema_is_refused_with_the_remedy(store: Store, url: str) -> None:
    with store.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0000'"))

    with pytest.raises(SchemaOldError, match="db upgrade"):
        open_store(url, store.keys, data_path("migrations"))


def test_the_database_refuses_a_submission_without_an_accepted_authorization(store: Store) -> None:
    opened(store)
    statement = text(
        "insert into submissions (ref, provider, number, issue, outbox_id)"
        f" values ('{REF}', 1, 1, 1, 1)"
    )

    with pytest.raises(IntegrityError), store.begin() as connection:
        connection.execute(statement)


# --- the ledger ---


def test_a_mail_is_entered_once_whatever_is_fetched_again(store: Store) -> None:
    assert keep(store, 1, 2) == 2
    assert keep(store, 1, 2, 3) == 1
    with store.begin() as connection:
        assert messages.last_uid(connection, "records", "INBOX", 7) == 3
        assert messages.entered_uids(connection, "records", "INBOX", 7) == {1, 2, 3}


def test_a_new_uidvalidity_starts_again(store: Store) -> None:
    keep(store, 1)

    assert keep(store, 1, validity=8) == 1
    with store.begin() as connection:
        assert messages.last_uid(connection, "records", "INBOX", 9) == 0


def test_a_kept_mail_comes_back_byte_by_byte(store: Store) -> None:
    keep(store, 1)
    with store.begin() as connection:
        [number] = messages.waiting(connection, NOW, 10)
        kept = messages.load(connection, store.keys, number)

    assert kept.raw == RAW
    assert kept.whole


def test_a_settled_mail_no_longer_waits_and_opens_with_the_key_of_its_case(store: Store) -> None:
    keep(store, 1)
    opened(store)
    done = messages.Settled(outcome=Outcome.HANDLED, why="w", kind=Kind.REQUEST, ref=REF)
    with store.begin() as connection:
        [number] = messages.waiting(connection, NOW, 10)
        messages.settle(connection, store.keys, number, done, NOW)
        assert messages.waiting(connection, NOW, 10) == []
        assert messages.load(connection, store.keys, number).raw == RAW
        connection.execute(update(tables.cases).values(wrapped_key=b"\x01" + bytes(60)))
        with pytest.raises(KeyWrongError):
            messages.load(connection, store.keys, number)


def test_three_failures_park_a_mail(store: Store) -> None:
    keep(store, 1)
    with store.begin() as connection:
        results = [messages.failed(connection, 1, "w", NOW) for _ in range(3)]
        [row] = messages.listing(connection, store.keys)

    assert results == [False, False, True]
    assert row["outcome"] == "parked"


def test_the_same_mail_delivered_twice_is_known_by_id_and_content(store: Store) -> None:
    keep(store, 1, 2, 3)
    with store.begin() as connection:
        first = messages.identify(connection, store.keys, 1, "<a@b.example>", "c1")
        again = messages.identify(connection, store.keys, 2, "<a@b.example>", "c1")
        other = messages.identify(connection, store.keys, 3, "<a@b.example>", "c2")
        [row, *_] = messages.listing(connection, store.keys)

    assert (first, again, other) == (None, 1, None)
    assert row["message_id"] == "<a@b.example>"


def test_handled_mails_are_filed_once(store: Store) -> None:
    keep(store, 1, 2)
    with store.begin() as connection:
        done = messages.Settled(outcome=Outcome.JUNK, why="w")
        held = messages.Settled(outcome=Outcome.HELD, why="w")
        messages.settle(connection, store.keys, 1, done, NOW)
        messages.settle(connection, store.keys, 2, held, NOW)
        rows = messages.to_file(connection, "records", 10)
        messages.filed(connection, [1], NOW)
        messages.filed(connection, [2], NOW, vanished=True)

        assert [(r.uid, r.review) for r in rows] == [(1, False), (2, True)]
        assert messages.to_file(connection, "records", 10) == []


# --- cases ---


def test_a_case_comes_back_as_it_was_recorded(store: Store) -> None:
    case = opened(store)
    with store.begin() as connection:
        assert cases.load(connection, store.keys, REF).case == case
        assert cases.listing(connection, store.keys) == [case]


def test_two_hands_on_one_case_do_not_overwrite_each_other(store: Store) -> None:
    opened(store)
    with store.begin() as connection:
        stale = cases.load(connection, store.keys, REF)
    happen(store, came_back())
    decision = decide(stale.case, came_back(9), POLICY, NOW)
    late = cases.Recording(
        before=stale, event=came_back(9), decision=decision, letters=(), actor="mail"
    )

    with pytest.raises(CaseMovedError), store.begin() as connection:
        cases.record(connection, store.keys, late, POLICY, NOW)
    with store.begin() as connection:
        assert cases.load(connection, store.keys, REF).version == 2


def test_a_case_is_found_by_token_letter_sender_and_reference(store: Store) -> None:
    opened(store)
    name = LetterName.ACKNOWLEDGE
    with store.begin() as connection:
        [code] = cases.by_codes(connection, store.keys, ["WRONG", f"CODE1{name}"])
        [letter] = cases.by_message_ids(
            connection, store.keys, ["<x@y.example>", f"<{name}1@office.example>"]
        )
        [sender] = cases.by_sender(connection, store.keys, ANA.upper())
        [reference] = cases.by_references(connection, [REF])

    assert {code.ref, letter.ref, sender.ref, reference.ref} == {REF}
    assert code.recipient == letter.recipient == ANA
    assert letter.shows == ("file:7.1",)
    assert sender.recipient == reference.recipient == ""


def test_cases_are_due_when_their_soonest_deadline_has_passed(store: Store) -> None:
    opened(store)
    with store.begin() as connection:
        assert cases.due(connection, NOW, 10) == []
        assert cases.due(connection, NOW + timedelta(days=9), 10) == [REF]


def test_an_approval_leaves_an_authorization_and_a_submission(store: Store) -> None:
    opened(store)
    happen(store, came_back())
    letter = replace(written(LetterName.SUBMISSION, 1, Role.PROVIDER), occasion="form-1-1")
    happen(store, staff(APPROVE, shown=SHOWN), [letter])

    with store.begin() as connection:
        row = connection.execute(select(tables.submissions)).one()
    assert (row.ref, row.provider, row.issue) == (REF, 1, 1)


# --- the journal ---


def history(store: Store) -> None:
    opened(store)
    happen(store, came_back())
    happen(store, staff(APPROVE, shown=SHOWN))


def test_a_case_rebuilt_from_its_journal_equals_its_row(store: Store) -> None:
    history(store)
    with store.begin() as connection:
        rebuilt = journal.rebuild(connection, store.keys, REF)
        told = [
            f"{x.before} > {x.after}: {x.because}"
            for x in journal.lines(connection, store.keys, REF)
        ]

        assert rebuilt == cases.load(connection, store.keys, REF).case
        assert journal.faults(connection, store.keys, REF) == []
    assert told == [
        "triage > awaiting_signature: the request is complete",
        "awaiting_signature > form_review: the form is complete",
        "form_review > resolving_providers: staff replied: 1 of 1 lines done",
    ]


TAMPERING = {
    "edited": lambda t: update(t).where(t.c.seq == 2).values(because="other words"),
    "words changed": lambda t: update(t).where(t.c.seq == 2).values(sealed=b"\x01" + bytes(40)),
    "deleted": lambda t: delete(t).where(t.c.seq == 2),
    "truncated": lambda t: delete(t).where(t.c.seq == 3),
    "reordered": lambda t: update(t).where(t.c.seq == 2).values(seq=9),
}


def test_a_journal_rewritten_whole_without_the_key_shows(store: Store) -> None:
    history(store)
    with store.begin() as connection:
        table, previous = tables.journal, journal.START
        for row in connection.execute(select(table).order_by(table.c.seq)).all():
            line = dict(row._mapping) | {"because": "other words", "previous": previous}
            previous = journal._hash(bytes(32), line)
            values = {"because": "other words", "previous": line["previous"], "hash": previous}
            connection.execute(update(table).where(table.c.seq == row.seq).values(**values))
        connection.execute(update(tables.cases).values(journal_head=previous))

        assert journal.chain_faults(connection, REF) == []
        assert journal.faults(connection, store.keys, REF) == [f"{REF}: line 1 was changed"]


@pytest.mark.parametrize("how", TAMPERING)
def test_a_journal_shows_that_it_was_tampered_with(store: Store, how: str) -> None:
    history(store)
    with store.begin() as connection:
        connection.execute(TAMPERING[how](tables.journal))

        assert journal.faults(connection, store.keys, REF)


def test_a_case_changed_past_its_journal_is_found(store: Store) -> None:
    history(store)
    with store.begin() as connection:
        stored = cases.load(connection, store.keys, REF)
        key = messages.case_key(connection, store.keys, REF)
        forged = replace(stored.case, state=State.CLOSED)
        sealed = seal(key, shapes.dumped(forged), f"cases.sealed/{REF}")
        connection.execute(update(tables.cases).values(sealed=sealed))

        assert journal.faults(connection, store.keys, REF) == [
            f"{REF}: the case differs from its journal"
        ]


# --- the outbox ---


def test_a_business_key_is_queued_once(store: Store) -> None:
    opened(store)
    again = replace(written(LetterName.ACKNOWLEDGE), message_id="<other@office.example>")
    with store.begin() as connection:
        assert outbox.queue(connection, store.keys, REF, [again], NOW) == 0
        assert len(outbox.listing(connection)) == 1


def test_a_letter_is_claimed_by_one_hand_and_sent_with_its_proof(store: Store) -> None:
    opened(store)
    with store.begin() as connection:
        [number] = outbox.due(connection, NOW, 10)
        letter = outbox.claim(connection, store.keys, number, NOW)
        assert outbox.claim(connection, store.keys, number, NOW) is None
        outbox.sent(connection, number, "250 queued as 1A", NOW)
        [row] = outbox.listing(connection, "sent")

    assert letter.recipient == ANA
    assert letter.raw == b"letter to Canaria Secreta"
    assert (row["attempts"], row["reply"]) == (1, "250 queued as 1A")


@pytest.mark.parametrize(("data", "state"), [(False, "waiting"), (True, "uncertain")])
def test_a_claim_that_a_crash_left_is_offered_again_or_looked_up(
    store: Store, data: bool, state: str
) -> None:
    opened(store)
    with store.begin() as connection:
        outbox.claim(connection, store.keys, 1, NOW)
        if data:
            outbox.data_begins(connection, 1, NOW)
    with store.begin() as connection:
        assert outbox.recover(connection, NOW, all_claims=True) == 1
        assert [row["state"] for row in outbox.listing(connection)] == [state]


def test_letters_are_taken_back_by_role_and_by_occasion(store: Store) -> None:
    opened(store)
    provider = written(LetterName.FOLLOW_UP, 5, Role.PROVIDER)
    with store.begin() as connection:
        outbox.queue(connection, store.keys, REF, [provider], NOW)
        outbox.change(connection, REF, frozenset({"provider"}), "waiting", "paused")
        assert [r["state"] for r in outbox.listing(connection)] == ["waiting", "paused"]
        outbox.change(connection, REF, frozenset({"1"}), "waiting", "cancelled")
        assert [r["state"] for r in outbox.listing(connection)] == ["cancelled", "paused"]


def test_answers_to_a_sender_are_counted(store: Store) -> None:
    opened(store)
    with store.begin() as connection:
        assert caps.answers(connection, store.keys, ANA, NOW) == 1
        assert caps.answers(connection, store.keys, "x@y.example", NOW) == 0


# --- at rest ---


def test_nothing_personal_can_be_read_in_the_files_of_the_database(
    tmp_path: Path, keys: object
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/mail.db", keys, data_path("migrations"))
    keep(store, 1)
    history(store)
    with store.begin() as connection:
        messages.identify(connection, store.keys, 1, "<m1@gmail.com>", "c")
    canaries = [b"Canaria", b"ana.prueba", b"Prueba Demo", b"1980-03-25", b"Faro", b"m1@gmail"]
    content = b"".join(path.read_bytes() for path in tmp_path.glob("mail.db*"))
    store.close()

    assert REF.encode() in content
    assert [c for c in canaries if c in content] == []
    assert hashlib.sha256(RAW).hexdigest().encode() not in content


def test_a_time_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="without zone"), store.begin() as connection:
        connection.execute(
            insert(tables.folders).values(
                mailbox="m",
                folder="f",
                uidvalidity=1,
                last_uid=1,
                seen_at=NOW.replace(tzinfo=None),
            )
        )


def test_the_journal_tells_of_a_return_without_its_pictures(store: Store) -> None:
    opened(store)
    blank = returned()
    [page] = blank.pages
    shown = page.places[0].model_copy(update={"picture": "QUJD"})
    pages = (page.model_copy(update={"places": (shown,)}),)
    happen(store, came_back(answer=blank.model_copy(update={"pages": pages})))
    with store.begin() as connection:
        line = journal.lines(connection, store.keys, REF)[-1]
        case = cases.load(connection, store.keys, REF).case

    assert any(x.picture for p in case.returns[-1].returned.pages for x in p.places)
    assert line.kind == "form_returned"
    assert '"picture"' not in json.dumps(line.words)
