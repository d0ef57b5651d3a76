"""Runs of syncs in the record, as if they had been, with notices and names that want to do harm."""

from __future__ import annotations

from typing import Any

from bridge.store import sync_people, sync_progress, sync_requests, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_progress import Progress
from bridge.store.sync_requests import Act

DAY = 86_400.0


def run_of(engine: Engine, connection: str, at: float, status: str = "done", reason: str = "", **more: Any) -> int:
    """One run in the record; `more` is its summary, and `since` for an incremental one."""
    since = more.pop("since", None)
    run = sync_runs.begin(engine, sync_people.source_id(engine, connection), now=at, full=since is None, settings="")
    values: dict[str, Any] = {"status": status, "reason": reason, "since": since}
    if status not in sync_runs.UNDER_WAY:
        values |= {"ended_at": at + 95, "summary": {"seconds": 95.0, **more}}
    sync_runs.change(engine, run, **values)
    return run


def fill_syncs(engine: Engine, now: float, hostile: str) -> None:
    """Runs 1 to 36 of campus, of which the last writes now; run 37 of moodle was asked for; 38 is nobody's any more."""
    for number in range(35):
        at = now - (36 - number) * DAY / 2
        counts = {"read": 48_000 + 40 * number, "created": 40 + number % 7, "updated": 100 - number, "deactivated": 3}
        more: dict[str, Any] = {"since": at - DAY, "read": 200} if number % 2 else {}
        end = [("done", ""), ("held_back", "limit_exceeded"), ("failed", "unavailable"), ("planned", "")][
            number % 9 if number % 9 < 4 else 0
        ]
        said = {"notices": [f"{hostile * 3} was not read"], "reasons": {"taken": 3, "refused_400": 2, hostile: 1}}
        run_of(engine, "campus", at, *end, **{**counts, "held": 4, "durations": {"reading": 12.3}, **said, **more})
    running = run_of(engine, "campus", now - 100, "applying")
    sync_progress.note(engine, running, Progress("writing", 1_234, 5_678, now - 1))
    run_of(engine, "moodle", now - 3_000, "failed", "crashed", notices=[hostile])
    run_of(engine, hostile, now - 2_000, "partial", "stopped", created=1)
    sync_requests.add(engine, "moodle", Act.SYNC, None, asked_by=hostile, now=now - 30)
