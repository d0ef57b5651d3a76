"""No index of `spent` by its end: every launch wrote it, and nobody but the purge read it, which looks through all."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Take it away."""
    op.drop_index("ix_spent_until", table_name="spent")
