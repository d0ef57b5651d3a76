"""An administrator looks for a student among very many: whoever is on the list is found, however they got there."""

from __future__ import annotations

import importlib

import pytest
from sqlalchemy import Engine, insert, select, update

from bridge.contracts import Student
from bridge.store import schema, unmatched

PEOPLE = (("S_1", "Zoë", "O’Brien"), ("S%2", "Ann", "STRASSE"), ("s3", "", ""))


@pytest.fixture
def listed(engine: Engine) -> Engine:
    for at, person in enumerate(PEOPLE):
        unmatched.note(engine, "campus", Student(*person), "no_match", now=float(at))
    return engine


def found(engine: Engine, text: str) -> list[str]:
    return [row.student_id for row in unmatched.newest(engine, 10, text=text)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("zoë o’b", ["S_1"]),
        ("O’BRIEN   Zoë ", ["S_1"]),
        ("strasse", ["S%2"]),
        ("s_1", ["S_1"]),
        ("%", ["S%2"]),
        ("", ["s3", "S%2", "S_1"]),
        ("1 zoë", []),
    ],
)
def test_part_of_an_id_or_name_finds_the_student_and_nobody_else(listed: Engine, text: str, ids: list[str]) -> None:
    assert found(listed, text) == ids


def test_another_name_at_the_next_launch_is_the_one_that_is_found(listed: Engine) -> None:
    unmatched.note(listed, "campus", Student("s3", "Mia", "Berg"), "no_match", now=9.0)
    assert found(listed, "berg mia") == ["s3"]


def test_who_was_listed_before_the_column_was_there_is_found(listed: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    migration = importlib.import_module("bridge.store.migrations.versions.0024_unmatched_search")
    monkeypatch.setattr(migration, "_BATCH", 2)
    with listed.begin() as connection:
        before = sorted(map(tuple, connection.execute(select(schema.unmatched))))
        connection.execute(update(schema.unmatched).values(searched="nobody"))
        migration._fill(connection)
        assert sorted(map(tuple, connection.execute(select(schema.unmatched)))) == before


def test_who_is_listed_by_a_release_without_the_column_is_not_hidden(listed: Engine) -> None:
    row = {"connection": "campus", "student_id": "old", "first_name": "Eva", "last_name": "Lind", "times": 1}
    with listed.begin() as connection:
        connection.execute(insert(schema.unmatched).values(**row, outcome="no_match", first_seen=1.0, last_seen=20.0))
    assert found(listed, "lind") == ["old"]
