"""The whole program on one page: how a mail comes in, is decided, and an answer leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import structlog

from mmx_mailflow.arrivals import handle_message, note_sent_by_hand
from mmx_mailflow.casework.calendar import is_business_day
from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.events import DeadlinePassed, LetterBounced, LetterSent
from mmx_mailflow.casework.gate import outlived, refusal
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.turn import goes_to
from mmx_mailflow.casework.values import CaseId, Role
from mmx_mailflow.daily import DAILY_HOUR, daily_letters
from mmx_mailflow.office import Office, handle, note_tags, queue_plain, tell_staff
from mmx_mailflow.store import cases, ledger, messages, outbox
from mmx_mailflow.store.engine import CaseMovedError, Connection, StoreNotNowError
from mmx_mailflow.store.wrapping import know_codes
from mmx_mailflow.transport.errors import NeverError, NotGivenError, NotNowError, UncertainError
from mmx_mailflow.transport.imap import Mailbox
from mmx_mailflow.transport.smtp import Sender
from mmx_mailflow.transport.worker import StoppedError
from mmx_mailflow.withheld import BATCH_BYTES, ask_again, enter_withheld, rows_of

_MANY = 200
_TRIES = 5
_BACKOFF = (1, 2, 5, 10, 20, 40, 60)
"""Minutes before a letter that was refused for now is offered again, a quarter less at the most."""
_LONG = timedelta(hours=4)
"""A letter that was refused this long is told to staff."""
log = structlog.get_logger()


def keep_new(office: Office, mailbox: Mailbox) -> int:
    """Steps 1 and 2: fetch what is new and keep it (commit 1); return how many mails came.

    A mail that the server does not give is entered without its bytes and asked for again.
    """
    name, folder = mailbox.address.name, mailbox.address.folder
    validity = mailbox.select(folder).uidvalidity
    with office.store.begin() as connection:
        after = messages.last_uid(connection, name, folder, validity)
    entered = 0
    since, most = office.answer_since, office.max_message_bytes
    new = mailbox.uids(folder, after)
    try:
        batches = mailbox.fetch(new, since=since, batch_bytes=BATCH_BYTES, max_bytes=most)
        for batch in office.until_stopped(batches):
            rows, now = rows_of(office, batch), office.clock.now()
            with office.store.begin() as connection:
                entered += messages.keep(connection, office.keys, name, folder, validity, rows, now)
    except NotGivenError as error:
        enter_withheld(office, mailbox, validity, error)
        raise
    return entered + ask_again(office, mailbox, validity)


def handle_kept(office: Office) -> int:
    """Steps 3 to 9 for every mail that waits; one that fails does not stop the next."""
    with office.store.begin() as connection:
        know_codes(connection, office.keys)
        numbers = messages.waiting(connection, office.clock.now(), _MANY)
    for number in office.until_stopped(numbers):
        try:
            _again_when_moved(partial(handle_message, office, number))
        except (StoreNotNowError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001  three strikes park a mail; the next goes on
            _failed(office, number, error)
    return len(numbers)


def _again_when_moved(work: Callable[[], None]) -> None:
    """Two hands on one case: the later one decides again from the new case."""
    for _ in range(_TRIES):
        try:
            work()
        except CaseMovedError:
            continue
        return
    raise CaseMovedError("the case kept moving")


def _failed(office: Office, number: int, error: Exception) -> None:
    """Count a strike; the third parks the mail and tells staff. No word of the error is kept."""
    what = type(error).__name__
    with office.store.begin() as connection:
        parked = messages.failed(
            connection, number, f"failed three times: {what}", office.clock.now()
        )
        if parked:
            tell_staff(office, connection, "parked", f"parked-{number}", f"message {number}")
    log.error("could not handle", message=number, error=what, parked=parked)


def handle_due(office: Office) -> int:
    """Steps 7 to 9 for every deadline that has passed; staff hear of one that cannot be met."""
    with office.store.begin() as connection:
        refs = cases.due(connection, office.clock.now(), _MANY)
    for ref in office.until_stopped(refs):
        try:
            _again_when_moved(partial(_one_deadline, office, ref))
        except StoreNotNowError:
            raise
        except Exception as error:  # noqa: BLE001  one case must not keep the others waiting
            log.error("could not act on a deadline", case=ref, error=type(error).__name__)  # noqa: TRY400  a trace could hold a mail
            with office.store.begin() as connection:
                day = office.clock.now().date()
                tell_staff(office, connection, "deadline", f"deadline-{ref}-{day}", ref)
    return len(refs)


def _one_deadline(office: Office, ref: CaseId) -> None:
    now = office.clock.now()
    with office.store.begin() as connection:
        stored = cases.load(connection, office.keys, ref)
        if stored is None:
            return
        passed = [d for d in deadlines(stored.case, office.policy) if d.at <= now]
        if passed:
            handle(office, connection, stored, DeadlinePassed(name=passed[0].name), actor="clock")


def send_due(office: Office, sender: Sender) -> int:
    """Step 10: offer every due letter to the mail server; return how many it took."""
    now = office.clock.now()
    with office.store.begin() as connection:
        outbox.recover(connection, now, all_claims=False)
        numbers = outbox.due(connection, now, _MANY)
    done = sum(_send(office, sender, number) for number in office.until_stopped(numbers))
    _tell_of_old(office)
    return done


def _tell_of_old(office: Office) -> None:
    """Once a day an alarm for letters that are refused again and again."""
    now = office.clock.now()
    with office.store.begin() as connection:
        refs = outbox.old(connection, now - _LONG)
        if refs:
            tell_staff(office, connection, "smtp", f"waits-{now.date()}", ", ".join(refs))


def _send(office: Office, sender: Sender, number: int) -> bool:
    now = office.clock.now()
    with office.store.begin() as connection:  # commit 3: the attempt is counted
        letter = outbox.claim(connection, office.keys, number, now)
        if letter is None or _is_stopped(office, connection, letter):
            return False
    try:
        reply = sender.send(
            letter.raw,
            sender=office.policy.records_address,
            recipient=letter.recipient,
            copy_to=_copy_to(office, letter),
            on_data=lambda: _data_begins(office, number),
        )
    except NotNowError as refusal:
        _not_now(office, letter, refusal.code)
        return False
    except NeverError as refusal:
        _never(office, letter, refusal.code)
        return False
    except UncertainError:
        with office.store.begin() as connection:
            outbox.uncertain(connection, number, office.clock.now())
        return False
    _sent(office, letter, reply)
    return True


def _copy_to(office: Office, letter: outbox.Waiting) -> str | None:
    """Whom the envelope names beside the recipient: ourselves, but for what comes to us anyway."""
    wanted = office.own_copy == "envelope" and letter.letter != LetterName.PROBE
    return office.policy.records_address if wanted else None


def _is_stopped(office: Office, connection: Connection, letter: outbox.Waiting) -> bool:
    """The last look before a byte leaves: it may hold no longer (invariants 2 and 6)."""
    if letter.ref is None or letter.to_role == Role.STAFF:
        return False
    stored = cases.load(connection, office.keys, letter.ref)
    past = _past(stored.case, letter) if stored is not None else ""
    if past:
        outbox.cancelled(connection, letter.number, past)
        return True
    why = _gate(office, stored, letter) if letter.to_role == Role.PROVIDER else ""
    if why:
        outbox.cancelled(connection, letter.number, f"gate: {why}")
        tell_staff(office, connection, "gate", f"gate-{letter.number}", letter.ref)
    return bool(why)


def _past(case: Case, letter: outbox.Waiting) -> str:
    """What has overtaken a letter in the queue, if anything has."""
    if outlived(case, letter.letter, letter.to_role, letter.created_at):
        return "the case has ended"
    about = letter.to_role, letter.provider, letter.recipient
    if letter.to_role == Role.PROVIDER and not goes_to(case, *about):
        return "the provider has another address now"
    return ""


def _gate(office: Office, stored: cases.Stored | None, letter: outbox.Waiting) -> str:
    if stored is None:
        return "the case is not there"
    now = office.clock.now()
    return refusal(stored.case, letter.letter, letter.provider, office.policy, now)


def _data_begins(office: Office, number: int) -> None:
    """A crash after this commit leaves an uncertain letter, one before it a waiting one."""
    with office.store.begin() as connection:
        outbox.data_begins(connection, number, office.clock.now())


def _sent(office: Office, letter: outbox.Waiting, reply: str) -> None:
    """Commit 4: sent, and the case learns of the sendings that count for it."""

    def work() -> None:
        with office.store.begin() as connection:
            outbox.sent(connection, letter.number, reply, office.clock.now())
            _tell_case(office, connection, letter)

    _again_when_moved(work)


def _tell_case(
    office: Office, connection: Connection, letter: outbox.Waiting | outbox.Doubt
) -> None:
    counts = letter.letter == LetterName.SUBMISSION or letter.occasion.startswith("form-")
    stored = cases.load(connection, office.keys, letter.ref) if letter.ref and counts else None
    if stored is not None:
        event = LetterSent(
            letter=letter.letter,
            to_role=letter.to_role,
            provider=letter.provider,
            occasion=letter.occasion,
        )
        handle(office, connection, stored, event, actor="sender")


def _not_now(office: Office, letter: outbox.Waiting, code: str) -> None:
    pause = timedelta(minutes=_BACKOFF[min(letter.attempts, len(_BACKOFF)) - 1])
    # Letters that were refused together do not come back together.
    part = 1 - office.clock.draw(1)[0] / 255 / 4
    with office.store.begin() as connection:
        next_at = office.clock.now() + pause * part
        outbox.not_now(connection, letter.number, code, next_at)
    log.warning("letter refused for now", letter=letter.letter.value, case=letter.ref, code=code)


def _never(office: Office, letter: outbox.Waiting, code: str) -> None:
    """A final refusal is an event of the case, unless it writes elsewhere by now."""

    def work() -> None:
        with office.store.begin() as connection:
            outbox.refused(connection, letter.number, code)
            if letter.letter == LetterName.PROBE:
                note_tags(office, connection, work=False)
            stored = cases.load(connection, office.keys, letter.ref) if letter.ref else None
            about = letter.to_role, letter.provider, letter.recipient
            if stored is not None and goes_to(stored.case, *about):
                event = LetterBounced(
                    letter=letter.letter,
                    to_role=letter.to_role,
                    provider=letter.provider,
                    code=code,
                )
                handle(office, connection, stored, event, actor="sender")

    _again_when_moved(work)
    log.warning("letter refused", letter=letter.letter.value, case=letter.ref, code=code)


def look_up_uncertain(office: Office, mailboxes: Sequence[Mailbox]) -> int:
    """Look for uncertain letters among our own copies before anything is sent twice."""
    with office.store.begin() as connection:
        doubts = outbox.doubts(connection)
    for doubt in doubts:
        found = any(_has_copy(mailbox, doubt.message_id) for mailbox in mailboxes)
        _again_when_moved(partial(_resolve, office, doubt, found=found))
    return len(doubts)


def _has_copy(mailbox: Mailbox, message_id: str) -> bool:
    where = mailbox.address
    folders = (where.folder, where.sent_folder, where.filed_folder)
    return any(mailbox.find(folder, message_id) for folder in folders if folder)


def _resolve(office: Office, doubt: outbox.Doubt, *, found: bool) -> None:
    """Found: sent. Not found in time: the same bytes again, for a provider a staff question."""
    now = office.clock.now()
    with office.store.begin() as connection:
        ours = outbox.by_message_ids(connection, office.keys, [doubt.message_id])
        if not ours or ours[0].state != "uncertain":
            return
        if found:
            outbox.sent(connection, doubt.number, "found among our own copies", now)
            _tell_case(office, connection, doubt)
        elif now >= doubt.look_until and doubt.to_role == Role.PROVIDER:
            outbox.cancelled(connection, doubt.number, "uncertain: staff decide")
            tell_staff(
                office, connection, "uncertain", f"uncertain-{doubt.number}", doubt.ref or ""
            )
        elif now >= doubt.look_until:
            outbox.again(connection, doubt.number, now)


def file_handled(office: Office, mailbox: Mailbox) -> int:
    """Step 11: move handled mail to its folder and note it (commit 5)."""
    where = mailbox.address
    with office.store.begin() as connection:
        rows = messages.to_file(connection, where.name, _MANY)
    validity = mailbox.select(where.folder).uidvalidity if rows else 0
    for review, folder in ((False, where.filed_folder), (True, where.review_folder)):
        mine = [r for r in rows if r.review == review and r.uidvalidity == validity]
        here = set(mailbox.uids(where.folder)) if mine else set()
        moved = [r for r in mine if r.uid in here]
        if folder and moved:
            mailbox.move(where.folder, [r.uid for r in moved], folder)
        with office.store.begin() as connection:
            now = office.clock.now()
            gone = [r.number for r in mine if r.uid not in here]
            messages.filed(connection, [r.number for r in moved], now)
            messages.filed(connection, gone, now, vanished=True)
    stale = [r.number for r in rows if r.uidvalidity != validity]
    with office.store.begin() as connection:
        messages.filed(connection, stale, office.clock.now(), vanished=True)
    return len(rows)


def read_sent(office: Office, mailbox: Mailbox) -> int:
    """Look through what staff sent by hand from the shared mailbox; ours are skipped.

    Headers first: only a mail that goes to somebody of a case has a row and joins its thread.
    """
    where = mailbox.address
    if not where.sent_folder or not mailbox.exists(where.sent_folder):
        return 0
    state = mailbox.select(where.sent_folder)
    with office.store.begin() as connection:
        place = (where.name, where.sent_folder, state.uidvalidity)
        last = messages.last_uid(connection, *place)
        if not messages.is_known(connection, *place):
            messages.mark(connection, *place, max(0, state.uidnext - 1), office.clock.now())
            return 0
    uids = mailbox.uids(where.sent_folder, last)
    for uid, head in sorted(mailbox.headers(where.sent_folder, uids).items()):
        _again_when_moved(partial(note_sent_by_hand, office, place, uid, head))
    return len(uids)


def one_pass(office: Office, mailboxes: Sequence[Mailbox], sender: Sender) -> int:
    """Fetch, understand, act on what is due, send, file; return how much was done."""
    done = 0
    for mailbox in mailboxes:
        done += keep_new(office, mailbox)
        done += read_sent(office, mailbox)
    done += handle_kept(office) + handle_due(office) + handle_daily(office)
    done += look_up_uncertain(office, mailboxes) + send_due(office, sender)
    for mailbox in mailboxes:
        done += file_handled(office, mailbox)
    return done


def handle_daily(office: Office) -> int:
    """Close the ledger of every day that is over; once a business day, from 08:00, the letters.

    They are counts for the desk, held mail and junk for the members.
    """
    now = office.clock.now().astimezone(office.policy.zone())
    with office.store.begin() as connection:
        ledger.close(connection, office.keys, now)
    if now.hour < DAILY_HOUR or not is_business_day(now.date(), office.policy.holidays):
        return 0
    with office.store.begin() as connection:
        if outbox.has_occasion(connection, f"day-{now.date()}"):
            return 0
        return queue_plain(office, connection, daily_letters(office, connection, now))
