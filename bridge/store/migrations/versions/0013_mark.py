"""What an administrator should look at in a launch that came in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; of launches before nothing is said."""
    op.add_column("launch", sa.Column("mark", sa.String(32), nullable=False, server_default=""))
