"""What was purged, what is still to be removed on the mail server, and legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purged",
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("purged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", sa.String(length=24), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_purged_ref")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_purged")),
    )
    op.create_table(
        "removals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("sealed_id", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removals")),
        sa.UniqueConstraint("mailbox", "name", name="uq_removals_name"),
    )
    op.create_table(
        "legal_holds",
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_legal_holds_ref")),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_legal_holds")),
    )


def downgrade() -> None:
    for name in ("legal_holds", "removals", "purged"):
        op.drop_table(name)
