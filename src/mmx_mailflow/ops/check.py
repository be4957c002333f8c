"""Would the service work: one finding for each thing that it needs, with the remedy."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Value
from mmx_mailflow.intake.authenticity import authserv_ids
from mmx_mailflow.intake.read import read
from mmx_mailflow.letters.templates import broken, templates_from
from mmx_mailflow.ops.opening import mailbox_of, open_office, sender_of, template_texts
from mmx_mailflow.settings import (
    ConfigError,
    Mailbox,
    Settings,
    load,
    moved_clock,
    refuse_examples,
)
from mmx_mailflow.store.engine import SchemaOldError, StoreNotNowError
from mmx_mailflow.store.vault import KeyFileError, KeyWrongError
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import NotNowError, TransportError
from mmx_mailflow.transport.ocr import LANGUAGES, languages, tesseract
from mmx_mailflow.transport.worker import Worker

_RECENT = 20


class Grade(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Value):
    """One thing that was looked at."""

    name: str
    grade: Grade
    detail: str
    remedy: str = ""


def findings(config: Path, environ: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    """Everything that `check` says, in order; raises `ConfigError` for an unusable file."""
    settings = load(config, environ)
    yield _configuration(settings)
    yield _people(settings)
    yield _key(settings)
    yield _templates(settings)
    yield _clock(settings, environ, now)
    yield _opening()
    yield _abilities()
    yield _database(settings)
    for box in settings.mailbox:
        yield from _mailbox(box, settings.security.trusted_authserv_ids)
    yield _mail_server(settings)


def _database(settings: Settings) -> Finding:
    """Key and database belong together, and the schema is that of this version."""
    try:
        office = open_office(settings, Clock())
    except _UNUSABLE as error:
        return Finding(
            name="database", grade=Grade.FAIL, detail=str(error), remedy="see docs/operating.md"
        )
    kind = office.store.engine.dialect.name
    office.close()
    return Finding(name="database", grade=Grade.OK, detail=f"{kind}, schema up to date")


def _mailbox(box: Mailbox, trusted: tuple[str, ...]) -> Iterator[Finding]:
    name = f"mailbox {box.name}"
    try:
        with mailbox_of(box) as mailbox:
            can = mailbox.capabilities()
            mailbox.ensure_folders()
            count = mailbox.select(box.folder).count
            recent = mailbox.headers(box.folder, mailbox.uids(box.folder)[-_RECENT:])
    except (TransportError, ConfigError) as error:
        remedy = "look at host, port, security, username and password_file"
        yield Finding(name=name, grade=Grade.FAIL, detail=str(error), remedy=remedy)
        return
    lacking = [c for c in ("IDLE", "MOVE", "UIDPLUS") if c not in can]
    detail = f"{count} mails in {box.folder}" + (
        f"; without {', '.join(lacking)}" if lacking else ""
    )
    grade = Grade.WARN if "UIDPLUS" in lacking and "MOVE" in lacking else Grade.OK
    yield Finding(name=name, grade=grade, detail=detail)
    yield _authserv_ids(f"authserv-ids {box.name}", [*recent.values()], trusted)


def _authserv_ids(name: str, recent: Sequence[bytes], trusted: Sequence[str]) -> Finding:
    """Do the trusted names stand in recent mail? Else nobody is ever verified."""
    found = [authserv_ids(read(headers).headers) for headers in recent]
    wanted = {word.lower() for word in trusted}
    matched = sum(bool(wanted.intersection(ids)) for ids in found)
    if matched or not recent:
        detail = f"in {matched} of the last {len(recent)} mails"
        return Finding(name=name, grade=Grade.OK, detail=detail)
    seen = sorted({ids[0] for ids in found if ids})
    said = f"recent mail carries {', '.join(seen)}" if seen else "recent mail carries none"
    remedy = "set security.trusted_authserv_ids to your own server's name"
    return Finding(name=name, grade=Grade.WARN, detail=said, remedy=remedy)


def _mail_server(settings: Settings) -> Finding:
    try:
        with sender_of(settings.smtp) as sender:
            sender.check()
    except (TransportError, ConfigError) as error:
        remedy = "look at smtp.host, port, security, username and password_file"
        return Finding(name="smtp", grade=Grade.FAIL, detail=str(error), remedy=remedy)
    return Finding(name="smtp", grade=Grade.OK, detail="takes our name")


_UNUSABLE = (KeyFileError, KeyWrongError, SchemaOldError, StoreNotNowError, ConfigError, OSError)


def _configuration(settings: Settings) -> Finding:
    try:
        refuse_examples(settings)
    except ConfigError as error:
        return Finding(
            name="configuration", grade=Grade.FAIL, detail=str(error), remedy="edit config.toml"
        )
    return Finding(name="configuration", grade=Grade.OK, detail="every key is known and valid")


def _people(settings: Settings) -> Finding:
    lacking = [
        key
        for key, value in (
            ("service.agent_name", settings.service.agent_name),
            ("staff.members", settings.staff.members),
            ("staff.notify", settings.staff.notify),
            ("security.trusted_authserv_ids", settings.security.trusted_authserv_ids),
        )
        if not value
    ]
    if lacking:
        detail = "empty: " + ", ".join(lacking)
        return Finding(name="people", grade=Grade.WARN, detail=detail, remedy="fill them in")
    return Finding(name="people", grade=Grade.OK, detail="staff, agent and trusted server named")


def _key(settings: Settings) -> Finding:
    path = settings.security.key_file
    try:
        mode, size = path.stat().st_mode, len(path.read_bytes())
    except OSError as error:
        detail = f"cannot be read ({error.strerror})"
        return Finding(name="key", grade=Grade.FAIL, detail=detail, remedy="mmx-mailflow init")
    if not size:
        remedy = "bring back the copy of the key"
        return Finding(name="key", grade=Grade.FAIL, detail="is empty", remedy=remedy)
    if stat.S_IMODE(mode) & 0o077:
        remedy = "chmod 600 the key file"
        return Finding(name="key", grade=Grade.WARN, detail="others may read it", remedy=remedy)
    return Finding(
        name="key", grade=Grade.OK, detail="is there", remedy="keep a copy on another machine"
    )


def _templates(settings: Settings) -> Finding:
    faults = broken(templates_from(template_texts(settings.service.templates_dir)))
    if faults:
        detail = f"{len(faults)} cannot be used: {', '.join(faults[:3])}"
        remedy = "mend the file, or install the program again"
        return Finding(name="templates", grade=Grade.FAIL, detail=detail, remedy=remedy)
    detail = f"{len(LetterName)} letters in both languages"
    return Finding(name="templates", grade=Grade.OK, detail=detail)


def _opening() -> Finding:
    """The limited process in which files are opened must start within its limits."""
    name = "opening of files"
    try:
        with Worker(read_text=False) as worker:
            worker.look([])
    except NotNowError as error:
        remedy = "allow the service more memory (LimitDATA, LimitAS) or time"
        return Finding(name=name, grade=Grade.FAIL, detail=str(error), remedy=remedy)
    return Finding(name=name, grade=Grade.OK, detail="in a limited process")


def _abilities() -> Finding:
    """What is optional in looking at returned forms; without it more is left to a person."""
    program = tesseract()
    reads = bool(program) and set(LANGUAGES) <= languages(program)
    able = {
        "reads print": (reads, "apt-get install tesseract-ocr tesseract-ocr-spa"),
        "opens HEIC photos": (find_spec("pi_heif"), "pip install 'mmx-mailflow[heic]'"),
        "validates signatures": (find_spec("pyhanko"), "pip install 'mmx-mailflow[sign]'"),
    }
    lacking = {name: remedy for name, (there, remedy) in able.items() if not there}
    if lacking:
        detail = "not installed: " + ", ".join(lacking)
        remedy = "; ".join(lacking.values())
        return Finding(name="returned forms", grade=Grade.WARN, detail=detail, remedy=remedy)
    return Finding(name="returned forms", grade=Grade.OK, detail=", ".join(able))


def _clock(settings: Settings, environ: Mapping[str, str], now: datetime) -> Finding:
    moved = moved_clock(settings, environ)
    if moved is not None:
        detail = f"starts at {moved.isoformat()}"
        return Finding(name="clock", grade=Grade.WARN, detail=detail, remedy="unset MMX_NOW")
    local = now.astimezone(settings.policy().zone()).isoformat(timespec="minutes")
    return Finding(name="clock", grade=Grade.OK, detail=f"{local} in {settings.service.timezone}")
