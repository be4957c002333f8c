"""The beats: what the service does again and again until it is told to stop."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from mmx_mailflow import flow
from mmx_mailflow.balance import EVERY, balance
from mmx_mailflow.office import Office
from mmx_mailflow.ops.opening import mailbox_of, open_office, sender_of
from mmx_mailflow.ops.purging import remove_on_server
from mmx_mailflow.settings import Mailbox as MailboxSettings
from mmx_mailflow.settings import Settings
from mmx_mailflow.store import outbox
from mmx_mailflow.store.engine import StoreNotNowError
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import TransportError
from mmx_mailflow.transport.imap import Mailbox

BEAT_SECONDS = 5
LONGEST_PAUSE = 300
log = structlog.get_logger()


class AlreadyRunningError(Exception):
    """Another process works with this data folder."""


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold the data folder: two processes with one SQLite file would share its letters."""
    folder = settings.service.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunningError(f"another process works with {folder}") from error
        yield


def recover(office: Office, settings: Settings) -> None:
    """Take back what a process that died had in its hands."""
    only = settings.database.url.startswith("sqlite")
    with office.store.begin() as connection:
        outbox.recover(connection, office.clock.now(), all_claims=only)


def once(settings: Settings, clock: Clock) -> int:
    """One full pass and out; raises TransportError when a server is out of reach."""
    with alone(settings), ExitStack() as open_things:
        office = open_office(settings, clock)
        open_things.callback(office.close)
        recover(office, settings)
        sender = open_things.enter_context(sender_of(settings.smtp))
        boxes = [open_things.enter_context(mailbox_of(b)) for b in settings.mailbox]
        for box in boxes:
            box.ensure_folders()
        done = flow.one_pass(office, boxes, sender)
        for box in boxes:
            balance(office, box)
        return done + sum(remove_on_server(office, box) for box in boxes)


class Service:
    """The daemon: a watcher a mailbox, and beats for what waits, is due and is to be sent."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.stop = threading.Event()
        self.office = open_office(settings, clock)
        self._sender = sender_of(settings.smtp)
        self._line = threading.Lock()
        self._pauses: dict[str, float] = {}
        self._balanced: dict[str, datetime] = {}
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def run(self) -> None:
        """Work until `stop` is set; what is in hand is ended first."""
        recover(self.office, self.settings)
        watchers = [
            threading.Thread(target=self._watch, args=(box,), daemon=True)
            for box in self.settings.mailbox
        ]
        self._scheduler.add_job(self._beat, "interval", seconds=BEAT_SECONDS, id="line")
        self._scheduler.start()
        for watcher in watchers:
            watcher.start()
        notify(b"READY=1")
        log.info("running", mailboxes=len(watchers))
        self.stop.wait()
        notify(b"STOPPING=1")
        # A file in hand has some seconds left; a mail that is not handled waits for the next start.
        self.office.worker.close()
        self._scheduler.shutdown(wait=True)
        for watcher in watchers:
            watcher.join(8)
        self._sender.close()
        self.office.close()
        log.info("stopped")

    def reload(self) -> None:
        """Read templates, staff and directory again; the old ones stay when that fails."""
        self.office = replace(open_office(self.settings, self.clock), worker=self.office.worker)
        log.info("reloaded")

    def _beat(self) -> None:
        self._guarded("line", self._line_pass)
        notify(b"WATCHDOG=1")

    def _line_pass(self) -> None:
        with self._line:
            flow.handle_kept(self.office)
            flow.handle_due(self.office)
            flow.handle_daily(self.office)
            flow.send_due(self.office, self._sender)

    def _watch(self, box: MailboxSettings) -> None:
        """Fetch what comes, answer at once, file what is done; a new connection after any error."""
        while not self.stop.is_set():
            ended = self._guarded(box.name, lambda: self._watch_until_error(box))
            if not ended:
                self.stop.wait(self._pause(box.name))

    def _watch_until_error(self, box: MailboxSettings) -> None:
        with mailbox_of(box) as mailbox:
            mailbox.ensure_folders()
            while not self.stop.is_set():
                if flow.keep_new(self.office, mailbox):
                    self._line_pass()
                flow.look_up_uncertain(self.office, [mailbox])
                flow.file_handled(self.office, mailbox)
                remove_on_server(self.office, mailbox)
                self._balance(mailbox)
                self._pauses.pop(box.name, None)
                mailbox.wait(box.poll_seconds, self.stop)

    def _balance(self, mailbox: Mailbox) -> None:
        """Compare the mailbox with the ledger, once an hour and after every start."""
        name, now = mailbox.address.name, self.clock.now()
        if name not in self._balanced or now - self._balanced[name] >= EVERY:
            balance(self.office, mailbox)
            self._balanced[name] = now

    def _pause(self, name: str) -> float:
        """How long to wait after a failure: twice as long each time, five minutes at most."""
        self._pauses[name] = min(LONGEST_PAUSE, 2 * self._pauses.get(name, 0.5))
        return self._pauses[name]

    def _guarded(self, what: str, work: Callable[[], None]) -> bool:
        """Run a beat; the world's refusals wait, a bug is reported and the service goes on."""
        try:
            work()
        except (TransportError, StoreNotNowError) as error:
            log.warning("waits", what=what, why=str(error))
            return False
        except Exception as error:  # noqa: BLE001  one beat that fails must not end the service
            log.error("beat failed", what=what, error=type(error).__name__)  # noqa: TRY400  a trace could hold a mail
            return False
        return True


def run(settings: Settings, clock: Clock) -> None:
    """The service in the foreground: SIGTERM drains it, SIGHUP reloads."""
    with alone(settings):
        service = Service(settings, clock)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: service.stop.set())
        signal.signal(signal.SIGHUP, lambda *_: service.reload())
        service.run()


def notify(words: bytes) -> None:
    """Tell systemd, where it asked for it (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(words, "\0" + path[1:] if path.startswith("@") else path)
