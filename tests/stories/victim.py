"""One pass of the line in a process that kills itself (SIGKILL) at a given commit.

Usage: victim.py FOLDER IMAP_PORT SMTP_PORT MOMENT POINT, where POINT counts the edges of
transactions: odd is just before a commit, even is just after it. Exit 0: it was not reached.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session  # noqa: F401  loaded before anything is counted
from tests.stories.world import office_in

from mmx_mailflow import flow
from mmx_mailflow.store import outbox
from mmx_mailflow.store.engine import Store
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.imap import Mailbox, MailboxAddress
from mmx_mailflow.transport.smtp import Sender, SenderAddress


class Doomed(Store):
    """A store that pulls the plug at one edge of one transaction."""

    edges = 0
    point = 0

    @contextmanager
    def begin(self):
        with super().begin() as connection:
            yield connection
            self._edge()
        self._edge()

    def _edge(self) -> None:
        Doomed.edges += 1
        if Doomed.edges == Doomed.point:
            os.kill(os.getpid(), signal.SIGKILL)


def main(words: list[str]) -> int:
    folder, imap, smtp, moment, point = words
    office = office_in(Path(folder), Clock(datetime.fromisoformat(moment)), store=Doomed)
    with office.store.begin() as connection:
        outbox.recover(connection, office.clock.now(), all_claims=True)
    Doomed.edges, Doomed.point = 0, int(point)
    where = MailboxAddress(
        name="records",
        host="127.0.0.1",
        port=int(imap),
        security="none",
        username="records",
        password="secret",
        filed_folder="Mailflow/Filed",
        review_folder="Mailflow/Review",
        sent_folder="Sent",
    )
    line = SenderAddress(host="127.0.0.1", port=int(smtp), security="none")
    with Mailbox(where) as mailbox, Sender(line) as sender:
        mailbox.ensure_folders()
        flow.one_pass(office, [mailbox], sender)
    office.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
