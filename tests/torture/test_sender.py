"""What the sender makes of a mail server that misbehaves around DATA."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from tests.servers.smtp_listener import listening
from tests.torture.proxy import SmtpProxy

from mmx_mailflow.store.engine import StoreNotNowError
from mmx_mailflow.transport.errors import NotNowError, UncertainError
from mmx_mailflow.transport.smtp import Sender, SenderAddress

pytestmark = pytest.mark.enable_socket
RAW = b"From: a@b.example\r\nSubject: s\r\n\r\nwords\r\n"


@pytest.fixture
def through():
    """A sender that goes through a proxy, the proxy, and the listener behind it."""
    with listening() as listener:
        proxy = SmtpProxy(listener.port)
        proxy.start()
        line = SenderAddress(host="127.0.0.1", port=proxy.port, security="none", timeout=5)
        with Sender(line) as sender:
            yield sender, proxy, listener
        proxy.close()


def send(sender: Sender, on_data=lambda: None) -> str:
    return sender.send(
        RAW, sender="r@office.example", recipient="a@gmail.com", copy_to=None, on_data=on_data
    )


@pytest.mark.parametrize("point", ["body", "answer"])
def test_words_that_are_no_answer_to_data_leave_the_letter_uncertain(through, point) -> None:
    sender, proxy, listener = through
    proxy.arm(point, "garbage")
    with pytest.raises(UncertainError):
        send(sender)

    assert send(sender).startswith("250")
    assert len(listener.taken) == 2  # so a second sending without a look would have doubled it


def test_another_code_of_success_is_success(through) -> None:
    sender, _, listener = through
    listener.after_data = "252 2.0.0 Ok"

    assert send(sender) == "252"


def test_what_a_server_has_against_our_own_address_is_no_bounce_of_the_letter(through) -> None:
    sender, proxy, _ = through
    proxy.arm("MAIL", "5xx")
    with pytest.raises(NotNowError) as refusal:
        send(sender)

    assert refusal.value.code == "554 5.3.0"
    assert send(sender).startswith("250")


def test_a_database_that_fails_before_data_leaves_no_line_half_way(through) -> None:
    sender, _, listener = through

    def fails() -> None:
        raise StoreNotNowError("locked")

    with pytest.raises(StoreNotNowError):
        send(sender, on_data=fails)
    before = time.monotonic()

    assert send(sender).startswith("250")
    assert time.monotonic() - before < 4
    assert [taken.raw for taken in listener.taken] == [RAW]


def lines_said(*, offers: bytes) -> list[bytes]:
    """What a server that offers this hears of one letter."""
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line, line.makefile("rb") as words:
            line.sendall(b"220 mx.test\r\n")
            in_data = False
            for said in words:
                if in_data:
                    in_data = said != b".\r\n"
                    answer = b"" if in_data else b"250 2.0.0 Ok: queued as Q1\r\n"
                else:
                    heard.append(said.rstrip())
                    in_data = said.startswith(b"DATA")
                    answer = b"354 go\r\n" if in_data else b"250 ok\r\n"
                    answer = offers if said.startswith(b"ehlo") else answer
                line.sendall(answer)
                if said.startswith(b"quit"):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        address = SenderAddress(host="127.0.0.1", port=port, security="none", timeout=5)
        with Sender(address) as sender:
            sender.send(
                b"Message-ID: <0a1b2c3d4e5f.AEN6E29B5XATF837@office.example>\r\n" + RAW,
                sender="r@office.example",
                recipient="a+b@gmail.com",
                copy_to="r@office.example",
                on_data=lambda: None,
            )
        thread.join(5)
    return heard


def test_notices_of_failure_and_delay_are_asked_for_where_the_server_offers_them() -> None:
    heard = lines_said(offers=b"250-mx.test\r\n250 DSN\r\n")

    assert b"mail FROM:<r@office.example> RET=HDRS ENVID=0a1b2c3d4e5f" in heard
    wanted = b"rcpt TO:<a+b@gmail.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@gmail.com"
    assert wanted in heard
    assert b"rcpt TO:<r@office.example> NOTIFY=NEVER" in heard
    assert not any(b"AEN6E29B5XATF837" in line for line in heard)  # the code proves a thread


def test_a_server_without_notices_is_not_asked_for_any() -> None:
    heard = lines_said(offers=b"250-mx.test\r\n250 SIZE\r\n")

    assert b"rcpt TO:<a+b@gmail.com>" in heard
    assert not any(b"NOTIFY" in line or b"RET=" in line for line in heard)
