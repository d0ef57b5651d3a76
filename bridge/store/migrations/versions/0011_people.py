"""The person ledger, and IDs in dispute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make both tables, empty: the first launch and the first roster of each person fill them."""
    op.create_table(
        "person",
        sa.Column("connection", sa.String(255), primary_key=True),
        sa.Column("door", sa.String(32), primary_key=True),
        sa.Column("record", sa.String(255), primary_key=True),
        sa.Column("student_id", sa.String(255), nullable=False),
        sa.Column("user_id", _Number, nullable=True),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("first_seen", sa.Double, nullable=False),
        sa.Column("bound_at", sa.Double, nullable=False),
        sa.Column("last_seen", sa.Double, nullable=False),
        sa.Index("ix_person_user", "connection", "door", "user_id", unique=True),
        sa.Index("ix_person_student", "student_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "disputed",
        sa.Column("connection", sa.String(255), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("run", _Number, nullable=False),
        sqlite_with_rowid=False,
    )
