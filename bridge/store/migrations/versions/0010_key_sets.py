"""The platforms' last good key sets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table of key sets."""
    op.create_table(
        "key_set",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("answered_at", sa.Double, nullable=False),
        sa.Column("fresh_until", sa.Double, nullable=False),
    )
