"""The first tables: one-time values, the record of launches, and the directory of learners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    _one_time_values()
    _launches()
    _learners()


def _one_time_values() -> None:
    op.create_table(
        "spent",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("until", sa.Double, nullable=False, index=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kept",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("until", sa.Double, nullable=False, index=True),
        sqlite_with_rowid=False,
    )


def _launches() -> None:
    op.create_table(
        "launch",
        sa.Column("id", _Number, primary_key=True, autoincrement=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("connection", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("student_id", sa.String(255), nullable=False),
        sa.Column("first_name", sa.String(255), nullable=False),
        sa.Column("last_name", sa.String(255), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False, index=True),
        sa.Column("detail", sa.String(1000), nullable=False),
        sa.Index("ix_launch_time", "time", "id"),
        sqlite_autoincrement=True,
    )


def _learners() -> None:
    op.create_table(
        "generation",
        sa.Column("id", _Number, primary_key=True, autoincrement=True),
        sa.Column("read_at", sa.Double, nullable=False),
        sa.Column("learners", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    directory = op.create_table(
        "directory",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("current", _Number, sa.ForeignKey("generation.id"), nullable=True),
        sa.Column("attempted_at", sa.Double, nullable=True),
        sa.Column("attempted_over", _Number, nullable=True),
    )
    op.bulk_insert(directory, [{"id": 1}])
    op.create_table(
        "learner",
        sa.Column("generation", _Number, sa.ForeignKey("generation.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_id", _Number, primary_key=True, autoincrement=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
    )
    op.create_table(
        "username",
        sa.Column("generation", _Number, primary_key=True),
        sa.Column("folded", sa.Text, primary_key=True),
        sa.Column("user_id", _Number, primary_key=True, autoincrement=False),
        sa.Column("attribute", sa.String(255), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["generation", "user_id"], ["learner.generation", "learner.user_id"], ondelete="CASCADE"
        ),
        sa.Index("ix_username_user", "generation", "user_id"),
        sqlite_with_rowid=False,
    )
