"""The progress of a sync under way: written by the run, read by any process."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Engine, bindparam, select, update

from bridge.store.engine import autocommit
from bridge.store.sync_schema import sync_run


class Progress(NamedTuple):
    """The progress of a run."""

    stage: str
    done: int
    total: int | None
    seen_at: float
    """When the run last said so, in Unix seconds."""


_r = sync_run.c
_OF: Final = select(_r.stage, _r.done, _r.total, _r.seen_at).where(_r.id == bindparam("asked"), _r.seen_at.is_not(None))
_NOTE: Final = update(sync_run).where(_r.id == bindparam("which"))


def note(engine: Engine, run: int, progress: Progress) -> None:
    """Write the progress of a run."""
    with autocommit(engine) as connection:
        connection.execute(_NOTE.values(**progress._asdict()), {"which": run})


def of_run(engine: Engine, run: int) -> Progress | None:
    """The progress of a run; None before any was written."""
    with autocommit(engine) as connection:
        row = connection.execute(_OF, {"asked": run}).one_or_none()
    return None if row is None else Progress(*row)
