"""Runs migrations on the database that the caller names; there is no alembic.ini."""

from alembic import context
from sqlalchemy import engine_from_config, pool

from mmx_mailflow.store.tables import metadata

connectable = engine_from_config(
    {"sqlalchemy.url": context.config.get_main_option("sqlalchemy.url")},
    prefix="sqlalchemy.",
    poolclass=pool.NullPool,
)
with connectable.connect() as connection:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
connectable.dispose()
