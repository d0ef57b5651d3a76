"""Alembic's entry: migrates on the connection, and in the transaction, that `bridge.store.engine.migrate` opened."""

from __future__ import annotations

from alembic import context

from bridge.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
