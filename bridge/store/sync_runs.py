"""The record of sync runs."""

from __future__ import annotations

import enum
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Engine, Integer, and_, bindparam, func, insert, literal, or_, select, update

from bridge.store.engine import autocommit
from bridge.store.purging import Purge
from bridge.store.sync_items import WRITES, Kind, State
from bridge.store.sync_schema import sync_item, sync_run, sync_source


class Status(enum.StrEnum):
    """The status of a run; all but the first two appear in `sync --json`."""

    READING = "reading"
    """The roster is being read and the plan made; nothing was written yet."""
    APPLYING = "applying"
    PLANNED = "planned"
    HELD_BACK = "held_back"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


UNFINISHED: Final = ("interrupted", "stopped", "roster_incomplete")
GUESSED: Final = "columns_guessed"
"""The reason of a run that only plans, because nobody has confirmed yet what its roster's reader guessed."""
RIGHT_LOST: Final = "right_lost"
"""The reason of a run to which the source did not give a right that the last reading had."""
UNDER_WAY: Final = (Status.READING, Status.APPLYING)


class Run(NamedTuple):
    """One run. Times are Unix seconds."""

    id: int
    connection: str
    source: int
    started_at: float
    ended_at: float | None
    status: str
    reason: str
    full: bool
    settings: str
    """Digest of what the plan was made by."""
    plan: str
    """Digest of the plan, or empty where there is none to apply."""
    since: float | None
    """For an incremental run: since when changes were read, by the source's clock. None: the whole roster was read."""
    read_to: float | None
    """The source's clock when the reading began; None where it did not say, or nothing was read to its end."""
    look_up: bool
    """Whether it read one person alone, for a launch."""
    summary: dict[str, Any]

    @property
    def kind(self) -> str:
        """`whole` (a full run), `in_between` (an incremental run) or `look_up`."""
        return kind_of(self.since, look_up=self.look_up)


_r = sync_run.c
_RUNS: Final = select(
    _r.id,
    sync_source.c.connection,
    _r.source,
    _r.started_at,
    _r.ended_at,
    _r.status,
    _r.reason,
    _r.full,
    _r.settings,
    _r.plan,
    _r.since,
    _r.read_to,
    _r.look_up,
    _r.summary,
).join(sync_source, sync_source.c.id == _r.source)


_OF_ROSTER: Final = _r.look_up.is_(False)
"""Of a run that read more than one person for a launch."""
_GOOD: Final = (
    _r.status.in_((Status.DONE, Status.PARTIAL, Status.HELD_BACK)),
    _r.reason.not_in(UNFINISHED),
    _OF_ROSTER,
)
"""Of a run that came to its end."""
_MANY: Final = 500
_OLD: Final = select(_r.id).where(_r.started_at < bindparam("before"), _r.status.not_in(UNDER_WAY))
_FORGET_ITEMS: Final = Purge(sync_item, sync_item.c.run.in_(_OLD))


def kind_of(since: float | None, *, look_up: bool = False) -> str:
    """The kind of a run as `--json` names it: `in_between` where it read changes since `since`, `whole` without it."""
    if look_up:
        return "look_up"
    return "whole" if since is None else "in_between"


def _of(source: int) -> ColumnElement[bool]:
    """Of this connection, whose number PostgreSQL does not know while it plans: it would look for the runs of one that
    has many among those of all, from the newest on, though its last may be very old."""
    return _r.source == select(literal(source, Integer)).scalar_subquery()


def _named(connection: str) -> ColumnElement[bool]:
    """The same, by its name."""
    one = sync_source.alias()
    return _r.source == select(one.c.id).where(one.c.connection == connection).scalar_subquery()


def begin(engine: Engine, source: int, *, now: float, full: bool, settings: str, look_up: bool = False) -> int:
    """Record that a run begins; its number."""
    row = {"source": source, "started_at": now, "full": full, "settings": settings, "look_up": look_up}
    rest = {"status": Status.READING, "reason": "", "plan": "", "summary": "{}"}
    with autocommit(engine) as connection:
        return int(connection.execute(insert(sync_run).returning(_r.id), {**row, **rest}).scalar_one())


def change(engine: Engine, run: int, **values: object) -> None:
    """Write columns of a run; `summary` as a plain dict."""
    if "summary" in values:
        values["summary"] = msgspec.json.encode(values["summary"]).decode()
    with autocommit(engine) as connection:
        connection.execute(update(sync_run).where(_r.id == run).values(**values))


def find(engine: Engine, run: int) -> Run | None:
    """One run."""
    with autocommit(engine) as connection:
        row = connection.execute(_RUNS.where(_r.id == run)).one_or_none()
    return None if row is None else _run(row)


def newest(engine: Engine, last: int, connection: str | None = None, *, whole: bool = False) -> list[Run]:
    """The `last` runs, of one connection or of all, newest first; with `whole` only those that read a whole roster."""
    statement = _RUNS.order_by(_r.id.desc()).limit(last)
    statement = statement.where(_r.since.is_(None), _OF_ROSTER) if whole else statement
    if connection is not None:
        statement = statement.where(_named(connection))
    with autocommit(engine) as database:
        return [_run(row) for row in database.execute(statement)]


def page(
    engine: Engine,
    size: int,
    *,
    before: int | None = None,
    connection: str | None = None,
    whole: bool = False,
    look_ups: bool = False,
) -> list[Run]:
    """`size` runs older than run `before`, newest first; with `whole` only those that read a whole roster, with
    `look_ups` also those of one person for a launch.
    """
    statement = _RUNS.order_by(_r.id.desc()).limit(size)
    statement = statement if before is None else statement.where(_r.id < before)
    statement = statement if look_ups else statement.where(_OF_ROSTER)
    statement = statement.where(_r.since.is_(None)) if whole else statement
    if connection is not None:
        statement = statement.where(_named(connection))
    with autocommit(engine) as database:
        return [_run(row) for row in database.execute(statement)]


def last_that_acted(engine: Engine, source: int, before: int) -> Run | None:
    """The last run of a connection before run `before` that was more than a plan."""
    earlier = _RUNS.where(_of(source), _r.id < before, _r.status != Status.PLANNED, _OF_ROSTER)
    with autocommit(engine) as connection:
        row = connection.execute(earlier.order_by(_r.id.desc()).limit(1)).one_or_none()
    return None if row is None else _run(row)


def last_whole(engine: Engine, source: int) -> int:
    """The number of the last run of a connection that read its whole roster and was done with it; 0 for none."""
    statement = select(_r.id).where(_of(source), _r.since.is_(None), _r.status == Status.DONE, _OF_ROSTER)
    with autocommit(engine) as connection:
        return connection.execute(statement.order_by(_r.id.desc()).limit(1)).scalar_one_or_none() or 0


def deactivated_by_incremental_runs(engine: Engine, source: int) -> int:
    """How many people the incremental runs of a connection have deactivated since its last full run."""
    whole = last_whole(engine, source)
    statement = (
        select(func.count())
        .select_from(sync_item)
        .join(sync_run, sync_run.c.id == sync_item.c.run)
        .where(_r.source == source, _r.id > whole, _r.since.is_not(None))
        .where(sync_item.c.kind == Kind.DEACTIVATE, sync_item.c.state == State.DONE)
    )
    with autocommit(engine) as connection:
        return int(connection.execute(statement).scalar_one())


def written_since(engine: Engine, source: int, time: float, *, except_run: int) -> dict[str, int]:
    """How many writes of each kind the runs of a connection made that began after `time`, but for those that somebody
    had let do more than the limits.
    """
    recent = _RUNS.where(_r.source == source, _r.started_at > time, _r.id != except_run, _r.status != Status.PLANNED)
    counting = (
        select(sync_item.c.kind, func.count())
        .where(sync_item.c.run.in_(bindparam("runs", expanding=True)), sync_item.c.state == State.DONE)
        .where(sync_item.c.kind.in_(WRITES))
        .group_by(sync_item.c.kind)
    )
    found: dict[str, int] = {}
    with autocommit(engine) as connection:
        runs = [run.id for run in map(_run, connection.execute(recent)) if not run.summary.get("allowed")]
        for at in range(0, len(runs), _MANY):
            for kind, number in connection.execute(counting, {"runs": runs[at : at + _MANY]}):
                found[kind] = found.get(kind, 0) + int(number)
    return found


def first_started(engine: Engine, source: int) -> float | None:
    """When the first run of a connection that came to its end began."""
    statement = select(func.min(_r.started_at)).where(_r.source == source, *_GOOD)
    with autocommit(engine) as connection:
        return connection.execute(statement).scalar_one_or_none()


def under_way(engine: Engine, source: int) -> list[Run]:
    """The runs of a connection that say they are under way: with its lock held, these died."""
    with autocommit(engine) as connection:
        rows = connection.execute(_RUNS.where(_r.source == source, _r.status.in_(UNDER_WAY)).order_by(_r.id))
        return [_run(row) for row in rows]


def completed(engine: Engine, source: int, last: int) -> list[Run]:
    """The `last` runs of a connection that came to their end, newest first."""
    statement = _RUNS.where(_of(source), *_GOOD).order_by(_r.id.desc()).limit(last)
    with autocommit(engine) as connection:
        return [_run(row) for row in connection.execute(statement)]


def last_completed(engine: Engine, source: int, *, whole: bool) -> Run | None:
    """The last run that came to its end and read the whole roster, or else only changes."""
    statement = _RUNS.where(_of(source), *_GOOD, _r.since.is_(None) if whole else _r.since.is_not(None))
    with autocommit(engine) as connection:
        row = connection.execute(statement.order_by(_r.id.desc()).limit(1)).one_or_none()
    return None if row is None else _run(row)


def newest_of_roster(engine: Engine, connection: str) -> Run | None:
    """The newest run of a connection that was not for one launch."""
    statement = _RUNS.where(_named(connection), _OF_ROSTER).order_by(_r.id.desc()).limit(1)
    with autocommit(engine) as database:
        row = database.execute(statement).one_or_none()
    return None if row is None else _run(row)


def count_look_ups(engine: Engine, source: int, since: float) -> int:
    """How many people launches have had looked up since then, with something to do."""
    statement = select(func.count()).select_from(sync_run)
    statement = statement.where(_r.source == source, _r.look_up, _r.started_at >= since)
    with autocommit(engine) as connection:
        return int(connection.execute(statement).scalar_one())


def last_started(engine: Engine, source: int, *, full: bool = False) -> float | None:
    """When the last run, or the last full one, of a connection that came to its end began.

    A plan that waits to be confirmed is such an end, though not of a full one.
    """
    ended = or_(and_(*_GOOD), and_(_r.reason == GUESSED, _OF_ROSTER))
    statement = select(_r.started_at).where(_of(source), ended)
    statement = statement.where(_r.full, _r.status != Status.PLANNED) if full else statement
    with autocommit(engine) as connection:
        return connection.execute(statement.order_by(_r.id.desc()).limit(1)).scalar_one_or_none()


def wrote_after(engine: Engine, source: int, run: int) -> bool:
    """Whether a later run of the connection has changed anything, in OttoLearn or in the snapshot; one for a launch, of
    anybody whom this run is about.
    """
    own, planned = sync_item.alias(), sync_item.alias()
    same = select(own.c.number).join(planned, planned.c.key == own.c.key)
    of_same = same.where(own.c.run == _r.id, planned.c.run == run).correlate(sync_run).exists()
    later = select(_r.id).where(_r.source == source, _r.id > run, or_(_OF_ROSTER, of_same))
    settled = later.where(_r.status.not_in((Status.PLANNED, Status.FAILED, Status.READING)))
    sent = later.join(sync_item, sync_item.c.run == _r.id).where(
        sync_item.c.state.in_((State.SENT, State.DONE, State.ABANDONED))
    )
    with autocommit(engine) as connection:
        return any(connection.execute(which.limit(1)).first() is not None for which in (settled, sent))


def count_under_way(engine: Engine, last: int) -> int:
    """How many of the `last` runs of all connections are under way."""
    newest_runs = select(_r.status).order_by(_r.id.desc()).limit(last).subquery()
    statement = select(func.count()).select_from(newest_runs).where(newest_runs.c.status.in_(UNDER_WAY))
    with autocommit(engine) as connection:
        return int(connection.execute(statement).scalar_one())


def forget_items_before(engine: Engine, time: float) -> int:
    """Delete the items of runs that began before `time`, but keep the runs themselves; how many items."""
    return _FORGET_ITEMS.run(engine, {"before": time})


def _run(row: Any) -> Run:
    return Run._make((*row[:-1], msgspec.json.decode(row.summary)))
