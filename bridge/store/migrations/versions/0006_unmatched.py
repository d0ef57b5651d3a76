"""Unmatched students, what they might be recognised by, and the links that administrators make."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables of hints, unmatched students and aliases."""
    op.create_table(
        "hint",
        sa.Column("generation", _Number, primary_key=True),
        sa.Column("key", sa.BigInteger, primary_key=True),
        sa.Column("user_id", _Number, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unmatched",
        sa.Column("connection", sa.String(255), primary_key=True),
        sa.Column("student_id", sa.String(255), primary_key=True),
        sa.Column("first_name", sa.String(255), nullable=False),
        sa.Column("last_name", sa.String(255), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("first_seen", sa.Double, nullable=False),
        sa.Column("last_seen", sa.Double, nullable=False, index=True),
        sa.Index("ix_unmatched_student", "student_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alias",
        sa.Column("connection", sa.String(255), primary_key=True),
        sa.Column("student_id", sa.String(255), primary_key=True),
        sa.Column("user_id", _Number, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
