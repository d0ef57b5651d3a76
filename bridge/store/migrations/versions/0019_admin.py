"""The administrators' pages: accounts, sessions, and the list of what was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of the administrators' pages."""
    op.create_table(
        "admin_account",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double, nullable=True),
    )
    op.create_table(
        "admin_session",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("begun_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False, index=True),
        sa.Column("messages", sa.Text, nullable=False),
        sa.Index("ix_admin_session_who", "way", "who"),
    )
    op.create_table(
        "audit",
        sa.Column("id", _Number, primary_key=True, autoincrement=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("connection", sa.String(255), nullable=False),
        sa.Column("student_id", sa.String(255), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Index("ix_audit_time", "time", "id"),
        sa.Index("ix_audit_student", "student_id"),
        sqlite_autoincrement=True,
    )
