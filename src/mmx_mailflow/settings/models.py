"""The sections of the configuration: every key with its default and what it may be."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationInfo,
    model_validator,
)

from mmx_mailflow.casework.policy import Calendar, Policy
from mmx_mailflow.casework.values import Language, Value
from mmx_mailflow.settings.files import read_secret

_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+")
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine; no name is looked up."""
    host = host.strip("[]").lower()
    if host in {"", "localhost", "localhost.localdomain", "ip6-localhost"}:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _from_folder(path: Path, info: ValidationInfo) -> Path:
    """`path`, counted from the folder of the configuration file."""
    context = info.context or {}
    head, *rest = path.parts or (".",)
    if head == "$CREDENTIALS_DIRECTORY":
        credentials = context.get("credentials", "")
        if not credentials:
            raise ValueError("the environment has no CREDENTIALS_DIRECTORY")
        return Path(credentials, *rest)
    return Path(context.get("folder", "."), path.expanduser())


def _nothing(value: object) -> object:
    """None for the empty string that stands for `not set`."""
    return None if value == "" else value


def _address(value: str) -> str:
    """A mail address in lower case."""
    if not _ADDRESS.fullmatch(value):
        raise ValueError("is not a mail address")
    return value.lower()


def _zone(value: str) -> str:
    """The name of a time zone that exists."""
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError("is not the name of a time zone") from error
    return value


def _moment(value: object) -> object:
    """A time that was written as one: a bare number is a slip, not seconds since 1970."""
    if isinstance(value, (int, float)):
        raise ValueError("is not a time")  # noqa: TRY004  pydantic reports ValueError only
    return value


def _database_url(value: str, info: ValidationInfo) -> str:
    """The URL with a relative SQLite path counted from the folder of the configuration file."""
    scheme, colon, rest = value.partition("://")
    if scheme in _POSTGRES and colon:
        return f"postgresql+psycopg://{rest}"
    path, _, query = rest.partition("?")
    if scheme != "sqlite" or not path.startswith("/") or path in {"/", "/:memory:"}:
        raise ValueError("is neither sqlite:///FILE nor postgresql+psycopg://…")
    path = _from_folder(Path(path[1:]), info).absolute().as_posix()
    return f"sqlite:///{path}" + (f"?{query}" if query else "")


MailAddress = Annotated[str, AfterValidator(_address)]
File = Annotated[Path, AfterValidator(_from_folder)]
OptionalFile = Annotated[File | None, BeforeValidator(_nothing)]
Zone = Annotated[str, AfterValidator(_zone)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
Days = tuple[PositiveInt, ...]
Port = Annotated[int, Field(ge=1, le=65535)]
Transport = Literal["tls", "starttls", "none"]


class Service(Value):
    """Who the office is and how it writes."""

    organisation: str = Field(default="MedicalMex", min_length=1)
    records_address: MailAddress
    plus_addressing: Literal["auto", "on", "off"] = "auto"
    timezone: Zone = "America/Tijuana"
    default_language: Language = Language.EN
    data_dir: File = Field(default=Path("var"), validate_default=True)
    templates_dir: OptionalFile = None
    answer_since: Moment = datetime.fromisoformat("2026-01-01T00:00:00Z")
    agent_name: str = ""
    agent_signature_file: OptionalFile = None
    web_form_senders: tuple[MailAddress, ...] = ()
    max_message_mb: PositiveInt = 40
    unknown_answers_per_hour: PositiveInt = 60


class Database(Value):
    """Where everything is kept."""

    url: DatabaseUrl = Field(default="sqlite:///var/mailflow.db", repr=False, validate_default=True)
    password_file: OptionalFile = Field(default=None, repr=False)

    def host(self) -> str:
        """The database server's host; empty for a file or a Unix socket."""
        return "" if self.url.startswith("sqlite") else urlsplit(self.url).hostname or ""

    def full_url(self) -> str:
        """The URL with the password of `password_file` in it."""
        if self.password_file is None:
            return self.url
        parts = urlsplit(self.url)
        word = quote(read_secret(self.password_file, "database.password_file"), safe="")
        where = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{word}@{where}"))


class Security(Value):
    """Keys, and whose word counts."""

    key_file: File = Field(default=Path("var/key"), repr=False, validate_default=True)
    trusted_authserv_ids: tuple[str, ...] = ()
    staff_proof: Literal["dmarc", "dmarc_or_token"] = "dmarc"
    code_overlap_days: NonNegativeInt = Field(default=400, le=3_650)


class Server(Value):
    """A server that is logged in to."""

    host: str = Field(min_length=1)
    port: Port
    security: Transport
    ca_file: OptionalFile = None
    username: str = ""
    password_file: OptionalFile = Field(default=None, repr=False)
    auth: Literal["password", "xoauth2"] = "password"
    timeout_seconds: PositiveInt = 60

    @model_validator(mode="after")
    def _plain_text_stays_here(self) -> Server:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError('security: "none" is for loopback hosts only')
        if self.username and self.password_file is None:
            raise ValueError("password_file: is needed for this username")
        return self

    def password(self) -> str:
        """The word to log in with, read now; empty without a username."""
        if self.password_file is None or not self.username:
            return ""
        section = "mailbox" if isinstance(self, Mailbox) else "smtp"
        return read_secret(self.password_file, f"{section}.password_file")


class Mailbox(Server):
    """A mailbox that patients, providers and staff write to."""

    name: str = Field(default="records", pattern=r"^[A-Za-z0-9._-]{1,40}$")
    port: Port = 993
    security: Transport = "tls"
    folder: str = Field(default="INBOX", min_length=1)
    poll_seconds: PositiveInt = 60
    idle: bool = True
    filed_folder: str = "Mailflow/Filed"
    review_folder: str = "Mailflow/Review"
    sent_folder: str = "Sent"


class Smtp(Server):
    """The server that takes our letters."""

    port: Port = 587
    security: Transport = "starttls"
    messages_per_minute: int = Field(default=0, ge=0)
    own_copy: Literal["envelope", "server", "none"] = "envelope"


class Staff(Value):
    """Who decides, and who is told."""

    notify: tuple[MailAddress, ...] = ()
    members: tuple[MailAddress, ...]
    language: Language = Language.EN
    text_delay_minutes: int = Field(default=5, ge=0)
    review_pictures: bool = True


class Numbers(Value):
    """The numbers of the policy, the section `[policy]`."""

    authorization_business_days: PositiveInt = 10
    issue_with_blanks_after: int = Field(default=3, ge=0)
    promise_alarm_days: Days = (5, 8, 9)
    holidays: Calendar = "conservative"
    form_reminder_days: Days = (3, 8, 14, 21)
    form_close_day: PositiveInt = 45
    accept_forms: Literal["staff", "automatic"] = "staff"
    provider_receipt_check: PositiveInt = 2
    provider_follow_up_days: Days = (7, 14, 21, 30, 45, 60, 90)
    answers_per_sender_and_day: PositiveInt = 8
    large_print: bool = False


class Retention(Value):
    """How long what is kept; `purge` takes what is due and nothing else does."""

    case_years: PositiveInt = 6
    abandoned_months: PositiveInt = 12
    records_days: PositiveInt = 30
    identity_days: PositiveInt = 30
    held_days: PositiveInt = 30
    letters_days: PositiveInt = 30


class Settings(Value):
    """The whole configuration; every path in it is ready to be opened."""

    service: Service
    database: Database
    security: Security
    mailbox: tuple[Mailbox, ...] = Field(min_length=1)
    smtp: Smtp
    staff: Staff
    numbers: Numbers = Field(alias="policy")
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _names_differ(self) -> Settings:
        if len({box.name for box in self.mailbox}) < len(self.mailbox):
            raise ValueError("mailbox: two mailboxes have the same name")
        return self

    def policy(self) -> Policy:
        """What decisions may look at."""
        return Policy(
            organisation=self.service.organisation,
            records_address=self.service.records_address,
            agent_name=self.service.agent_name,
            timezone=self.service.timezone,
            default_language=self.service.default_language,
            staff_language=self.staff.language,
            staff_members=self.staff.members,
            notify=self.staff.notify,
            text_delay=timedelta(minutes=self.staff.text_delay_minutes),
            review_pictures=self.staff.review_pictures,
            **self.numbers.model_dump(),
        )

    def hosts(self) -> tuple[str, ...]:
        """Every host that the service talks to."""
        return (*(box.host for box in self.mailbox), self.smtp.host, self.database.host())

    def loopback_only(self) -> bool:
        """Whether nothing leaves this machine."""
        return all(is_loopback(host) for host in self.hosts())
