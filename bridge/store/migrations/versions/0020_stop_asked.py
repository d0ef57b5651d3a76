"""Somebody's wish that a run under way should stop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the column; nobody has asked yet."""
    op.add_column("sync_run", sa.Column("stop_asked_at", sa.Double, nullable=True))
