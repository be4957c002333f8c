from __future__ import annotations

import pytest
from tests.servers.postgres import free_port
from tests.servers.smtp_listener import Listener, listening

from mmx_mailflow.transport.errors import LoginError, NeverError, NotNowError, UncertainError
from mmx_mailflow.transport.smtp import Sender, SenderAddress

pytestmark = pytest.mark.enable_socket
RAW = b"From: a@b.example\r\nSubject: s\r\n\r\n.dots\r\n..more\r\nend\r\n"
OURS, ANA = "records@office.example", "ana@gmail.com"


@pytest.fixture
def listener():
    with listening() as server:
        yield server


@pytest.fixture
def sender(listener: Listener):
    address = SenderAddress(host="127.0.0.1", port=listener.port, security="none", timeout=5)
    with Sender(address) as kept:
        yield kept


def send(sender: Sender, to: str = ANA, began: list[str] | None = None, **more: object) -> str:
    values = {"sender": OURS, "recipient": to, "copy_to": OURS}
    marks = began if began is not None else []
    return sender.send(RAW, on_data=lambda: marks.append("data"), **(values | more))


def test_a_letter_arrives_byte_by_byte_with_our_own_copy_in_the_envelope(listener, sender) -> None:
    reply = send(sender)

    [taken] = listener.taken
    assert (taken.sender, taken.recipients, taken.raw) == (OURS, [ANA, OURS], RAW)
    assert reply == "250 TEST1"


def test_the_connection_is_kept_between_letters(listener, sender) -> None:
    send(sender)
    first = sender._client
    send(sender)

    assert sender._client is first
    assert len(listener.taken) == 2


def test_a_stale_connection_is_opened_again(listener, sender) -> None:
    send(sender)
    sender._client.sock.close()

    send(sender)
    assert len(listener.taken) == 2


def test_an_access_token_is_asked_for_at_each_login(listener) -> None:
    listener.tokens = {"second"}
    words = iter(["first", "second", "second"])
    address = SenderAddress(
        host="127.0.0.1", port=listener.port, security="none", timeout=5,
        username=OURS, password=lambda: next(words), auth="xoauth2",
    )  # fmt: skip
    with Sender(address) as sender:
        with pytest.raises(LoginError, match="535"):
            sender.check()
        assert send(sender).startswith("250")
        sender.close()
        sender.check()

    assert listener.logins == 2


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ("550 5.1.1 no such user", NeverError, "550 5.1.1"),
        ("451 4.3.0 later", NotNowError, "451 4.3.0"),
        ("421 4.7.0 too busy", NotNowError, "421 4.7.0"),
    ],
)
def test_a_refused_recipient_is_told_apart_for_good_and_for_now(
    listener, sender, answer, error, code
) -> None:
    listener.refuse[ANA] = answer
    began: list[str] = []
    with pytest.raises(error) as refusal:
        send(sender, began=began)

    assert refusal.value.code == code
    assert "no such user" not in str(refusal.value)
    assert began == []
    assert send(sender, "other@gmail.com").startswith("250")


def test_a_refusal_of_our_own_copy_is_no_failure_of_the_letter(listener, sender) -> None:
    listener.refuse[OURS] = "550 5.1.1 no"
    send(sender)

    assert listener.taken[0].recipients == [ANA]


@pytest.mark.parametrize(
    ("answer", "error"),
    [("554 5.6.0 spam", NeverError), ("452 4.2.2 full", NotNowError), ("drop", UncertainError)],
)
def test_the_answer_to_data_decides(listener, sender, answer, error) -> None:
    listener.after_data = answer
    began: list[str] = []
    with pytest.raises(error):
        send(sender, began=began)

    assert began == ["data"]
    send(sender)
    assert len(listener.taken) == 1


@pytest.mark.parametrize("address", ["a@b.example>\r\nDATA", "a b@c.example", "ä@b.example", ""])
def test_what_cannot_stand_in_an_envelope_is_refused_before_any_word(sender, address) -> None:
    with pytest.raises(NeverError):
        send(sender, address)

    assert sender._client is None


def test_no_server_at_all_is_not_now() -> None:
    address = SenderAddress(host="127.0.0.1", port=free_port(), security="none")
    with pytest.raises(NotNowError):
        Sender(address).check()
