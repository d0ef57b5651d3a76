"""The roster sync: runs with their plans and journals, and the snapshot of whom each connection brought."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of the roster sync."""
    op.create_table(
        "sync_source",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("connection", sa.String(255), nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
    _runs()
    _items()
    _people()


def _source() -> sa.Column[int]:
    return sa.Column("source", sa.Integer, sa.ForeignKey("sync_source.id", ondelete="CASCADE"), nullable=False)


def _run() -> sa.Column[int]:
    return sa.Column("run", _Number, sa.ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True)


def _runs() -> None:
    op.create_table(
        "sync_run",
        sa.Column("id", _Number, primary_key=True, autoincrement=True),
        _source(),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double, nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("full", sa.Boolean, nullable=False),
        sa.Column("settings", sa.String(64), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Index("ix_sync_run_source", "source", "id"),
        sqlite_autoincrement=True,
    )


def _items() -> None:
    op.create_table(
        "sync_item",
        _run(),
        sa.Column("number", _Number, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("student_id", sa.Text, nullable=False),
        sa.Column("user_id", _Number, nullable=True),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Index("ix_sync_item_key", "run", "key"),
        sa.Index("ix_sync_item_state", "run", "state", "kind"),
        sa.Index("ix_sync_item_user", "run", "user_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sync_claim",
        _run(),
        sa.Column("folded", sa.Text, primary_key=True),
        sa.Column("number", _Number, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def _people() -> None:
    op.create_table(
        "sync_person",
        sa.Column("source", sa.Integer, sa.ForeignKey("sync_source.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("user_id", _Number, nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("standing", sa.Integer, nullable=False),
        sa.Column("missing_reads", sa.Integer, nullable=False),
        sa.Column("missing_since", sa.Double, nullable=True),
        sa.Index("ix_sync_person_user", "user_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sync_written",
        sa.Column("source", sa.Integer, sa.ForeignKey("sync_source.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_id", _Number, primary_key=True, autoincrement=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
