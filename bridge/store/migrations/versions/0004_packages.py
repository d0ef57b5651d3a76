"""Packages with their tokens and sites, rates, visits with the progress told back, and probes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of packages and of reporting back."""
    _packages()
    _rates()
    _progress()


def _packages() -> None:
    op.create_table(
        "package",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("token", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("connection", sa.String(255), nullable=False, index=True),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("course", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=True),
        sa.Column("revoked_at", sa.Double, nullable=True),
    )
    op.create_table(
        "package_origin",
        sa.Column("connection", sa.String(255), primary_key=True),
        sa.Column("origin", sa.String(255), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("package", sa.String(16), nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("decided_at", sa.Double, nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "probe",
        sa.Column("id", _Number, primary_key=True, autoincrement=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("connection", sa.String(255), nullable=False, index=True),
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _rates() -> None:
    op.create_table(
        "rate",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("until", sa.Double, nullable=False, index=True),
        sqlite_with_rowid=False,
    )


def _progress() -> None:
    op.create_table(
        "visit",
        sa.Column("id", _Number, primary_key=True, autoincrement=True),
        sa.Column("time", sa.Double, nullable=False, index=True),
        sa.Column("connection", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("student_id", sa.String(255), nullable=False),
        sa.Column("user_id", _Number, nullable=False),
        sa.Column("course", sa.String(64), nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("ended_at", sa.Double, nullable=True),
        sa.Index("ix_visit_student", "connection", "student_id", "id"),
        sa.Index("ix_visit_user", "connection", "user_id", "id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "progress",
        sa.Column("id", _Number, primary_key=True, autoincrement=True),
        sa.Column("visit", _Number, sa.ForeignKey("visit.id", ondelete="CASCADE"), nullable=False, unique=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("mastered", sa.Boolean, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("told_seconds", sa.Integer, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("detail", sa.String(255), nullable=False),
        sa.Index("ix_progress_due", "state", "due_at"),
        sqlite_autoincrement=True,
    )
