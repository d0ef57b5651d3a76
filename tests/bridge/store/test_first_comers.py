"""Who comes first is told so, on either database: PostgreSQL tells no `rowcount` of an INSERT."""

from __future__ import annotations

from sqlalchemy import Engine

from bridge.store import aliases, connections, courses, people
from bridge.store.people import Person

ANN = Person("campus", "lti", "record-9", "A1", 1, "launch", 1.0, 1.0, 1.0)


def test_the_first_to_bind_a_record_is_told_so_and_no_other(engine: Engine) -> None:
    assert people.bind(engine, ANN, None)
    assert not people.bind(engine, ANN, None)


def test_the_first_to_link_an_id_is_told_so_and_no_other(engine: Engine) -> None:
    assert aliases.put_in_place_of(engine, "campus", "A1", 1, instead_of=None, now=1.0)
    assert not aliases.put_in_place_of(engine, "campus", "A1", 2, instead_of=None, now=1.0)


def test_a_deployment_and_a_course_are_new_once(engine: Engine) -> None:
    known = ("https://canvas.example.edu", "client")
    assert connections.learn_deployment(engine, "campus", known, "1:abc", 1.0)
    assert not connections.learn_deployment(engine, "campus", known, "1:abc", 1.0)
    assert courses.learn(engine, "campus", "https://lms.example.edu/course/1/members", 1.0)
    assert not courses.learn(engine, "campus", "https://lms.example.edu/course/1/members", 1.0)
