"""The courses that launches named, for rosters by LTI memberships."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table of courses."""
    op.create_table(
        "course",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("connection", sa.String(255), nullable=False, index=True),
        sa.Column("members", sa.Text, nullable=False),
        sa.Column("first_seen", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
