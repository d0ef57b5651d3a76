"""Workers and their heartbeats, visible to all machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.engine import autocommit
from bridge.store.schema import worker

ALIVE: Final = 60.0
"""Seconds after the last heartbeat for which a worker counts as alive: machines are slow, and clocks differ."""
UNDONE: Final[Mapping[str, str]] = {
    "sync": "no roster is synced",
    "directory": "OttoLearn’s users are not read",
    "upkeep": "no progress is reported to LMSs, and nothing expires",
}
"""By queue: what is not done while it has no worker, since with `bridge.workers` the serving processes do nothing."""
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
    """Its last heartbeat, in Unix seconds."""


def _beat(dialect: Any) -> Any:
    row = dialect.insert(worker)
    changes = {"queues": row.excluded.queues, "seen_at": row.excluded.seen_at}
    return row.on_conflict_do_update(index_elements=[_w.id], set_=changes)


_BEAT: Final = {"sqlite": _beat(sqlite), "postgresql": _beat(postgresql)}


def beat(engine: Engine, one: Worker) -> None:
    """Write a heartbeat."""
    row = {**one._asdict(), "queues": ",".join(one.queues)}
    with autocommit(engine) as connection:
        connection.execute(_BEAT[engine.dialect.name], row)


def remove(engine: Engine, id_: str) -> None:
    """Remove a worker that ends."""
    with autocommit(engine) as connection:
        connection.execute(_LEAVE, {"left": id_})


def forget_before(engine: Engine, before: float) -> None:
    """Delete the workers without a heartbeat since."""
    with autocommit(engine) as connection:
        connection.execute(_FORGET, {"before": before})


def read_all_on(connection: Connection) -> list[Worker]:
    """All workers, alive or not, on a connection that is open."""
    rows = connection.execute(_ALL).all()
    return [Worker(row.id, row.machine, tuple(row.queues.split(",")), row.seen_at) for row in rows]


def read_all(engine: Engine) -> list[Worker]:
    """All workers, alive or not."""
    with autocommit(engine) as connection:
        return read_all_on(connection)


def alive(workers: Iterable[Worker], now: float) -> list[Worker]:
    """The workers with a recent heartbeat."""
    return [one for one in workers if now - one.seen_at < ALIVE]


def count_by_queue(workers: Iterable[Worker], now: float) -> dict[str, int]:
    """The number of live workers of each queue."""
    found = alive(workers, now)
    return {queue: sum(queue in one.queues for one in found) for queue in UNDONE}


def unserved_work(workers: Iterable[Worker], now: float) -> str:
    """What is not done for lack of workers, as part of a sentence; empty where every queue has one."""
    return ", ".join(UNDONE[queue] for queue, count in count_by_queue(workers, now).items() if not count)
