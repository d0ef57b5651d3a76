"""The list of users is compared and the difference written: which reading is under way, which was the last, how long it
took, and by which rules a generation was made.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns. What is served was the last reading; made by no rules of ours, it is written anew once."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.add_column("generation", sa.Column("made_with", sa.String(64), nullable=False, server_default=""))
    op.add_column("directory", sa.Column("reading", number, nullable=True))
    op.add_column("directory", sa.Column("last", number, nullable=True))
    op.add_column("directory", sa.Column("took", sa.Double, nullable=True))
    directory = sa.table("directory", sa.column("last"), sa.column("current"))
    op.execute(sa.update(directory).values(last=directory.c.current))
