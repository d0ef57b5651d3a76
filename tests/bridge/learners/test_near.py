"""Suggestions for unmatched students: each with its reason, never a guess that lets somebody in."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from bridge.contracts import Learner, Student
from bridge.learners.near_misses import MOST, near_misses
from bridge.store import directory_snapshots
from bridge.store.engine import autocommit
from bridge.store.schema import search_key

NAMES = ("username", "employeeId")
PEOPLE = [
    Learner(1, True, {"username": "A12001", "firstName": "Ana", "lastName": "García López"}),
    Learner(2, True, {"username": "00123", "firstName": "Bo", "lastName": "Li"}),
    Learner(3, False, {"username": "u3", "studentNumber": "S-77", "emailAddress": "Cy@Example.edu"}),
    Learner(4, True, {"username": "ABC", "department": "Sales"}),
    Learner(5, True, {"username": "abc"}),
    Learner(6, True, {"username": "u6", "firstName": "ليلى", "lastName": "الخوري"}),
]


@pytest.fixture
def database(engine: Engine) -> Engine:
    directory_snapshots.replace(engine, PEOPLE, NAMES, now=1.0)
    return engine


def found(engine: Engine, student_id: str, first: str = "", last: str = "") -> list[tuple[int, str, str]]:
    misses = near_misses(engine, Student(student_id, first, last), student_id, NAMES)
    return [(miss.learner.user_id, miss.reason, miss.attribute) for miss in misses]


@pytest.mark.parametrize(
    ("student_id", "first", "last", "expected"),
    [
        ("a12001", "", "", [(1, "other_case", "username")]),
        ("A12001", "", "", [(1, "same_id", "username")]),
        ("Abc", "", "", [(4, "other_case", "username"), (5, "other_case", "username")]),
        ("123", "", "", [(2, "leading_zeros", "username")]),
        ("0000123", "", "", [(2, "leading_zeros", "username")]),
        ("s-77", "", "", [(3, "other_attribute", "studentNumber")]),
        ("cy@example.EDU", "", "", [(3, "other_attribute", "emailAddress")]),
        ("X1", "GARCIA  lopez", "Ana", [(1, "same_name", "")]),
        ("X1", "الخوري", "ليلى", [(6, "same_name", "")]),
        ("123", "Bo", "Li", [(2, "leading_zeros", "username")]),
        ("X1", "", "", []),
        ("Sales", "", "", []),
        ("0", "", "", []),
        ("", "Bo", "Li", [(2, "same_name", "")]),
        ("x" * 300, "", "", []),
    ],
)
def test_who_could_be_meant_and_why(database: Engine, student_id, first, last, expected) -> None:
    assert found(database, student_id, first, last) == expected


def test_many_namesakes_do_not_fill_the_page(engine: Engine) -> None:
    many = [Learner(n, True, {"username": f"u{n}", "firstName": "An", "lastName": "Li"}) for n in range(1, 40)]
    directory_snapshots.replace(engine, many, NAMES, now=1.0)
    assert len(found(engine, "X1", "An", "Li")) == MOST


def test_a_changed_name_is_no_suggestion_any_more_and_a_new_one_is(database: Engine) -> None:
    directory_snapshots.put(
        database, [Learner(2, True, {"username": "00123", "firstName": "Bo", "lastName": "Wu"})], NAMES
    )
    assert found(database, "X1", "Bo", "Li") == []
    assert found(database, "X1", "Bo", "Wu") == [(2, "same_name", "")]


def test_search_keys_of_an_older_reading_are_deleted(database: Engine) -> None:
    directory_snapshots.replace(database, PEOPLE[:1], NAMES, now=2.0)
    with autocommit(database) as connection:
        assert len(connection.execute(search_key.select()).all()) == 1


@pytest.mark.parametrize(("asked", "held"), [("7009", "７００９"), ("７００９", "7009"), ("ab-7", "ＡＢ－７")])
def test_digits_and_letters_of_another_width_are_near(engine: Engine, asked: str, held: str) -> None:
    directory_snapshots.replace(engine, [Learner(9, True, {"username": held})], NAMES, now=1.0)
    (found,) = near_misses(engine, Student(asked, "", ""), asked, NAMES)
    assert (found.learner.user_id, found.reason) == (9, "other_spelling")
