"""The job that deletes what has expired or was kept for its retention time."""

from __future__ import annotations

from typing import Final

from bridge.config.retention import DAY, Retention
from bridge.lti.keysets import BELIEVED
from bridge.store import (
    admin_sessions,
    audit,
    keysets,
    launch_counts,
    launches,
    one_time,
    people,
    rates,
    received,
    scim_resources,
    unmatched,
    visits,
)
from bridge.store.database import Engine

EVERY: Final = 1_800.0
"""Seconds between two."""
LEFT: Final = 30.0
"""Days for which it is known whom an identity provider has deleted: long enough for every sync to see it."""
ALONE: Final = 1_500.0
"""Seconds after one process has begun to purge before another does: a little less than `EVERY`."""


def purge(engine: Engine, now: float, kept: Retention) -> bool:
    """Delete what has expired or was kept for its retention time; False where another process does so."""
    if not one_time.claim(engine, "tidying", now=now, until=now + ALONE):
        return False
    one_time.purge(engine, now=now)
    rates.purge(engine, now=now)
    launches.forget_nobody_before(engine, now - kept.refused * DAY)
    received.forget_before(engine, now - kept.refused * DAY)
    launches.forget_before(engine, now - kept.launches * DAY)
    launch_counts.forget_before(engine, now - kept.launches * DAY)
    visits.forget_before(engine, now - kept.progress * DAY)
    unmatched.forget_before(engine, now - kept.unmatched * DAY)
    keysets.forget_before(engine, now - BELIEVED)
    if one_time.claim(engine, "tidying people", now=now, until=now + DAY):  # it looks at everybody
        people.forget_before(engine, now - kept.people * DAY)
    scim_resources.forget_deleted_before(engine, now - LEFT * DAY)
    admin_sessions.purge(engine, now=now)
    audit.forget_before(engine, now - kept.audit * DAY)
    return True
