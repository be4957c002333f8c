"""The mark of what was fetched never passes a mail that was not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from mmx_mailflow.transport.errors import NotNowError
from mmx_mailflow.transport.imap import Mailbox, MailboxAddress

SINCE = datetime(2026, 11, 2, tzinfo=UTC)
OLD, NEW = SINCE - timedelta(days=1), SINCE + timedelta(days=1)


@dataclass
class Server:
    """A client as the library gives it, with mails by UID; it leaves out what it is told to."""

    mails: dict[int, datetime]
    left_out: set[tuple[int, str]] = field(default_factory=set)
    there: bool = True

    def select_folder(self, _: str) -> dict[bytes, int]:
        return {b"UIDVALIDITY": 1, b"UIDNEXT": max(self.mails) + 1, b"EXISTS": len(self.mails)}

    def search(self, words: list[str]) -> list[int]:
        start, _, end = words[1].partition(":")
        wanted = range(int(start), max(self.mails) + 1 if end else int(start) + 1)
        return [uid for uid in self.mails if uid in wanted and (end or self.there)]

    def fetch(self, uids: list[int], asked: list[str]) -> dict[int, dict[bytes, object]]:
        head = {u: {b"INTERNALDATE": self.mails[u], b"RFC822.SIZE": 5} for u in uids}
        body = {u: {b"BODY[]": b"words"} for u in uids}
        given = body if asked == ["BODY.PEEK[]"] else head
        kind = "body" if given is body else "head"
        return {u: item for u, item in given.items() if (u, kind) not in self.left_out}

    def logout(self) -> None: ...

    def shutdown(self) -> None: ...


def fetched(server: Server) -> list[list[int]]:
    mailbox = Mailbox(MailboxAddress(name="records", host="", port=0, security="none"))
    mailbox._client = server
    batches = mailbox.fetch(mailbox.uids("INBOX", 0), since=SINCE, batch_bytes=5, max_bytes=100)
    return [[mail.uid for mail in batch] for batch in batches]


def test_old_mail_with_a_high_uid_does_not_move_the_mark_past_new_mail() -> None:
    assert fetched(Server({1: NEW, 2: NEW, 3: OLD, 4: NEW})) == [[1], [2], [3, 4]]


@pytest.mark.parametrize("kind", ["head", "body"])
def test_a_mail_that_is_there_and_is_not_given_is_asked_for_again(kind: str) -> None:
    with pytest.raises(NotNowError):
        fetched(Server({1: NEW, 2: NEW}, left_out={(2, kind)}))


def test_what_came_before_a_mail_that_is_not_given_is_kept() -> None:
    mailbox = Mailbox(MailboxAddress(name="records", host="", port=0, security="none"))
    mailbox._client = Server({1: NEW, 2: NEW, 3: NEW}, left_out={(3, "body")})
    batches = mailbox.fetch(mailbox.uids("INBOX", 0), since=SINCE, batch_bytes=99, max_bytes=100)

    assert [mail.uid for mail in next(batches)] == [1, 2]
    with pytest.raises(NotNowError):
        next(batches)


@pytest.mark.parametrize("kind", ["head", "body"])
def test_a_mail_that_vanished_in_between_holds_up_nothing(kind: str) -> None:
    server = Server({1: NEW, 2: NEW, 3: NEW}, left_out={(2, kind)}, there=False)

    assert fetched(server) == [[1], [3]]
