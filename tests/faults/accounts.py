"""What became of every launch, as the learners saw it, the log and the record."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from bridge.store.engine import open_database
from bridge.store.schema import launch
from tests.faults.launching import AGAIN, MATCHED, Crowd
from tests.faults.standing import Standing, wait_for


def recorded(world: Standing) -> Counter[tuple[str, str]]:
    """Reference and outcome of each line of the record."""
    engine = open_database(world.database_url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(launch.c.reference, launch.c.outcome))
            return Counter((row.reference, row.outcome) for row in rows)
    finally:
        engine.dispose()


def told(world: Standing) -> Counter[tuple[str, str]]:
    """The same of each line of the log that ends a launch."""
    return Counter((line["reference"], line["outcome"]) for line in world.lines() if line.get("outcome"))


def check_accounts(world: Standing, crowd: Crowd) -> None:
    """Every launch ended well or in a page that says to try again; the log has each, and so has the record.

    The answer is the first thing to come: the log comes through a pipe, the record through a queue.
    """
    counts = crowd.counts()
    assert set(counts) <= {MATCHED, AGAIN}, counts
    references = {(ended.reference, "rejected") for ended in crowd.ended if ended.what == AGAIN}
    assert len(references) == counts[AGAIN]
    wait_for(lambda: _matched(told(world)) >= counts[MATCHED], "the log has every learner who got in")
    wait_for(lambda: references <= set(told(world)), "the log has every reference that was shown")
    wait_for(lambda: len(recorded(world)) >= len(crowd.ended), "the record has a line for each")
    wait_for(lambda: recorded(world) == told(world), "the record has every line of the log, once")
    assert _matched(told(world)) == counts[MATCHED]


def _matched(lines: Counter[tuple[str, str]]) -> int:
    return sum(outcome == MATCHED for _, outcome in lines.elements())
