"""How fresh the roster of each connection is: what was last read, how far behind that is, and what is due when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from bridge.contracts import Connection
from bridge.roster.settings import Roster, seconds
from bridge.store import sync_people, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_runs import Run

DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The sync status of one connection. Times are Unix seconds; None where there was no such run."""

    connection: str
    people: int
    """Active people whom the connection owns; on pages, whom the last full run has read."""
    last_whole: float | None
    """When the last completed full run began."""
    last_incremental: float | None
    """When the last completed incremental run began."""
    lag_seconds: float | None
    """Seconds since the time up to which changes of the LMS are known: by its clock, else by ours."""
    next_due: float | None
    """When `sync run --all` runs it next; None without a `roster` in its settings."""
    next_is_whole: bool
    last_status: str
    """Status and reason of the newest run; empty before the first."""
    looked_up: int
    """People whom launches of the last day looked up and had synced."""

    def document(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


def read_by_the_last(engine: Engine, connection: str) -> int:
    """How many people the last full run of a connection has read."""
    source = sync_people.find_source(engine, connection)
    return 0 if source is None else _read_by(sync_runs.last_completed(engine, source, whole=True))


def status_of_connection(
    engine: Engine, connection: Connection[Any], now: float, *, counted: bool = True, last: Run | None = None
) -> SyncStatus:
    """The status of a connection. `last`: its newest run, if it was read already.

    Without `counted` the expensive counts are left out: `people` is what the last full run has read, `looked_up` is 0.
    """
    source = sync_people.find_source(engine, connection.name) or 0  # the number of none
    whole = sync_runs.last_completed(engine, source, whole=True)
    between = sync_runs.last_completed(engine, source, whole=False)
    newest = max((run for run in (whole, between) if run is not None), key=lambda run: run.id, default=None)
    roster: Roster = getattr(connection.settings, "roster", None) or Roster()
    full = sync_runs.last_started(engine, source, full=True)
    due = _due(sync_runs.last_started(engine, source), seconds(roster.every), now)
    full_due = _due(full, seconds(roster.full_every), now)
    return SyncStatus(
        connection=connection.name,
        people=sync_people.count_present(engine, source) if counted else _read_by(whole),
        last_whole=None if whole is None else whole.started_at,
        last_incremental=None if between is None else between.started_at,
        lag_seconds=None if newest is None else max(0.0, now - _known_to(newest)),
        next_due=due if "roster" in connection.settings.model_fields_set else None,
        next_is_whole=connection.adapter.read_changes is None or full_due <= due,
        last_status=_status(last or sync_runs.newest_of_roster(engine, connection.name)),
        looked_up=sync_runs.count_look_ups(engine, source, now - DAY) if counted else 0,
    )


def _read_by(whole: Run | None) -> int:
    return 0 if whole is None else int(whole.summary.get("read", 0))


def _due(last: float | None, every: float, now: float) -> float:
    return now if last is None or last - now >= every else last + every  # far ahead: a clock was set back since


def _known_to(run: Run) -> float:
    return run.started_at if run.read_to is None else run.read_to


def _status(last: Run | None) -> str:
    return "" if last is None else " ".join(filter(None, (last.status, last.reason)))
