"""Two processes that saw the same word due: the database lets one of them have it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from bridge.store import visits
from bridge.store.engine import autocommit
from bridge.store.visits import Visit


@pytest.fixture
def reported(engine: Engine) -> visits.Reported:
    number = visits.add(engine, Visit(0, 10.0, "any-lms", "aicc", "A1", 7, "", "sealed"), due_at=10.0)
    visits.report(engine, number, progress=0.4, mastered=False, seconds=60, now=10.0, due_at=10.0)
    found = visits.reported_of(engine, number)
    assert found is not None
    return found


def claim(engine: Engine, reported: visits.Reported) -> int:
    """What a process does that has read `told` as due."""
    asked = {"row": reported.id, "seen": reported.revision, "was_due": reported.due_at, "until": 130.0}
    with autocommit(engine) as connection:
        return connection.execute(visits._CLAIM, asked).rowcount


def test_the_second_who_claims_gets_nothing(engine: Engine, reported: visits.Reported) -> None:
    assert [claim(engine, reported), claim(engine, reported)] == [1, 0]


def test_a_word_that_was_replaced_is_not_claimed(engine: Engine, reported: visits.Reported) -> None:
    visits.report(engine, reported.visit, progress=0.5, mastered=False, seconds=60, now=10.0, due_at=10.0)
    assert claim(engine, reported) == 0


def test_a_word_that_is_settled_is_not_claimed(engine: Engine, reported: visits.Reported) -> None:
    visits.settle(engine, reported, visits.DELIVERED, due_at=reported.due_at)
    assert claim(engine, reported) == 0


def test_a_visit_is_ended_by_one(engine: Engine, reported: visits.Reported) -> None:
    assert [visits.end(engine, reported.visit, 20.0), visits.end(engine, reported.visit, 20.0)] == [True, False]


def test_what_is_old_is_forgotten_with_all_that_was_said(engine: Engine, reported: visits.Reported) -> None:
    assert visits.forget_before(engine, 10.0) == 0
    assert visits.forget_before(engine, 10.1) == 1
    assert visits.reported_of(engine, reported.visit) is None
