"""Students whom nobody was found for: found by part of their ID or name, and in the order they were seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bridge.store.text import searched

revision = "0024"
down_revision = "0023"

_BATCH = 1_000
_unmatched = sa.table("unmatched", *map(sa.column, ("connection", "student_id", "first_name", "last_name", "searched")))
_KEY = (_unmatched.c.connection, _unmatched.c.student_id)


def upgrade() -> None:
    """Add the column, fill it, and make the index."""
    op.add_column("unmatched", sa.Column("searched", sa.Text, nullable=False, server_default=""))
    _fill(op.get_bind())
    op.create_index("ix_unmatched_state", "unmatched", ["state", "last_seen"])


def _fill(connection: sa.Connection) -> None:
    columns = [*_KEY, _unmatched.c.first_name, _unmatched.c.last_name]
    place = sa.update(_unmatched).where(_KEY[0] == sa.bindparam("of"), _KEY[1] == sa.bindparam("who"))
    statement = place.values(searched=sa.bindparam("text"))
    some = sa.select(*columns).order_by(*_KEY).limit(_BATCH)
    rows = connection.execute(some).all()
    while rows:
        connection.execute(statement, [{"of": row[0], "who": row[1], "text": searched(*row[1:])} for row in rows])
        rows = connection.execute(some.where(sa.tuple_(*_KEY) > sa.tuple_(*rows[-1][:2]))).all()
