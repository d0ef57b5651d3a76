"""Counts and names of launches, and indexes, for the administrators' pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_NOT_IN = sa.text("outcome <> 'matched'")


def upgrade() -> None:
    """Make them; the counts are filled by a job."""
    op.create_table(
        "launch_count",
        sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("connection", sa.String(255), primary_key=True),
        sa.Column("outcome", sa.String(32), primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "launch_name",
        sa.Column("word", sa.LargeBinary(48), primary_key=True),
        sa.Column("connection", sa.String(255), primary_key=True),
        sa.Column("student_id", sa.String(255), primary_key=True),
        sa.Column("seen_at", sa.Double, nullable=False, index=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "launch_summed",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_launch_connection", "launch", ["connection", "time", "id"])
    op.create_index(
        "ix_launch_outcome",
        "launch",
        ["outcome", "time", "id", "connection"],
        sqlite_where=_NOT_IN,
        postgresql_where=_NOT_IN,
    )
    op.create_index(
        "ix_launch_not_in",
        "launch",
        ["time", "id", "outcome", "connection"],
        sqlite_where=_NOT_IN,
        postgresql_where=_NOT_IN,
    )
