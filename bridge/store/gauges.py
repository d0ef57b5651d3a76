"""The gauges that are read from the database: for /metrics and for the overview of administrators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import CTE, ColumnElement, Connection, Engine, ScalarSelect, Select, bindparam, func, select, text

from bridge.store.engine import autocommit
from bridge.store.learners import DirectoryState, read_state
from bridge.store.schema import key_set, progress, unmatched
from bridge.store.sync_items import State
from bridge.store.sync_runs import UNFINISHED, Status
from bridge.store.sync_schema import disputed, sync_item, sync_run, sync_source
from bridge.store.visits import NEVER, WAITING
from bridge.store.workers import Worker, read_all_on

T = TypeVar("T")

_r: Final = sync_run.c
_GOOD: Final = (_r.status.in_((Status.DONE, Status.PARTIAL)), _r.reason.not_in(UNFINISHED), _r.look_up.is_(False))
"""Conditions of a run that wrote to OttoLearn what the roster says, for a partial run except for single people."""


def _last(column: ColumnElement[T], *conditions: ColumnElement[bool]) -> ScalarSelect[T]:
    """Scalar subquery: `column` of a connection's newest run that meets all `conditions`. It follows the index from the
    newest run on, so that a long record of runs costs nothing."""
    newest = select(column).where(_r.source == sync_source.c.id, *conditions).order_by(_r.id.desc()).limit(1)
    return newest.correlate(sync_source).scalar_subquery()


def _materialized(statement: Select[Any, Any, Any] | Select[Any, Any]) -> CTE:
    """The statement as a MATERIALIZED CTE: PostgreSQL would inline it and evaluate it for each row of `sync_run`."""
    return statement.cte().prefix_with("MATERIALIZED")


_ENDED: Final = _materialized(select(sync_source.c.connection, _last(_r.ended_at, *_GOOD).label("ended_at")))
_SYNCED: Final = select(_ENDED.c.connection, _ENDED.c.ended_at).where(_ENDED.c.ended_at.is_not(None))
_WHOLE: Final = _materialized(
    select(
        sync_source.c.id.label("source"),
        sync_source.c.connection,
        _last(
            _r.id,
            _r.since.is_(None),
            _r.look_up.is_(False),
            _r.status.in_((Status.DONE, Status.PARTIAL, Status.HELD_BACK, Status.APPLYING)),
        ).label("run"),
    )
)
"""The last run of each source that read the whole roster and was more than a plan."""


_SINCE_WHOLE: Final = (
    select(_WHOLE.c.connection, _r.id)
    .join(sync_run, (_r.source == _WHOLE.c.source) & (_r.id >= _WHOLE.c.run))
    .where(_r.status != Status.PLANNED)
)
"""The last full run of each connection, and the incremental runs after it."""
_LEFT: Final = (State.HELD, State.QUARANTINED)
_MANY: Final = 500
_i: Final = sync_item.c
_IN_RUNS: Final = _i.run.in_(bindparam("runs", expanding=True))
_LEFT_BY_RUN: Final = (
    select(_i.run, _i.state, func.count()).where(_IN_RUNS, _i.state.in_(_LEFT)).group_by(_i.run, _i.state)
)
_LEFT_BY_SEVERAL: Final = select(func.count(_i.key.distinct())).where(_IN_RUNS, _i.state == bindparam("at"))
_UNMATCHED: Final = (
    select(unmatched.c.connection, func.count()).where(unmatched.c.state == "waiting").group_by(unmatched.c.connection)
)
_DISPUTED: Final = select(disputed.c.connection, func.count()).group_by(disputed.c.connection)
_PROGRESS: Final = select(func.count(), func.min(progress.c.received_at)).where(
    progress.c.state == WAITING, progress.c.due_at < NEVER
)
_QUEUE_IS_THERE: Final = text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
_QUEUE: Final = text(
    "SELECT queue_name, count(*), min(extract(epoch FROM made.at))::float8 FROM procrastinate_jobs job"
    " LEFT JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = job.id) made ON true"
    " WHERE job.status = 'todo' GROUP BY queue_name"
)
_WORKERS: Final = text("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'")
_KEYS: Final = select(key_set.c.url, key_set.c.answered_at)


class QueueGauges(NamedTuple):
    """Jobs that wait for a worker, by queue."""

    waiting: Mapping[str, int]
    oldest: Mapping[str, float]
    """When the oldest of them came into the queue."""
    workers: int
    """Processes that have given a sign of life in the last minute."""


class GaugeValues(NamedTuple):
    """All gauges as they are at one time. Times are Unix seconds."""

    directory: DirectoryState
    synced: Mapping[str, float]
    """When the last good sync of a connection ended."""
    held: Mapping[str, int]
    """People of a connection whose changes wait for somebody to approve them."""
    quarantined: Mapping[str, int]
    unmatched: Mapping[str, int]
    """Students of a connection whom nobody was found for."""
    disputed: Mapping[str, int]
    """Student IDs of which the last roster of a connection could not say whose they are."""
    waiting: int
    """Reports of progress that the bridge still has to deliver."""
    waiting_since: float | None
    """When OttoLearn made the oldest of them."""
    keys_read: Mapping[str, float]
    """When the key set at an address was last answered."""
    queue: QueueGauges
    workers: Sequence[Worker]
    """All that are known, alive or not."""


def read(engine: Engine) -> GaugeValues:
    """All gauges. Raises SQLAlchemyError where the database does not answer."""
    with autocommit(engine) as connection:
        waiting, since = connection.execute(_PROGRESS).one()
        left = _left(connection)
        return GaugeValues(
            directory=read_state(connection),
            synced=_by_name(connection, _SYNCED),
            held=left[State.HELD],
            quarantined=left[State.QUARANTINED],
            unmatched=_by_name(connection, _UNMATCHED),
            disputed=_by_name(connection, _DISPUTED),
            waiting=waiting,
            waiting_since=since,
            keys_read=_by_name(connection, _KEYS),
            queue=of_queue(connection),
            workers=read_all_on(connection),
        )


def of_queue(connection: Connection) -> QueueGauges:
    """The gauges of the job queue; zeros where the database has none (SQLite, or no worker was ever started)."""
    if connection.dialect.name != "postgresql" or not connection.execute(_QUEUE_IS_THERE).scalar_one():
        return QueueGauges({}, {}, 0)
    rows = connection.execute(_QUEUE).all()
    return QueueGauges(
        {name: count for name, count, _ in rows},
        {name: since for name, _, since in rows if since is not None},
        connection.execute(_WORKERS).scalar_one(),
    )


def _left(connection: Connection) -> Mapping[State, dict[str, int]]:
    """How many people the last full run and the incremental runs after it left in each state, by connection.

    The runs are named to the database: asked for together with their items, it begins with those of all runs.
    """
    of_run: dict[int, str] = {run: name for name, run in connection.execute(_SINCE_WHOLE)}
    runs, found = sorted(of_run), {state: dict[str, dict[int, int]]() for state in _LEFT}
    for at in range(0, len(runs), _MANY):
        for run, state, people in connection.execute(_LEFT_BY_RUN, {"runs": runs[at : at + _MANY]}):
            found[State(state)].setdefault(of_run[run], {})[run] = people
    return {
        state: {name: _people(connection, state, counts) for name, counts in by_name.items()}
        for state, by_name in found.items()
    }


def _people(connection: Connection, state: State, counts: Mapping[int, int]) -> int:
    """The number of people in this state; a person who is in several of the runs counts once."""
    if len(counts) == 1:
        return next(iter(counts.values()))
    return int(connection.execute(_LEFT_BY_SEVERAL, {"runs": [*counts], "at": state}).scalar_one())


def _by_name(connection: Connection, statement: Select[str, T]) -> dict[str, T]:
    return {row[0]: row[1] for row in connection.execute(statement)}
