from __future__ import annotations

from sqlalchemy import Engine

from bridge.store import connections, courses
from bridge.store.connections import StoredConnection

HERE = "https://lms.example.edu/courses"


def test_courses_are_remembered_once_and_in_the_order_they_came(engine: Engine) -> None:
    learned = [courses.learn(engine, "campus", f"{HERE}/{number}", now) for now, number in enumerate((2, 1, 2))]
    assert learned == [True, True, False]
    assert courses.learned(engine, "campus") == [f"{HERE}/2", f"{HERE}/1"]
    assert courses.learned(engine, "other") == []


def test_two_links_in_one_course_are_one_course(engine: Engine) -> None:
    assert courses.learn(engine, "campus", f"{HERE}/1?a=1&rlid=7", 1.0)
    assert not courses.learn(engine, "campus", f"{HERE}/1?rlid=8&a=1", 2.0)
    assert courses.learn(engine, "campus", f"{HERE}/1?a=2&rlid=7", 3.0)
    assert courses.learned(engine, "campus") == [f"{HERE}/1?a=1&rlid=7", f"{HERE}/1?a=2&rlid=7"]


def test_one_connections_course_is_not_anothers(engine: Engine) -> None:
    courses.learn(engine, "campus", f"{HERE}/1", 1.0)
    assert courses.learn(engine, "other", f"{HERE}/1", 1.0)
    assert courses.forget(engine, "other", f"{HERE}/1")
    assert not courses.forget(engine, "other", f"{HERE}/1")
    assert courses.learned(engine, "campus") == [f"{HERE}/1"]


def test_a_removed_connection_leaves_no_course_for_a_later_one(engine: Engine) -> None:
    connections.add(engine, StoredConnection("campus", "lti", "{}", 1.0))
    courses.learn(engine, "campus", f"{HERE}/1", 1.0)
    connections.remove(engine, "campus")
    assert courses.learned(engine, "campus") == []
