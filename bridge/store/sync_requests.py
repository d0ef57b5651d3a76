"""The queue of syncs that administrators request on pages, for a background process to carry out."""

from __future__ import annotations

import enum
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, bindparam, insert, null, or_, select, update
from sqlalchemy.exc import IntegrityError

from bridge.store.engine import autocommit
from bridge.store.sync_schema import sync_request


class Act(enum.StrEnum):
    """What is asked for."""

    SYNC = "sync"
    PLAN = "plan"
    """A plan, and nothing else."""
    APPLY = "apply"
    """A plan is carried out as it was shown."""
    APPROVE = "approve"
    """The roster is read again, and what was held is done where it is still true."""


class Stage(enum.StrEnum):
    """The state of a request."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """Nothing came of it; `detail` says why."""
    WITHDRAWN = "withdrawn"
    """Taken back before any process began with it."""


class SyncRequest(NamedTuple):
    """One request. Times are Unix seconds."""

    id: int
    connection: str
    act: str
    run: int | None
    """Whose plan it is about."""
    asked_by: str
    asked_at: float
    state: str
    ended_at: float | None
    result: int | None
    """The run that carried it out."""
    detail: str


_q = sync_request.c
_COLUMNS: Final = [_q[name] for name in SyncRequest._fields]
_ADD: Final = insert(sync_request).returning(_q.id)
_NEXT: Final = select(*_COLUMNS).where(_q.state == Stage.WAITING).order_by(_q.id).limit(1)
_OPEN: Final = select(*_COLUMNS).where(_q.open == bindparam("asked"))
_EVERY_OPEN: Final = select(*_COLUMNS).where(_q.open.is_not(None)).order_by(_q.id)
_NEWEST: Final = select(*_COLUMNS).where(_q.connection == bindparam("asked")).order_by(_q.id.desc()).limit(1)
_ABOUT: Final = (
    select(*_COLUMNS)
    .where(_q.connection == bindparam("asked"), _q.run == bindparam("whose"))
    .order_by(_q.id.desc())
    .limit(1)
)
_CLAIM: Final = (
    update(sync_request)
    .where(_q.id == bindparam("which"), _q.state == Stage.WAITING)
    .values(state=Stage.RUNNING, seen_at=bindparam("now"))
)
_KEEP: Final = update(sync_request).where(_q.id == bindparam("which")).values(seen_at=bindparam("now"))
_ENDED: Final = update(sync_request).where(_q.id == bindparam("which"), _q.state == Stage.RUNNING)
_DEAD: Final = (
    update(sync_request)
    .where(
        _q.state == Stage.RUNNING,
        # Far ahead: its clock, or ours, was set back since; a live process writes a new heartbeat.
        or_(_q.seen_at < bindparam("now") - bindparam("lease"), _q.seen_at > bindparam("now") + bindparam("lease")),
    )
    .values(state=Stage.FAILED, open=null(), ended_at=bindparam("now"), detail=bindparam("why"))
)


def add(engine: Engine, connection: str, act: Act, run: int | None, *, asked_by: str, now: float) -> SyncRequest | None:
    """Ask for a sync of a connection; None where somebody has asked for one that is not done yet."""
    row: dict[str, Any] = {"connection": connection, "act": act, "run": run, "asked_by": asked_by[:255]}
    row |= {"asked_at": now, "state": Stage.WAITING, "open": connection, "detail": ""}
    try:
        with autocommit(engine) as database:
            number = int(database.execute(_ADD, row).scalar_one())
    except IntegrityError:
        return None
    return SyncRequest(number, connection, act, run, row["asked_by"], now, Stage.WAITING, None, None, "")


def open_of(engine: Engine, connection: str) -> SyncRequest | None:
    """What was asked for of this connection and is not done yet."""
    return _one(engine, _OPEN, connection)


def newest_of(engine: Engine, connection: str) -> SyncRequest | None:
    """What was last asked for of this connection, done or not."""
    return _one(engine, _NEWEST, connection)


def every_open(engine: Engine) -> list[SyncRequest]:
    """What was asked for of any connection and is not done yet, in the order in which it is begun."""
    with autocommit(engine) as database:
        return [SyncRequest(*row) for row in database.execute(_EVERY_OPEN)]


def of_run(engine: Engine, connection: str, run: int) -> SyncRequest | None:
    """The request that led to a run of this connection; None where there was none."""
    statement = select(*_COLUMNS).where(_q.connection == connection, _q.result == run).order_by(_q.id.desc()).limit(1)
    with autocommit(engine) as database:
        row = database.execute(statement).one_or_none()
    return None if row is None else SyncRequest(*row)


def withdraw(engine: Engine, number: int, now: float) -> bool:
    """Take a request back; False where a process has begun with it, or it is over."""
    waiting = update(sync_request).where(_q.id == number, _q.state == Stage.WAITING)
    with autocommit(engine) as database:
        done = database.execute(waiting.values(state=Stage.WITHDRAWN, open=null(), ended_at=now))
        return done.rowcount == 1


def newest_for_plan(engine: Engine, connection: str, run: int) -> SyncRequest | None:
    """What was last asked for about the plan of this run, done or not."""
    with autocommit(engine) as database:
        row = database.execute(_ABOUT, {"asked": connection, "whose": run}).one_or_none()
    return None if row is None else SyncRequest(*row)


def claim(engine: Engine, now: float) -> SyncRequest | None:
    """The request that has waited longest, for this process alone; None where nothing waits."""
    with autocommit(engine) as database:
        while (row := database.execute(_NEXT).one_or_none()) is not None:
            if database.execute(_CLAIM, {"which": row.id, "now": now}).rowcount:
                return SyncRequest(*row)._replace(state=Stage.RUNNING)
    return None


def is_any(engine: Engine, *, now: float, lease: float) -> bool:
    """Whether a request waits, or one has had no heartbeat for `lease` seconds."""
    silent = (_q.state == Stage.RUNNING) & ((_q.seen_at < now - lease) | (_q.seen_at > now + lease))
    wanted = select(_q.id).where(_q.open.is_not(None), (_q.state == Stage.WAITING) | silent).limit(1)
    with autocommit(engine) as database:
        return database.execute(wanted).first() is not None


def heartbeat(engine: Engine, number: int, now: float) -> None:
    """Write a heartbeat for a request that is being carried out."""
    with autocommit(engine) as database:
        database.execute(_KEEP, {"which": number, "now": now})


def end(engine: Engine, number: int, state: Stage, *, result: int | None, detail: str, now: float) -> None:
    """Note what came of the request."""
    values = {"state": state, "open": None, "ended_at": now, "result": result or None, "detail": detail[:2000]}
    with autocommit(engine) as database:
        database.execute(_ENDED.values(**values), {"which": number})


def abandon(engine: Engine, *, lease: float, why: str, now: float) -> int:
    """Mark as failed the requests without a heartbeat for `lease` seconds, whose process has died; returns how many."""
    with autocommit(engine) as database:
        return database.execute(_DEAD, {"lease": lease, "why": why, "now": now}).rowcount


def _one(engine: Engine, statement: Any, connection: str) -> SyncRequest | None:
    with autocommit(engine) as database:
        row = database.execute(statement, {"asked": connection}).one_or_none()
    return None if row is None else SyncRequest(*row)
