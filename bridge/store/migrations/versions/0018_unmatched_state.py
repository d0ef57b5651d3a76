"""What has been decided about an unmatched student."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column; everybody who is on the list waits."""
    op.add_column("unmatched", sa.Column("state", sa.String(16), nullable=False, server_default="waiting"))
