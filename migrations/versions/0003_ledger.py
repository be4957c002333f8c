"""The ledger's own lines, chained by the day; mails that are here get their first line."""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SAID = ("outcome", "kind", "ref", "why")
_PLACE = ("mailbox", "folder", "uidvalidity", "uid", "received_at", "kept_at")
_TIMES = {"received_at", "kept_at", "handled_at"}


def upgrade() -> None:
    lines = op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(["message"], ["messages.id"], name=op.f("fk_ledger_message")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint("message", "turn", name="uq_ledger_turn"),
    )
    op.create_index("ix_ledger_day", "ledger", ["day", "id"])
    op.create_table(
        "ledger_days",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ledger_days")),
    )
    _first_lines(lines)


def _first_lines(lines: sa.Table) -> None:
    connection = op.get_bind()
    names = ("id", "handled_at", *_SAID, *_PLACE)
    mails = sa.table(
        "messages",
        *(sa.column(n, sa.DateTime(timezone=True) if n in _TIMES else None) for n in names),
    )
    settled = sa.select(mails).where(mails.c.outcome.is_not(None)).order_by(mails.c.id)
    made = [_line(row) for row in connection.execute(settled).mappings()]
    if made:
        connection.execute(sa.insert(lines), made)


def _line(row: sa.RowMapping) -> dict[str, object]:
    line = {"message": row["id"], "turn": 1, "at": row["handled_at"] or row["kept_at"]}
    line |= {name: row[name] or "" for name in _SAID}
    words = [*line.values(), *(row[name] for name in _PLACE)]
    said = json.dumps(words, default=_moment).encode()
    return line | {"hash": hashlib.sha256(said).hexdigest()}


def _moment(at: datetime) -> str:
    return f"{at.replace(tzinfo=at.tzinfo or UTC).timestamp():.6f}"


def downgrade() -> None:
    for name in ("ledger_days", "ledger"):
        op.drop_table(name)
