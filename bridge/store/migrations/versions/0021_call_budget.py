"""How fast all processes together may call another system."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the table of budgets."""
    op.create_table(
        "call_budget",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("paused_until", sa.Double, nullable=False),
    )
