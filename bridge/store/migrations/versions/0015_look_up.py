"""Which runs read one person alone, for a launch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column; no run before did."""
    op.add_column("sync_run", sa.Column("look_up", sa.Boolean(), nullable=False, server_default=sa.false()))
