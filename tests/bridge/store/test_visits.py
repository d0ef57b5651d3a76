"""Two processes that saw the same word due: the database lets one of them have it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from bridge.store import visits
from bridge.store.engine import alone
from bridge.store.visits import Visit


@pytest.fixture
def told(engine: Engine) -> visits.Told:
    number = visits.add(engine, Visit(0, 10.0, "any-lms", "aicc", "A1", 7, "", "sealed"), due_at=10.0)
    visits.tell(engine, number, progress=0.4, mastered=False, seconds=60, now=10.0, due_at=10.0)
    found = visits.told_of(engine, number)
    assert found is not None
    return found


def claim(engine: Engine, told: visits.Told) -> int:
    """What a process does that has read `told` as due."""
    asked = {"row": told.id, "seen": told.revision, "was_due": told.due_at, "until": 130.0}
    with alone(engine) as connection:
        return connection.execute(visits._CLAIM, asked).rowcount


def test_the_second_who_claims_gets_nothing(engine: Engine, told: visits.Told) -> None:
    assert [claim(engine, told), claim(engine, told)] == [1, 0]


def test_a_word_that_was_replaced_is_not_claimed(engine: Engine, told: visits.Told) -> None:
    visits.tell(engine, told.visit, progress=0.5, mastered=False, seconds=60, now=10.0, due_at=10.0)
    assert claim(engine, told) == 0


def test_a_word_that_is_settled_is_not_claimed(engine: Engine, told: visits.Told) -> None:
    visits.settle(engine, told, visits.DELIVERED, due_at=told.due_at)
    assert claim(engine, told) == 0


def test_a_visit_is_ended_by_one(engine: Engine, told: visits.Told) -> None:
    assert [visits.end(engine, told.visit, 20.0), visits.end(engine, told.visit, 20.0)] == [True, False]


def test_what_is_old_is_forgotten_with_all_that_was_said(engine: Engine, told: visits.Told) -> None:
    assert visits.forget_before(engine, 10.0) == 0
    assert visits.forget_before(engine, 10.1) == 1
    assert visits.told_of(engine, told.visit) is None
