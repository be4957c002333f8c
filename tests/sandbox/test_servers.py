from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mmx_mailflow.sandbox.servers import PASSWORD, Servers
from mmx_mailflow.transport.errors import NeverError
from mmx_mailflow.transport.imap import Mailbox, MailboxAddress
from mmx_mailflow.transport.smtp import Sender, SenderAddress

pytestmark = pytest.mark.enable_socket
OFFICE, ANA = "records@office.example", "ana@gmail.com"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
RAW = b"From: ana@gmail.com\r\nTo: records@office.example\r\nMessage-ID: <a1@gmail.com>\r\n\r\nhello\r\n"


@pytest.fixture
def servers() -> Iterator[Servers]:
    with Servers((OFFICE, ANA), lambda: NOW, authserv_id="mx.office.example") as made:
        yield made


def box(servers: Servers) -> Mailbox:
    return Mailbox(
        MailboxAddress(
            name="records",
            host="127.0.0.1",
            port=servers.imap_port,
            security="none",
            username=OFFICE,
            password=PASSWORD,
            filed_folder="Mailflow/Filed",
            timeout=10,
        )
    )


def newest(servers: Servers) -> list:
    with box(servers) as mailbox:
        batches = mailbox.fetch(
            mailbox.uids("INBOX", 0), since=NOW, batch_bytes=10**6, max_bytes=10**6
        )
        return [mail for batch in batches for mail in batch]


def send(servers: Servers, to: str, raw: bytes = RAW, sender: str = ANA) -> None:
    address = SenderAddress(host="127.0.0.1", port=servers.smtp_port, security="none")
    with Sender(address) as line:
        line.send(raw, sender=sender, recipient=to, copy_to=None, on_data=lambda: None)


def test_mail_by_smtp_lies_in_the_mailbox_with_the_clocks_time(servers: Servers) -> None:
    send(servers, OFFICE)
    [mail] = newest(servers)

    assert mail.received_at == NOW
    assert mail.raw.endswith(RAW[RAW.index(b"From:") :])
    assert b"dmarc=pass header.from=gmail.com" in mail.raw


def test_a_plus_address_belongs_to_its_account(servers: Servers) -> None:
    send(servers, "records+ABCD1234@office.example")

    assert b"Delivered-To: records+ABCD1234@office.example" in newest(servers)[0].raw


def test_a_forged_result_is_taken_out_and_another_sender_fails(servers: Servers) -> None:
    forged = b"Authentication-Results: mx.office.example; dmarc=pass\r\n" + RAW
    send(servers, OFFICE, forged, "thief@yahoo.com")
    [mail] = newest(servers)

    assert mail.raw.count(b"Authentication-Results") == 1
    assert b"dmarc=fail" in mail.raw


def test_a_stranger_is_refused(servers: Servers) -> None:
    with pytest.raises(NeverError) as refusal:
        send(servers, "nobody@gmail.com")

    assert refusal.value.code == "550 5.1.1"


def test_idle_wakes_mail_is_moved_and_found(servers: Servers) -> None:
    with box(servers) as mailbox:
        mailbox.ensure_folders()
        late = threading.Timer(0.5, servers.submit, (ANA, OFFICE, RAW))
        late.start()
        assert mailbox.wait(15, threading.Event())
        late.join()
        mailbox.move("INBOX", mailbox.uids("INBOX"), "Mailflow/Filed")

        assert mailbox.uids("INBOX") == []
        assert mailbox.find("Mailflow/Filed", "<a1@gmail.com>")
