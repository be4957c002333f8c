"""The tables: what is in the clear is no one's secret, everything else is sealed bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from typing_extensions import override

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC; a naive one is refused, because SQLite forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What goes to the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    @override
    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,
    ) -> datetime | None:
        """What comes from the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _at(name: str, **more: Any) -> Column[datetime | None]:  # noqa: ANN401  passed on
    return Column(name, UtcDateTime, **more)


meta = Table(
    "meta",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

folders = Table(
    "folders",
    metadata,
    Column("mailbox", String(40), primary_key=True),
    Column("folder", String(200), primary_key=True),
    Column("uidvalidity", Integer, primary_key=True),
    Column("last_uid", Integer, nullable=False, default=0),
    _at("seen_at", nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("ref", String(12), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", String(24), nullable=False),
    Column("outcome", String(24)),
    Column("language", String(2), nullable=False),
    _at("received_at", nullable=False),
    _at("form_issued_at"),
    _at("due_at"),
    _at("closed_at"),
    Column("patient_key", String(40)),
    Column("journal_head", String(64), nullable=False),
    Column("journal_length", Integer, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_cases_due_at", "due_at"),
    Index("ix_cases_patient_key", "patient_key"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox", String(40), nullable=False),
    Column("folder", String(200), nullable=False),
    Column("uidvalidity", Integer, nullable=False),
    Column("uid", Integer, nullable=False),
    _at("received_at", nullable=False),
    _at("kept_at", nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("message_key", String(40)),
    Column("content_key", String(40)),
    Column("sealed_id", LargeBinary),
    Column("wrapped_key", LargeBinary),
    Column("sealed", LargeBinary),
    Column("kind", String(16)),
    Column("outcome", String(16)),
    Column("why", String(300), nullable=False, default=""),
    Column("ref", String(12), ForeignKey("cases.ref")),
    Column("failures", Integer, nullable=False, default=0),
    _at("next_at"),
    _at("handled_at"),
    Column("file_to", String(16)),
    _at("filed_at"),
    _at("vanished_at"),
    UniqueConstraint("mailbox", "folder", "uidvalidity", "uid", name="uq_messages_uid"),
    Index("ix_messages_message_key", "message_key"),
    Index("ix_messages_outcome", "outcome", "id"),
    Index("ix_messages_filing", "mailbox", "file_to", "filed_at"),
    Index("ix_messages_ref", "ref"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message", Integer, ForeignKey("messages.id"), nullable=False),
    Column("turn", Integer, nullable=False),
    _at("at", nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("ref", String(12), nullable=False),
    Column("why", String(300), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("day", String(10)),
    UniqueConstraint("message", "turn", name="uq_ledger_turn"),
    Index("ix_ledger_day", "day", "id"),
)

ledger_days = Table(
    "ledger_days",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("lines", Integer, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("head", String(64), nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("address_key", String(40), primary_key=True),
    Column("ref", String(12), ForeignKey("cases.ref"), primary_key=True),
    Column("role", String(10), primary_key=True),
    Column("provider", Integer, primary_key=True),
    Index("ix_people_ref", "ref"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("code_key", String(40), primary_key=True),
    Column("ref", String(12), ForeignKey("cases.ref")),
    Column("role", String(10), nullable=False),
    Column("provider", Integer, nullable=False),
    Column("sealed_recipient", LargeBinary, nullable=False),
    Index("ix_tokens_ref", "ref"),
)

authorizations = Table(
    "authorizations",
    metadata,
    Column("ref", String(12), ForeignKey("cases.ref"), primary_key=True),
    Column("issue", Integer, primary_key=True),
    _at("accepted_at", nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("business_key", String(200), nullable=False, unique=True),
    Column("message_id", String(200), nullable=False, unique=True),
    Column("ref", String(12), ForeignKey("cases.ref")),
    Column("letter", String(30), nullable=False),
    Column("to_role", String(10), nullable=False),
    Column("provider", Integer, nullable=False, default=0),
    Column("occasion", String(120), nullable=False),
    Column("recipient_key", String(40), nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("in_data", Boolean, nullable=False, default=False),
    Column("reply", String(120), nullable=False, default=""),
    _at("created_at", nullable=False),
    _at("next_at", nullable=False),
    _at("claimed_at"),
    _at("data_at"),
    _at("sent_at"),
    Column("sealed_recipient", LargeBinary, nullable=False),
    Column("sealed_shows", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    CheckConstraint(
        "state in ('waiting','paused','sending','uncertain','sent','refused','cancelled')",
        name="state",
    ),
    Index("ix_outbox_due", "state", "next_at"),
    Index("ix_outbox_ref", "ref"),
    Index("ix_outbox_recipient", "recipient_key", "created_at"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("ref", String(12), primary_key=True),
    Column("provider", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("issue", Integer, nullable=False),
    Column("outbox_id", Integer, ForeignKey("outbox.id"), nullable=False),
    ForeignKeyConstraint(
        ["ref", "issue"],
        ["authorizations.ref", "authorizations.issue"],
        name="fk_submissions_authorization",
    ),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ref", String(12), ForeignKey("cases.ref"), nullable=False),
    Column("seq", Integer, nullable=False),
    _at("at", nullable=False),
    Column("kind", String(40), nullable=False),
    Column("because", Text, nullable=False),
    Column("before", String(24), nullable=False),
    Column("after", String(24), nullable=False),
    Column("letters", String(400), nullable=False),
    Column("actor", String(20), nullable=False),
    Column("message", Integer),
    Column("sealed", LargeBinary, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("ref", "seq", name="uq_journal_seq"),
)

form_files = Table(
    "form_files",
    metadata,
    Column("file_key", String(40), primary_key=True),
    Column("ref", String(12), ForeignKey("cases.ref"), primary_key=True),
)

directory = Table(
    "directory",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("entry", Text, nullable=False),
)

purged = Table(
    "purged",
    metadata,
    Column("ref", String(12), ForeignKey("cases.ref"), primary_key=True),
    _at("purged_at", nullable=False),
    Column("rule", String(24), nullable=False),
    Column("proof", String(64), nullable=False),
)

removals = Table(
    "removals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mailbox", String(40), nullable=False),
    Column("name", String(40), nullable=False),
    Column("sealed_id", LargeBinary, nullable=False),
    _at("asked_at", nullable=False),
    UniqueConstraint("mailbox", "name", name="uq_removals_name"),
)

legal_holds = Table(
    "legal_holds",
    metadata,
    Column("ref", String(12), ForeignKey("cases.ref"), primary_key=True),
    _at("since", nullable=False),
)
