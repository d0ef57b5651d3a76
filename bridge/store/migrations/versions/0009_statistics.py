"""What SQLite cannot know of a table that is empty: that a run has many items.

Without statistics it takes ten rows for what one run has, and looks through all items of the run for each group of
people, so that a plan takes the square of the time. An application may fill the table of statistics itself
(https://sqlite.org/fileformat2.html, "The sqlite_stat1 table"). PostgreSQL counts for itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

STATISTICS = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
SIZES = {
    "sync_item": "1000000 100000 1",
    "ix_sync_item_key": "1000000 100000 1",
    "ix_sync_item_user": "1000000 100000 1",
    "ix_sync_item_state": "1000000 100000 50000 20000",
}
"""Rows, rows of a run, and rows with one value of each further column, by index."""


def upgrade() -> None:
    """Say so."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("ANALYZE sqlite_schema")  # makes the table
    op.execute(sa.delete(STATISTICS).where(STATISTICS.c.tbl == "sync_item"))
    rows = [{"tbl": "sync_item", "idx": index, "stat": sizes} for index, sizes in SIZES.items()]
    op.bulk_insert(STATISTICS, rows)
    op.execute("ANALYZE sqlite_schema")  # reads it
