"""Counts of launches by day, for the plots of months on the administrators' pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Make the table, and fill it from the counts by hour."""
    op.create_table(
        "launch_count_by_day",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("connection", sa.String(255), primary_key=True),
        sa.Column("outcome", sa.String(32), primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    # Whoever counts holds this row: nobody may count by hour alone between the two.
    connection.execute(sa.select(sa.table("launch_summed", sa.column("id")).c.id).with_for_update())
    by_hour = sa.table("launch_count", *map(sa.column, ("hour", "connection", "outcome", "count")))
    by_day = sa.table("launch_count_by_day", *map(sa.column, ("day", "connection", "outcome", "count")))
    hour = sa.cast(by_hour.c.hour, sa.Integer)
    day = sa.cast((hour - hour % 24) / 24, sa.Integer).label("day")
    number = sa.cast(sa.func.sum(by_hour.c["count"]), sa.BigInteger)
    days = sa.select(day, by_hour.c.connection, by_hour.c.outcome, number)
    days = days.group_by(day, by_hour.c.connection, by_hour.c.outcome)
    connection.execute(sa.insert(by_day).from_select(["day", "connection", "outcome", "count"], days))
