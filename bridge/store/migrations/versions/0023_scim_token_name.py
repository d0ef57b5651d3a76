"""Names of SCIM tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the column; those there are have none."""
    op.add_column("scim_token", sa.Column("name", sa.String(64), nullable=False, server_default=""))
