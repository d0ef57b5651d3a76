"""What came with a launch that did not get in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table behind `ottobridge launches explain`."""
    op.create_table(
        "received",
        sa.Column("reference", sa.String(64), primary_key=True),
        sa.Column("time", sa.Double, nullable=False, index=True),
        sa.Column("fields", sa.Text, nullable=False),
    )
