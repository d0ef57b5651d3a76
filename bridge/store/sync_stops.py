"""A run under way is asked to stop through the database, whichever machine it runs on."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine, bindparam, select, update

from bridge.store.engine import autocommit
from bridge.store.sync_runs import UNDER_WAY
from bridge.store.sync_schema import sync_run

_r = sync_run.c
_ASK: Final = update(sync_run).where(_r.id == bindparam("which"), _r.status.in_(UNDER_WAY))
_ASKED: Final = select(_r.stop_asked_at).where(_r.id == bindparam("which"), _r.stop_asked_at.is_not(None))


def ask_to_stop(engine: Engine, run: int, now: float) -> bool:
    """Ask the run to stop; False where it is not under way."""
    with autocommit(engine) as connection:
        return connection.execute(_ASK.values(stop_asked_at=now), {"which": run}).rowcount == 1


def is_asked_to_stop(engine: Engine, run: int) -> bool:
    """Whether somebody has asked the run to stop."""
    with autocommit(engine) as connection:
        return connection.execute(_ASKED, {"which": run}).first() is not None
