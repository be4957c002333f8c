from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.servers.dovecot import Dovecot, running, taking_tokens
from tests.servers.postgres import free_port

from mmx_mailflow.transport.errors import LoginError, NotNowError
from mmx_mailflow.transport.imap import Arrived, Mailbox, MailboxAddress

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
THEN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def mail(number: int, size: int = 200) -> bytes:
    head = f"From: a@b.example\r\nMessage-ID: <n{number}@b.example>\r\nSubject: s\r\n\r\n"
    return head.encode() + (b"x" * 70 + b"\r\n") * (size // 72 + 1)


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with running() as dovecot:
        yield dovecot


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return f"u{abs(hash(request.node.name)) % 10**8}"


def fetched(box: Mailbox, after: int = 0, **changes: object) -> list[Arrived]:
    values = {"since": THEN - timedelta(days=1), "batch_bytes": 10**6, "max_bytes": 10**6}
    batches = box.fetch(box.uids("INBOX", after), **(values | changes))
    return [arrived for batch in batches for arrived in batch]


def test_mail_comes_with_its_time_of_receipt_and_byte_by_byte(server: Dovecot, user: str) -> None:
    server.append(mail(1), THEN, user)
    with Mailbox(server.address(user)) as box:
        [arrived] = fetched(box)

    assert (arrived.received_at, arrived.raw, arrived.whole) == (THEN, mail(1), True)


def test_only_what_came_after_the_last_uid_is_fetched(server: Dovecot, user: str) -> None:
    for number in (1, 2, 3):
        server.append(mail(number), THEN, user)
    with Mailbox(server.address(user)) as box:
        uids = [a.uid for a in fetched(box)]

        assert [a.uid for a in fetched(box, uids[1])] == uids[2:]
        assert fetched(box, uids[2]) == []


def test_fetching_marks_nothing_as_seen(server: Dovecot, user: str) -> None:
    server.append(mail(1), THEN, user)
    with Mailbox(server.address(user)) as box:
        fetched(box)
        flags = box._do("flags", "get_flags", box.uids("INBOX"))

    assert all(b"\\Seen" not in found for found in flags.values())


def test_batches_are_bounded_in_bytes(server: Dovecot, user: str) -> None:
    for number in range(6):
        server.append(mail(number, 3000), THEN, user)
    with Mailbox(server.address(user)) as box:
        batches = list(
            box.fetch(box.uids("INBOX", 0), since=THEN, batch_bytes=7000, max_bytes=10**6)
        )

    assert [len(batch) for batch in batches] == [3, 3]


def test_of_a_mail_above_the_limit_only_the_beginning_is_fetched(
    server: Dovecot, user: str
) -> None:
    server.append(mail(1, 300_000), THEN, user)
    with Mailbox(server.address(user)) as box:
        [arrived] = fetched(box, max_bytes=100_000)

    assert not arrived.whole
    assert len(arrived.raw) < 70_000
    assert arrived.raw.startswith(b"From: a@b.example")
    assert arrived.size > 300_000


def test_of_old_mail_only_its_place_is_fetched(server: Dovecot, user: str) -> None:
    server.append(mail(1), THEN - timedelta(days=30), user)
    with Mailbox(server.address(user)) as box:
        [arrived] = fetched(box)

    assert arrived.raw is None


def test_handled_mail_is_moved_to_folders_that_are_made(server: Dovecot, user: str) -> None:
    server.append(mail(1), THEN, user)
    server.append(mail(2), THEN, user)
    with Mailbox(server.address(user)) as box:
        box.ensure_folders()
        uids = box.uids("INBOX")
        box.move("INBOX", uids[:1], "Mailflow/Filed")

        assert box.uids("INBOX") == uids[1:]
        assert box.find("Mailflow/Filed", "<n1@b.example>")
        assert not box.find("Mailflow/Filed", "<n2@b.example>")
        assert not box.find("No/Such/Folder", "<n1@b.example>")


def test_a_prefix_and_another_separator_are_the_servers_own_matter() -> None:
    with running(separator=".", prefix="INBOX.") as other, Mailbox(other.address()) as box:
        box.ensure_folders()
        box.append("INBOX", mail(1), THEN)
        box.move("INBOX", box.uids("INBOX"), "Mailflow/Filed")

        assert box.server_name("Mailflow/Filed") == "INBOX.Mailflow.Filed"
        assert box.find("Mailflow/Filed", "<n1@b.example>")


@pytest.mark.parametrize(("extra", "left"), [("UIDPLUS", 1), ("", 2)])
def test_without_move_only_what_was_copied_is_expunged(extra: str, left: int) -> None:
    with running(capability=f"IMAP4rev1 NAMESPACE {extra}") as plain:
        with Mailbox(plain.address()) as box:
            box.ensure_folders()
            for number in (1, 2):
                box.append("INBOX", mail(number), THEN)
            uids = box.uids("INBOX")
            box.move("INBOX", uids[:1], "Mailflow/Filed")

            assert box.find("Mailflow/Filed", "<n1@b.example>")
            assert len(box.uids("INBOX")) == left


def test_idle_wakes_when_a_mail_comes(server: Dovecot, user: str) -> None:
    with Mailbox(server.address(user)) as box:
        late = threading.Timer(0.7, server.append, (mail(1), THEN, user))
        late.start()
        began = time.monotonic()
        news = box.wait(20, threading.Event())
        late.join()

    assert news
    assert time.monotonic() - began < 5


def test_waiting_ends_when_it_is_told_to_stop(server: Dovecot, user: str) -> None:
    stop = threading.Event()
    with Mailbox(server.address(user)) as box:
        threading.Timer(0.3, stop.set).start()
        began = time.monotonic()

        assert not box.wait(60, stop)
        assert time.monotonic() - began < 3


def test_a_wrong_password_is_a_login_error(server: Dovecot) -> None:
    with pytest.raises(LoginError, match="records"):
        Mailbox(server.address(password="wrong")).open()


def test_an_access_token_logs_in_where_xoauth2_is_set() -> None:
    with taking_tokens() as (server, token):
        good, late = token("records"), token("records", ends=-60)
        with Mailbox(server.address(password=good, auth="xoauth2")) as box:
            assert box.exists("INBOX")
        for wrong in (late, good[:-9] + "forgedone"):
            with pytest.raises(LoginError, match="records"):
                Mailbox(server.address(password=wrong, auth="xoauth2")).open()


def test_a_lost_connection_is_reported_and_a_new_one_works(server: Dovecot, user: str) -> None:
    box = Mailbox(server.address(user))
    box.open()
    box._client.socket().shutdown(socket.SHUT_RDWR)
    with pytest.raises(NotNowError):
        box.uids("INBOX")

    box.open()
    assert box.uids("INBOX") == []
    box.close()


def test_new_uids_come_with_a_new_uidvalidity(user: str) -> None:
    with running() as dovecot:
        dovecot.append(mail(1), THEN, user)
        with Mailbox(dovecot.address(user)) as box:
            before = box.select("INBOX")
        dovecot.stop()
        dovecot.forget_uids(user)
        time.sleep(1.1)
        dovecot.start()
        with Mailbox(dovecot.address(user)) as box:
            after = box.select("INBOX")

    assert before.uidvalidity != after.uidvalidity


GREETING = b"* OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE] ready\r\n"


class Crooked:
    """A server that greets, answers as it is told, and then misbehaves."""

    def __init__(self, last: bytes, *, slowly: bool = False, hang_up: bool = False) -> None:
        self.last, self.slowly, self.hang_up = last, slowly, hang_up
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        line, _ = self.server.accept()
        with line:
            line.settimeout(5)
            line.sendall(GREETING)
            try:
                self.talk(line)
            except OSError:
                return

    def talk(self, line: socket.socket) -> None:
        while data := line.recv(4096):
            tag, _, words = data.partition(b" ")
            if words.upper().startswith((b"LOGIN", b"CAPABILITY", b"LIST")):
                line.sendall(b"* CAPABILITY IMAP4rev1 IDLE\r\n" + tag + b" OK done\r\n")
                continue
            for byte in self.last if self.slowly else [None]:
                line.sendall(bytes([byte]) if self.slowly else self.last)
                time.sleep(0.2 if self.slowly else 0)
            if self.hang_up:
                return
            self.done.wait(4)
            return

    def close(self) -> None:
        self.done.set()
        self.server.close()
        self.thread.join(10)


@pytest.mark.parametrize(
    "trouble",
    [
        {"last": b""},
        {"last": b"* 1 FETCH (BODY[] {50}\r\nonly a bit", "hang_up": True},
        {"last": b"\x00\xff garbage\r\n" * 50, "hang_up": True},
        {"last": b"* BYE going\r\n", "hang_up": True},
        {"last": b"* 1 FETCH (BODY[] {99000000000}\r\n", "hang_up": True},
        {"last": b"* OK " + b"x" * 400, "slowly": True},
    ],
    ids=["hangs", "literal", "garbage", "bye", "huge", "slow"],
)
def test_a_server_that_misbehaves_is_left_within_the_deadline(trouble: dict) -> None:
    server = Crooked(**trouble)
    box = Mailbox(
        MailboxAddress(
            name="records",
            host="127.0.0.1",
            port=server.port,
            security="none",
            username="u",
            password="p",
            timeout=1.5,
            deadline=2.5,
        )
    )
    began = time.monotonic()
    try:
        box.open()
        with pytest.raises(NotNowError):
            box.select("INBOX")
        assert time.monotonic() - began < 8
    finally:
        box.close()
        server.close()


def test_no_server_at_all_is_not_now() -> None:
    address = MailboxAddress(name="records", host="127.0.0.1", port=free_port(), security="none")
    with pytest.raises(NotNowError, match="records"):
        Mailbox(address).open()
