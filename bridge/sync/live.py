"""A run says how far it is in the database, so that any process can show it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Final

from bridge.store import sync_progress
from bridge.store.database import DatabaseError
from bridge.store.sync_progress import Progress
from bridge.sync.context import RunContext
from bridge.sync.outcome import Outcome

EVERY: Final = 1.0
"""Seconds between two notes: one short statement each."""
SILENT: Final = 120.0
"""Seconds after which a run that has said nothing may have died: reading OttoLearn's users says nothing for a while."""


def noting(context: RunContext, outcome: Outcome) -> RunContext:
    """The same context, whose progress is noted for the run of `outcome` as soon as that has a number."""
    last = ("", 0.0)

    def progress(stage: str, done: int, total: int | None) -> None:
        nonlocal last
        context.progress(stage, done, total)
        now = context.now()
        if outcome.run and (stage != last[0] or now - last[1] >= EVERY):
            last = (stage, now)
            with suppress(DatabaseError):  # it is only shown: what the run cannot do without will say so itself
                sync_progress.note(context.engine, outcome.run, Progress(stage, done, total, now))

    return replace(context, progress=progress)
