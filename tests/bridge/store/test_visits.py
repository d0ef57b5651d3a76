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


def test_what_an_lms_refused_is_tried_again_once_however_many_ask(engine: Engine, reported: visits.Reported) -> None:
    assert visits.refused(engine, 10) == []
    assert not visits.try_again(engine, reported.id, 50.0)
    visits.settle(engine, reported, visits.REFUSED, detail="no")
    ((visit, told),) = visits.refused(engine, 10)
    assert (visit.student_id, told.state, told.detail) == ("A1", visits.REFUSED, "no")
    assert visits.claim_due(engine, now=1e12, until=1e13, most=9) == []
    assert [visits.try_again(engine, reported.id, 50.0), visits.try_again(engine, reported.id, 51.0)] == [True, False]
    (due,) = visits.claim_due(engine, now=50.0, until=130.0, most=9)
    assert (due.id, due.attempts) == (reported.id, 1)
    assert visits.refused(engine, 10) == []


def test_every_page_of_what_was_refused_goes_on_after_the_last(engine: Engine) -> None:
    for number in range(3):
        visit = visits.add(engine, Visit(0, 10.0, "any-lms", "aicc", f"A{number}", 7, "", "sealed"), due_at=10.0)
        told = visits.report(engine, visit, progress=0.4, mastered=False, seconds=60, now=10.0, due_at=10.0)
        found = visits.reported_of(engine, visit)
        assert found is not None
        visits.settle(engine, found, visits.REFUSED if number != 1 else visits.DELIVERED, detail=told.detail)
    first = visits.refused(engine, 1)
    rest = visits.refused(engine, 9, before=first[0][1].id)
    assert [visit.student_id for visit, _ in (*first, *rest)] == ["A2", "A0"]
