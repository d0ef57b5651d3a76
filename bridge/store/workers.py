"""Workers and their heartbeats: what another machine can know of who works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.engine import autocommit
from bridge.store.schema import worker

ALIVE: Final = 60.0
"""Seconds after its last sign of life for which a worker is taken to live: machines are slow, and clocks differ."""
UNDONE: Final[Mapping[str, str]] = {
    "sync": "no roster is synced",
    "directory": "OttoLearn’s users are not read",
    "upkeep": "no progress is reported to LMSs, and nothing expires",
}
"""By queue what is not done while nobody takes it: a bridge that is set to have workers does nothing by itself."""
_w: Final = worker.c
_ALL: Final = select(_w.id, _w.machine, _w.queues, _w.seen_at).order_by(_w.machine, _w.id)
_FORGET: Final = delete(worker).where(_w.seen_at < bindparam("before"))
_LEAVE: Final = delete(worker).where(_w.id == bindparam("left"))


class Worker(NamedTuple):
    """One `ottobridge worker`: the process that queues due jobs and recovers lost ones, and its children."""

    id: str
    machine: str
    queues: tuple[str, ...]
    seen_at: float
    """When it last gave a sign of life, in Unix seconds."""


def _beat(dialect: Any) -> Any:
    row = dialect.insert(worker)
    changes = {"queues": row.excluded.queues, "seen_at": row.excluded.seen_at}
    return row.on_conflict_do_update(index_elements=[_w.id], set_=changes)


_BEAT: Final = {"sqlite": _beat(sqlite), "postgresql": _beat(postgresql)}


def beat(engine: Engine, one: Worker) -> None:
    """A sign of life."""
    row = {**one._asdict(), "queues": ",".join(one.queues)}
    with autocommit(engine) as connection:
        connection.execute(_BEAT[engine.dialect.name], row)


def remove(engine: Engine, id_: str) -> None:
    """The worker ends, and is not missed."""
    with autocommit(engine) as connection:
        connection.execute(_LEAVE, {"left": id_})


def forget_before(engine: Engine, before: float) -> None:
    """Delete those that gave no sign of life since."""
    with autocommit(engine) as connection:
        connection.execute(_FORGET, {"before": before})


def read_all_on(connection: Connection) -> list[Worker]:
    """All that are known, alive or not."""
    rows = connection.execute(_ALL).all()
    return [Worker(row.id, row.machine, tuple(row.queues.split(",")), row.seen_at) for row in rows]


def read_all(engine: Engine) -> list[Worker]:
    """The same."""
    with autocommit(engine) as connection:
        return read_all_on(connection)


def alive(workers: Iterable[Worker], now: float) -> list[Worker]:
    """Those that have given a sign of life lately."""
    return [one for one in workers if now - one.seen_at < ALIVE]


def count_by_queue(workers: Iterable[Worker], now: float) -> dict[str, int]:
    """How many living workers take each queue."""
    found = alive(workers, now)
    return {queue: sum(queue in one.queues for one in found) for queue in UNDONE}


def unserved_work(workers: Iterable[Worker], now: float) -> str:
    """What nobody does, as a sentence's part; empty where every queue has a worker."""
    return ", ".join(UNDONE[queue] for queue, count in count_by_queue(workers, now).items() if not count)
