"""The beats: what the service does again and again until it is told to stop."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from mmx_mailflow import flow
from mmx_mailflow.balance import EVERY, balance
from mmx_mailflow.office import Office, probe_tags
from mmx_mailflow.ops.opening import mailbox_of, open_office, read_again, refuse_broken, sender_of
from mmx_mailflow.ops.purging import remove_on_server
from mmx_mailflow.settings import ConfigError, Settings
from mmx_mailflow.settings import Mailbox as MailboxSettings
from mmx_mailflow.store import outbox
from mmx_mailflow.store.engine import StoreNotNowError
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import TransportError
from mmx_mailflow.transport.imap import Mailbox

BEAT_SECONDS = 5
LONGEST_PAUSE = 300
LONGEST_STOP = 8.0
"""Seconds after which a service that is told to stop is gone, whatever a server holds up."""
_STOPS = frozenset({signal.SIGTERM, signal.SIGINT})
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
        refuse_broken(office.templates)
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
        self.settings = settings
        self.office = open_office(settings, clock)
        refuse_broken(self.office.templates)
        self.stop = self.office.stopping
        self._sender = sender_of(settings.smtp)
        self._line = threading.Lock()
        self._pauses: dict[str, float] = {}
        self._balanced: dict[str, datetime] = {}
        self._watchers = [
            threading.Thread(target=self._watch, args=(box,), daemon=True)
            for box in settings.mailbox
        ]
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def start(self) -> None:
        """Take back what was in hand, then watch and beat in threads of their own."""
        recover(self.office, self.settings)
        probe_tags(self.office)
        self._scheduler.add_job(self._beat, "interval", seconds=BEAT_SECONDS, id="line")
        self._scheduler.start()
        for watcher in self._watchers:
            watcher.start()
        notify(b"READY=1")
        log.info("running", mailboxes=len(self._watchers))

    def end(self) -> None:
        """Stop; what is in hand is ended first."""
        notify(b"STOPPING=1")
        self.stop.set()
        # A file in hand has some seconds left; a mail that is not handled waits for the next start.
        self.office.worker.close(LONGEST_STOP / 3)
        self._scheduler.shutdown(wait=True)
        for watcher in self._watchers:
            watcher.join()
        self._sender.close()
        self.office.close()
        log.info("stopped")

    def reload(self, read: Callable[[], Settings]) -> None:
        """Read staff, policy, templates and directory again; the old ones stay when that fails.

        Where the servers and the database are is read at the start only.
        """
        try:
            self.office = read_again(self.office, read())
        except Exception as error:  # noqa: BLE001  a slip in a file must not end the service
            key = error.key if isinstance(error, ConfigError) else ""
            log.error("not reloaded", error=type(error).__name__, key=key)  # noqa: TRY400  a trace could hold an address
            return
        log.info("reloaded")

    def _beat(self) -> None:
        self._guarded("line", self._line_pass)
        notify(b"WATCHDOG=1")

    def _line_pass(self) -> None:
        with self._line:
            self._reported("mail", lambda: flow.handle_kept(self.office))
            self._reported("deadlines", lambda: flow.handle_due(self.office))
            self._reported("day", lambda: flow.handle_daily(self.office))
            self._reported("letters", lambda: flow.send_due(self.office, self._sender))

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
                new = flow.keep_new(self.office, mailbox)
                flow.read_sent(self.office, mailbox)
                if new:
                    self._line_pass()
                flow.look_up_uncertain(self.office, [mailbox])
                flow.file_handled(self.office, mailbox)
                remove_on_server(self.office, mailbox)
                self._balance(mailbox)
                self._pauses.pop(box.name, None)
                mailbox.wait(box.poll_seconds, self.stop)

    def _balance(self, mailbox: Mailbox) -> None:
        """Compare the mailbox with the ledger, once an hour and after every start."""
        name, now = mailbox.address.name, self.office.clock.now()
        if name not in self._balanced or now - self._balanced[name] >= EVERY:
            balance(self.office, mailbox)
            self._balanced[name] = now

    def _pause(self, name: str) -> float:
        """How long to wait after a failure: twice as long each time, five minutes at most."""
        self._pauses[name] = min(LONGEST_PAUSE, 2 * self._pauses.get(name, 0.5))
        return self._pauses[name]

    def _guarded(self, what: str, work: Callable[[], object]) -> bool:
        """Run a beat; the world's refusals wait, a bug is reported and the service goes on."""
        try:
            return self._reported(what, work)
        except (TransportError, StoreNotNowError) as error:
            log.warning("waits", what=what, why=str(error))
            return False

    @staticmethod
    def _reported(what: str, work: Callable[[], object]) -> bool:
        """Run one thing of many: a bug in it must not keep the others from being done."""
        try:
            work()
        except (TransportError, StoreNotNowError):
            raise
        except Exception as error:  # noqa: BLE001  one beat that fails must not end the service
            log.error("beat failed", what=what, error=type(error).__name__)  # noqa: TRY400  a trace could hold a mail
            return False
        return True


def run(settings: Settings, clock: Clock, read: Callable[[], Settings]) -> None:
    """The service in the foreground: SIGTERM drains it, SIGHUP has it `read` its settings again.

    It is gone some seconds after SIGTERM, whatever it is doing and whatever holds that up.
    """
    with _signals() as come, alone(settings):
        service = Service(settings, clock)
        service.start()
        while come.get() not in _STOPS:
            service.reload(read)
        service.end()


@contextmanager
def _signals() -> Iterator[SimpleQueue[int]]:
    """Signals as words in a queue.

    A handler that does the work would do it in the middle of something else, and a wait for a
    lock does not always see that a signal came: a thread reads the bytes that stand for them.
    """
    come: SimpleQueue[int] = SimpleQueue()
    ours, theirs = socket.socketpair()
    last = [
        threading.Timer(LONGEST_STOP, _leave),
        threading.Timer(LONGEST_STOP + 1, os._exit, (0,)),  # should the log itself hang
    ]

    def listen() -> None:
        while said := ours.recv(1):
            if said[0] in _STOPS and not last[0].is_alive():
                for timer in last:
                    timer.daemon = True
                    timer.start()
            come.put(said[0])

    with ours, theirs:
        theirs.setblocking(False)
        before = signal.set_wakeup_fd(theirs.fileno())
        kept = {name: signal.signal(name, _nothing) for name in (*_STOPS, signal.SIGHUP)}
        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        try:
            yield come
        finally:
            for name, handler in kept.items():
                signal.signal(name, handler)
            signal.set_wakeup_fd(before)
            theirs.shutdown(socket.SHUT_RDWR)
            listener.join()
            for timer in last:
                timer.cancel()


def _nothing(*_: object) -> None:
    """The byte that is written for the signal is all that is needed."""


def _leave() -> NoReturn:
    """Go in the middle of something, as a crash would; the next start takes it up."""
    try:
        log.warning("stopped in the middle", where=_where())
    finally:
        os._exit(0)


def _where() -> list[str]:
    """Which of our functions each thread is in."""
    here = str(Path(__file__).parent)
    stacks = [traceback.extract_stack(frame) for frame in sys._current_frames().values()]  # noqa: SLF001  there is no other way
    ours = [
        [f"{line.name}:{line.lineno}" for line in s if line.filename.startswith(here)]
        for s in stacks
    ]
    return sorted(lines[-1] for lines in ours if lines)


def notify(words: bytes) -> None:
    """Tell systemd, where it asked for it (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(words, "\0" + path[1:] if path.startswith("@") else path)
