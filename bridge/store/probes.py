"""What probe packages saw, the last few of each connection."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Engine, bindparam, delete, insert, select

from bridge.store.engine import autocommit
from bridge.store.schema import probe

KEPT = 20
"""Probes of one connection; older ones are forgotten."""


class ProbeRow(NamedTuple):
    """One probe: `findings` is JSON as the package's page sent it; `time` is Unix seconds."""

    time: float
    connection: str
    origin: str
    findings: str


_COLUMNS: Final = [probe.c[name] for name in ProbeRow._fields]
_ADD: Final = insert(probe)
_SURPLUS: Final = (
    select(probe.c.id)
    .where(probe.c.connection == bindparam("name"))
    .order_by(probe.c.id.desc())
    .offset(KEPT)
    .limit(1000)
)
_FORGET: Final = delete(probe).where(probe.c.id.in_(_SURPLUS.scalar_subquery()))
_NEWEST: Final = select(*_COLUMNS).order_by(probe.c.id.desc()).limit(bindparam("last"))


def add(engine: Engine, row: ProbeRow) -> None:
    """Keep a probe."""
    with engine.begin() as connection:
        connection.execute(_ADD, row._asdict())
        connection.execute(_FORGET, {"name": row.connection})


def newest(engine: Engine, last: int) -> list[ProbeRow]:
    """The last probes, newest first."""
    with autocommit(engine) as connection:
        return [ProbeRow(*row) for row in connection.execute(_NEWEST, {"last": last})]
