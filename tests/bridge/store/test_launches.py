from __future__ import annotations

import pytest
from sqlalchemy import Engine

from bridge.contracts import Student
from bridge.store import launches, received
from bridge.store.launch_lines import LaunchLine

LINE = LaunchLine(
    1_700_000_000.25,
    "campus",
    "lti13",
    "25499339",
    "Zoë",
    "O’Neil, 李",
    "matched",
    "",
    "REF-1",
    "by username",
    "name_differs",
)


def test_a_line_comes_back_as_it_was_written(engine: Engine) -> None:
    launches.append(engine, LINE)
    assert launches.newest(engine, 10) == [LINE]
    assert launches.by_reference(engine, "REF-1") == LINE


def test_an_unknown_reference_finds_nothing(engine: Engine) -> None:
    launches.append(engine, LINE)
    assert launches.by_reference(engine, "REF-2") is None


def test_the_newest_lines_come_first_and_no_more_than_asked_for(engine: Engine) -> None:
    for time in (3.0, 1.0, 2.0):
        launches.append(engine, LINE._replace(time=time))
    assert [line.time for line in launches.newest(engine, 2)] == [3.0, 2.0]


def test_the_ids_of_a_connections_recent_launches_are_its_own_and_of_people(engine: Engine) -> None:
    launches.append(engine, LINE._replace(time=1.0, student_id="old"))
    launches.append(engine, LINE._replace(time=2.0, student_id="new", outcome="no_match"))
    launches.append(engine, LINE._replace(time=3.0, student_id="other", connection="other"))
    launches.append(engine, LINE._replace(time=4.0, student_id="forged", outcome="rejected"))
    launches.append(engine, LINE._replace(time=5.0, student_id=""))
    assert launches.recent_students(engine, "campus", 10) == [Student(name, *LINE[4:6]) for name in ("new", "old")]
    assert [student.student_id for student in launches.recent_students(engine, "campus", 1)] == ["new"]


def test_lines_of_one_moment_keep_the_order_in_which_they_were_written(engine: Engine) -> None:
    for number in range(5):
        launches.append(engine, LINE._replace(reference=f"REF-{number}"))
    assert [line.reference for line in launches.newest(engine, 3)] == ["REF-4", "REF-3", "REF-2"]


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("connection", 255),
        ("kind", 32),
        ("student_id", 255),
        ("first_name", 255),
        ("last_name", 255),
        ("outcome", 32),
        ("reason", 64),
        ("reference", 64),
        ("detail", 1000),
        ("mark", 32),
    ],
)
def test_a_hostile_field_is_cut_and_the_launch_still_recorded(engine: Engine, field: str, limit: int) -> None:
    launches.append(engine, LINE._replace(**{field: "語" * 1_000_000}))
    assert getattr(launches.newest(engine, 1)[0], field) == "語" * limit


def test_characters_that_a_database_refuses_do_not_lose_the_line(engine: Engine) -> None:
    launches.append(engine, LINE._replace(student_id="a\0b", first_name="\ud800x"))
    line = launches.newest(engine, 1)[0]
    assert (line.student_id, line.first_name) == ("ab", "?x")


def test_lines_past_their_retention_are_forgotten_and_no_others(engine: Engine) -> None:
    for time in (1.0, 2.0, 3.0):
        launches.append(engine, LINE._replace(time=time))
    assert launches.forget_before(engine, 2.0) == 1
    assert [line.time for line in launches.newest(engine, 10)] == [3.0, 2.0]


def test_threads_that_write_together_lose_no_line(engine: Engine, in_threads) -> None:
    in_threads(8, lambda number: [launches.append(engine, LINE._replace(reference=f"{number}-{n}")) for n in range(20)])
    assert len({line.reference for line in launches.newest(engine, 1000)}) == 160


def test_asking_for_a_hostile_reference_is_no_error(engine: Engine) -> None:
    launches.append(engine, LINE)
    assert launches.by_reference(engine, "REF-1\ud800" * 1000) is None
    assert launches.by_reference(engine, "\0") is None


def test_only_old_refusals_of_nobody_are_forgotten_early(engine: Engine) -> None:
    nobody = LINE._replace(student_id="", outcome="rejected", reason="malformed")
    lines = {
        "old nobody": nobody._replace(time=1.0),
        "new nobody": nobody._replace(time=9.0),
        "old person who was refused": LINE._replace(time=1.0, outcome="rejected"),
        "old person": LINE._replace(time=1.0, outcome="no_match"),
    }
    for reference, line in lines.items():
        launches.append(engine, line._replace(reference=reference))
        received.keep(engine, reference, {}, now=line.time)
    assert launches.forget_nobody_before(engine, 5.0) == 1
    assert {line.reference for line in launches.newest(engine, 9)} == {*lines} - {"old nobody"}
