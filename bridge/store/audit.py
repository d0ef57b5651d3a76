"""The list of what administrators did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, Engine, String, bindparam, insert, select, tuple_

from bridge.store.admin_schema import audit as table
from bridge.store.engine import autocommit
from bridge.store.purging import Purge
from bridge.store.text import storable


class AuditRow(NamedTuple):
    """One act. `time` is Unix seconds, `details` JSON; `id` is 0 until it is written."""

    time: float
    who: str
    role: str
    act: str
    connection: str = ""
    student_id: str = ""
    details: str = "{}"
    address: str = ""
    id: int = 0


_COLUMNS: Final = [table.c[name] for name in AuditRow._fields]
_LIMITS: Final = {c.name: c.type.length for c in _COLUMNS if isinstance(c.type, String) and c.type.length}
_PURGE: Final = Purge(table, table.c.time < bindparam("before"))


def append(engine: Engine, row: AuditRow) -> None:
    """Write one act."""
    with autocommit(engine) as connection:
        append_to(connection, [row])


def append_to(connection: Connection, rows: Sequence[AuditRow]) -> None:
    """Write several, in a transaction that is under way."""
    values = [
        {
            **{name: storable(getattr(row, name), limit) for name, limit in _LIMITS.items()},
            "time": row.time,
            "details": row.details,
        }
        for row in rows
    ]
    if values:
        connection.execute(insert(table), values)


def newest(
    engine: Engine, last: int, *, before: tuple[float, int] | None = None, who: str = "", act: str = ""
) -> list[AuditRow]:
    """The `last` acts, newest first; those before the act at this time with this id, of this person, of this kind."""
    statement = select(*_COLUMNS).order_by(table.c.time.desc(), table.c.id.desc()).limit(last)
    if before is not None:
        statement = statement.where(tuple_(table.c.time, table.c.id) < tuple_(*before))
    for column, wanted in ((table.c.who, who), (table.c.act, act)):
        if wanted:
            statement = statement.where(column == wanted)
    with autocommit(engine) as connection:
        return [AuditRow(*row) for row in connection.execute(statement)]


def forget_before(engine: Engine, time: float) -> int:
    """Delete the acts older than `time`; how many."""
    return _PURGE.run(engine, {"before": time})
