"""Runs that read only what changed, and up to when each run has read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns; every earlier run read a whole roster and left no checkpoint."""
    op.add_column("sync_run", sa.Column("since", sa.Double, nullable=True))
    op.add_column("sync_run", sa.Column("read_to", sa.Double, nullable=True))
