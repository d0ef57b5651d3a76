"""How far a run is while it is under way, and the syncs that administrators ask for on pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the columns of live progress, and the table of requests."""
    op.add_column("sync_run", sa.Column("stage", sa.String(32), nullable=True))
    op.add_column("sync_run", sa.Column("done", sa.BigInteger, nullable=True))
    op.add_column("sync_run", sa.Column("total", sa.BigInteger, nullable=True))
    op.add_column("sync_run", sa.Column("seen_at", sa.Double, nullable=True))
    op.create_table(
        "sync_request",
        sa.Column("id", _Number, primary_key=True, autoincrement=True),
        sa.Column("connection", sa.String(255), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("run", sa.BigInteger, nullable=True),
        sa.Column("asked_by", sa.String(255), nullable=False),
        sa.Column("asked_at", sa.Double, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("open", sa.String(255), nullable=True, unique=True),
        sa.Column("seen_at", sa.Double, nullable=True),
        sa.Column("ended_at", sa.Double, nullable=True),
        sa.Column("result", sa.BigInteger, nullable=True),
        sa.Column("said", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sync_request_connection", "sync_request", ["connection", "id"])
