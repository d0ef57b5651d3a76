"""The current activity of a connection's roster: the run under way, its progress, and open requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.store import sync_progress, sync_requests, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_progress import Progress
from bridge.store.sync_requests import SyncRequest
from bridge.store.sync_runs import Run
from bridge.store.sync_stops import is_asked_to_stop
from bridge.sync.record import SILENT


@dataclass(frozen=True, slots=True)
class Activity:
    """The current activity of one connection."""

    connection: str
    newest: Run | None
    """Its newest run, under way or not; runs for one person of a launch do not count."""
    progress: Progress | None
    """Of that run; None where it is not under way, or has recorded none yet."""
    stop_asked: bool
    request: SyncRequest | None
    """The open request of an administrator, if any."""
    ahead: Sequence[SyncRequest]
    """The requests for other connections that come before it."""

    @property
    def run(self) -> Run | None:
        """The run that is under way by the record; its process may have died without recording the end (`lives`)."""
        return self.newest if self.newest is not None and self.newest.status in sync_runs.UNDER_WAY else None

    @property
    def is_quiet(self) -> bool:
        """Whether no run is under way and no request is open."""
        return self.run is None and self.request is None

    def silent_for(self, now: float) -> float:
        """Seconds since the run under way last recorded its progress; 0 where none is under way."""
        if self.run is None:
            return 0.0
        return max(0.0, now - (self.run.started_at if self.progress is None else self.progress.seen_at))

    def lives(self, now: float) -> bool:
        """Whether a run is under way and has recorded progress within `SILENT` seconds."""
        return self.run is not None and self.silent_for(now) < SILENT

    def mark(self, now: float) -> str:
        """A text that changes whenever a run or request begins or ends, and not with progress."""
        run = (self.run.id, self.run.status, self.lives(now), self.stop_asked) if self.run else ()
        request = (self.request.id, self.request.state) if self.request else ()
        return f"{self.connection}{run}{request}"


def activity_of(engine: Engine, connection: str, open_requests: Sequence[SyncRequest] | None = None) -> Activity:
    """The activity of this connection. `open_requests`: those of all connections, if they were read already."""
    waiting = sync_requests.every_open(engine) if open_requests is None else open_requests
    request = next((one for one in waiting if one.connection == connection), None)
    newest = sync_runs.newest_of_roster(engine, connection)
    is_under_way = newest is not None and newest.status in sync_runs.UNDER_WAY
    return Activity(
        connection=connection,
        newest=newest,
        progress=sync_progress.of_run(engine, newest.id) if newest and is_under_way else None,
        stop_asked=newest is not None and is_under_way and is_asked_to_stop(engine, newest.id),
        request=request,
        ahead=[one for one in waiting if request is not None and one.id < request.id],
    )
