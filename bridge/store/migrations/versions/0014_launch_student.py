"""The record of launches can be asked for one student."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_launch_student", "launch", ["student_id"])
