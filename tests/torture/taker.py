"""An SMTP listener in a process of its own: every letter is a file, our own copy in the mailbox.

Usage: taker.py FOLDER IMAP_PORT. A letter is a `.part` until its copy lies in the mailbox; only
then is the answer given.
"""

from __future__ import annotations

import imaplib
import itertools
import signal
import sys
from pathlib import Path

from tests.servers.smtp_listener import Taken, listening
from tests.stories.mails import RECORDS


def append(port: int, raw: bytes, moment: object = None) -> None:
    """Put a mail into the mailbox, received at a moment."""
    line = imaplib.IMAP4("127.0.0.1", port, timeout=30)
    line.login("records", "secret")
    at = imaplib.Time2Internaldate(moment) if moment is not None else None
    code, _ = line.append("INBOX", None, at, raw)
    assert code == "OK"
    line.logout()


def main(folder: Path, imap: int) -> None:
    numbers = itertools.count(1)

    def keep(taken: Taken) -> None:
        name = folder / f"{next(numbers):06d}.part"
        name.write_bytes(f"{taken.recipients[0]}\n".encode() + taken.raw)
        if RECORDS in taken.recipients:
            append(imap, taken.raw)
        name.rename(name.with_suffix(".eml"))

    with listening() as listener:
        listener.on_mail = keep
        (folder / "port").write_text(str(listener.port))
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(Path(sys.argv[1]), int(sys.argv[2]))
