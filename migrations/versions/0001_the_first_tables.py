"""The first tables: ledger, cases, journal, outbox, look-ups."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("form_issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("patient_key", sa.String(length=40), nullable=True),
        sa.Column("journal_head", sa.String(length=64), nullable=False),
        sa.Column("journal_length", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_cases")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("ix_cases_due_at", ["due_at"], unique=False)
        batch_op.create_index("ix_cases_patient_key", ["patient_key"], unique=False)

    op.create_table(
        "directory",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory")),
        sa.UniqueConstraint("name", name=op.f("uq_directory_name")),
    )
    op.create_table(
        "folders",
        sa.Column("mailbox", sa.String(length=40), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("uidvalidity", sa.Integer(), nullable=False),
        sa.Column("last_uid", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "folder", "uidvalidity", name=op.f("pk_folders")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "authorizations",
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("issue", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_authorizations_ref")),
        sa.PrimaryKeyConstraint("ref", "issue", name=op.f("pk_authorizations")),
    )
    op.create_table(
        "form_files",
        sa.Column("file_key", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_form_files_ref")),
        sa.PrimaryKeyConstraint("file_key", "ref", name=op.f("pk_form_files")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("before", sa.String(length=24), nullable=False),
        sa.Column("after", sa.String(length=24), nullable=False),
        sa.Column("letters", sa.String(length=400), nullable=False),
        sa.Column("actor", sa.String(length=20), nullable=False),
        sa.Column("message", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_journal_ref")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("ref", "seq", name="uq_journal_seq"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.String(length=40), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("uidvalidity", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("message_key", sa.String(length=40), nullable=True),
        sa.Column("content_key", sa.String(length=40), nullable=True),
        sa.Column("sealed_id", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("ref", sa.String(length=12), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file_to", sa.String(length=16), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vanished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_messages_ref")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("mailbox", "folder", "uidvalidity", "uid", name="uq_messages_uid"),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index(
            "ix_messages_filing", ["mailbox", "file_to", "filed_at"], unique=False
        )
        batch_op.create_index("ix_messages_message_key", ["message_key"], unique=False)
        batch_op.create_index("ix_messages_outcome", ["outcome", "id"], unique=False)
        batch_op.create_index("ix_messages_ref", ["ref"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("business_key", sa.String(length=200), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("ref", sa.String(length=12), nullable=True),
        sa.Column("letter", sa.String(length=30), nullable=False),
        sa.Column("to_role", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(length=120), nullable=False),
        sa.Column("recipient_key", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("in_data", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("data_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_recipient", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_shows", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "state in ('waiting','paused','sending','uncertain','sent','refused','cancelled')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_outbox_ref")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("business_key", name=op.f("uq_outbox_business_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_due", ["state", "next_at"], unique=False)
        batch_op.create_index("ix_outbox_recipient", ["recipient_key", "created_at"], unique=False)
        batch_op.create_index("ix_outbox_ref", ["ref"], unique=False)

    op.create_table(
        "people",
        sa.Column("address_key", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_people_ref")),
        sa.PrimaryKeyConstraint("address_key", "ref", "role", "provider", name=op.f("pk_people")),
    )
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.create_index("ix_people_ref", ["ref"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("code_key", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=12), nullable=True),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("provider", sa.Integer(), nullable=False),
        sa.Column("sealed_recipient", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ref"], ["cases.ref"], name=op.f("fk_tokens_ref")),
        sa.PrimaryKeyConstraint("code_key", name=op.f("pk_tokens")),
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index("ix_tokens_ref", ["ref"], unique=False)

    op.create_table(
        "submissions",
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("provider", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("issue", sa.Integer(), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_submissions_outbox_id")
        ),
        sa.ForeignKeyConstraint(
            ["ref", "issue"],
            ["authorizations.ref", "authorizations.issue"],
            name="fk_submissions_authorization",
        ),
        sa.PrimaryKeyConstraint("ref", "provider", "number", name=op.f("pk_submissions")),
    )


def downgrade() -> None:
    op.drop_table("submissions")
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_index("ix_tokens_ref")

    op.drop_table("tokens")
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_index("ix_people_ref")

    op.drop_table("people")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_ref")
        batch_op.drop_index("ix_outbox_recipient")
        batch_op.drop_index("ix_outbox_due")

    op.drop_table("outbox")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index("ix_messages_ref")
        batch_op.drop_index("ix_messages_outcome")
        batch_op.drop_index("ix_messages_message_key")
        batch_op.drop_index("ix_messages_filing")

    op.drop_table("messages")
    op.drop_table("journal")
    op.drop_table("form_files")
    op.drop_table("authorizations")
    op.drop_table("meta")
    op.drop_table("folders")
    op.drop_table("directory")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("ix_cases_patient_key")
        batch_op.drop_index("ix_cases_due_at")

    op.drop_table("cases")
