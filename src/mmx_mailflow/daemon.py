"""The beats: what the service does again and again until it is told to stop."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from mmx_mailflow import flow
from mmx_mailflow.forms.packet import words_from
from mmx_mailflow.intake.directory import Directory
from mmx_mailflow.letters.compose import templates_from
from mmx_mailflow.office import Office
from mmx_mailflow.settings import Mailbox as MailboxSettings
from mmx_mailflow.settings import Settings, Smtp, data_path
from mmx_mailflow.store import directory, outbox
from mmx_mailflow.store.engine import StoreNotNowError, open_store
from mmx_mailflow.store.vault import load_keys
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import TransportError
from mmx_mailflow.transport.imap import Mailbox, MailboxAddress
from mmx_mailflow.transport.smtp import Sender, SenderAddress

BEAT_SECONDS = 5
LONGEST_PAUSE = 300
log = structlog.get_logger()


class AlreadyRunningError(Exception):
    """Another process works with this data folder."""


def template_texts(own: Path | None) -> Mapping[str, str]:
    """Every template as text by its path; a configured folder may override any."""
    texts: dict[str, str] = {}
    for folder in (data_path("templates"), *((own,) if own else ())):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".txt", ".html", ".toml"}:
                texts[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
    return texts


def open_office(settings: Settings, clock: Clock) -> Office:
    """Everything the line works with; raises what the store and the settings raise."""
    keys = load_keys(settings.security.key_file)
    store = open_store(settings.database.full_url(), keys, data_path("migrations"))
    texts = template_texts(settings.service.templates_dir)
    with store.begin() as connection:
        entries = directory.entries(connection)
    ours = {settings.service.records_address, *settings.staff.members, *(e.email for e in entries)}
    return Office(
        store=store,
        keys=keys,
        policy=settings.policy(),
        templates=templates_from(texts),
        words=words_from(texts),
        directory=Directory.of(entries),
        clock=clock,
        trusted_ids=settings.security.trusted_authserv_ids,
        staff_proof=settings.security.staff_proof,
        protected=frozenset(a.rpartition("@")[2] for a in ours if "@" in a),
        web_form_senders=frozenset(settings.service.web_form_senders),
        answer_since=settings.service.answer_since,
        max_message_bytes=settings.service.max_message_mb * 1_000_000,
        own_copy=settings.smtp.own_copy,
        plus=settings.service.plus_addressing == "on",
    )


def mailbox_of(box: MailboxSettings) -> Mailbox:
    """The mailbox of a section of the configuration, not connected yet."""
    return Mailbox(
        MailboxAddress(
            name=box.name,
            host=box.host,
            port=box.port,
            security=box.security,
            username=box.username,
            password=box.password(),
            folder=box.folder,
            filed_folder=box.filed_folder,
            review_folder=box.review_folder,
            sent_folder=box.sent_folder,
            idle=box.idle,
            timeout=box.timeout_seconds,
            ca_file=str(box.ca_file) if box.ca_file else None,
        )
    )


def sender_of(smtp: Smtp) -> Sender:
    """The mail server of the configuration, not connected yet."""
    return Sender(
        SenderAddress(
            host=smtp.host,
            port=smtp.port,
            security=smtp.security,
            username=smtp.username,
            password=smtp.password(),
            timeout=smtp.timeout_seconds,
            messages_per_minute=smtp.messages_per_minute,
            ca_file=str(smtp.ca_file) if smtp.ca_file else None,
        )
    )


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
        open_things.callback(office.store.close)
        recover(office, settings)
        sender = open_things.enter_context(sender_of(settings.smtp))
        boxes = [open_things.enter_context(mailbox_of(b)) for b in settings.mailbox]
        for box in boxes:
            box.ensure_folders()
        return flow.one_pass(office, boxes, sender)


class Service:
    """The daemon: a watcher a mailbox, and beats for what waits, is due and is to be sent."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.stop = threading.Event()
        self.office = open_office(settings, clock)
        self._sender = sender_of(settings.smtp)
        self._line = threading.Lock()
        self._pauses: dict[str, float] = {}
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
        self._scheduler.shutdown(wait=True)
        for watcher in watchers:
            watcher.join(8)
        self._sender.close()
        self.office.store.close()
        log.info("stopped")

    def reload(self) -> None:
        """Read templates, staff and directory again; the old ones stay when that fails."""
        self.office = open_office(self.settings, self.clock)
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
                self._pauses.pop(box.name, None)
                mailbox.wait(box.poll_seconds, self.stop)

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
            log.error("beat failed", what=what, error=type(error).__name__)
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
