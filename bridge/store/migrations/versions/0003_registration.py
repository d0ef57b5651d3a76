"""Our own signing keys, connections that registered themselves, and the deployments learned from launches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of keys, registered connections and deployments."""
    op.create_table(
        "own_key",
        sa.Column("kid", sa.String(64), primary_key=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=True),
        sa.Column("public", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("published_until", sa.Double, nullable=True),
        sa.Index("ix_own_key_stage", "purpose", "stage", unique=True),
    )
    op.create_table(
        "connection",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("adapter", sa.String(255), nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("registered_at", sa.Double, nullable=False),
    )
    op.create_table(
        "deployment",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("connection", sa.String(64), nullable=False, index=True),
        sa.Column("deployment_id", sa.String(255), nullable=False),
        sa.Column("first_seen", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
