"""What the sender makes of a mail server that misbehaves around DATA."""

from __future__ import annotations

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
