"""Launches are counted each once and found by name, on both databases."""

from __future__ import annotations

import importlib

from sqlalchemy import Engine, delete

from bridge.jobs import counting
from bridge.store import launch_counts, launches
from bridge.store.admin_schema import launch_count_by_day
from bridge.store.launch_counts import HOUR, OTHERS, Count
from bridge.store.launch_lines import LaunchLine
from bridge.store.privacy import erase

NOW = 1_800_000_000.0
THIS = int(NOW) // HOUR


def launch(engine: Engine, at: float, outcome: str = "matched", **changed: str) -> None:
    person = {"student_id": "S1", "first_name": "Zoë", "last_name": "O’Brien-Núñez", **changed}
    launches.append(engine, LaunchLine(at, "campus", "lti13", outcome=outcome, reason="", reference=f"R{at}", **person))


def counted(engine: Engine) -> list[Count]:
    return launch_counts.counts_since(engine, THIS - 5)[0]


def test_no_launch_is_counted_twice_or_left_out(engine: Engine) -> None:
    for age in (9_000, 5_000, 4_000, 60, 1):
        launch(engine, NOW - age)
    launch(engine, NOW - 2_000, outcome="no_match")
    before = counted(engine)
    assert launch_counts.count_uncounted(engine) == 6
    while launch_counts.count_some(engine, NOW + 60, most=2):
        assert counted(engine) == before, "what is counted and what is not yet must add up"
    assert launch_counts.count_uncounted(engine) == 0
    assert sum(count.launches for count in before) == 6
    assert [count for count in before if count.outcome == "no_match"] == [
        Count(int(NOW - 2_000) // HOUR, "campus", "no_match", 1)
    ]


def test_a_launch_that_may_still_be_overtaken_is_not_counted(engine: Engine) -> None:
    launch(engine, NOW - 60)
    launch(engine, NOW - 5)
    launch(engine, NOW - 60)
    assert launch_counts.count_some(engine, NOW) == 1 or launch_counts.count_uncounted(engine) == 0
    launch(engine, NOW - 4)
    assert launch_counts.count_uncounted(engine) >= 1
    assert sum(count.launches for count in counted(engine)) == 4


def test_very_many_are_said_to_be_missing_and_not_counted_at_once(engine: Engine, monkeypatch) -> None:
    monkeypatch.setattr(launch_counts, "AT_ONCE", 2)
    for age in (100, 90, 80):
        launch(engine, NOW - age)
    assert launch_counts.counts_since(engine, THIS - 5) == ([], 3)


def test_counts_of_one_connection_hold_no_other(engine: Engine) -> None:
    launch(engine, NOW - 100)
    launches.append(engine, LaunchLine(NOW - 90, "other", "lti13", "S2", "", "", "matched", "", "R"))
    assert [count.connection for count in launch_counts.counts_since(engine, THIS - 5, ["other"])[0]] == ["other"]
    launch_counts.count_some(engine, NOW)
    assert [count.connection for count in launch_counts.counts_since(engine, THIS - 5, ["other"])[0]] == ["other"]


def test_several_hours_are_counted_together(engine: Engine) -> None:
    for age in (5 * HOUR, HOUR, 0):
        launch(engine, NOW - age)
    launch_counts.count_some(engine, NOW - HOUR // 2)
    assert launch_counts.count_uncounted(engine) > 0
    found = launch_counts.counts_since(engine, THIS - 12, hours=4)[0]
    assert [(count.hour % 4, count.launches) for count in found] == [(0, sum(1 for _ in group)) for group in grouped(4)]


def test_what_is_shown_by_day_is_what_was_counted_by_hour(engine: Engine) -> None:
    start = THIS // 72 * 72
    for hour in (start, start + 23, start + 24, start + 71, start - 1, start - 24, start - 25):
        launch(engine, hour * HOUR + 7)
        launch(engine, hour * HOUR + 8, outcome="no_match")
    expected = {at: launch_counts.counts_since(engine, start - 72, hours=at)[0] for at in (24, 72)}
    while launch_counts.count_some(engine, (start + 100) * HOUR, most=3):
        for hours, counts in expected.items():
            assert launch_counts.counts_since(engine, start - 72, hours=hours)[0] == counts
    assert [count.launches for count in expected[72] if count.outcome == "matched"] == [3, 4]
    assert [count.launches for count in expected[24] if count.outcome == "matched"] == [1, 2, 2, 1, 1]


def test_hours_within_a_day_are_not_counted_as_the_whole_day(engine: Engine) -> None:
    start = THIS // 24 * 24
    for hour in (start, start + 5):
        launch(engine, hour * HOUR + 7)
    launch_counts.count_some(engine, NOW + 86_400)
    assert [count.launches for count in launch_counts.counts_since(engine, start + 3, hours=24)[0]] == [1]
    assert [count.hour for count in launch_counts.counts_since(engine, start, hours=6)[0]] == [start]


def test_the_counts_of_all_connections_are_one_where_nobody_asks_for_each(engine: Engine) -> None:
    launch(engine, NOW - 100)
    launches.append(engine, LaunchLine(NOW - 90, "other", "lti13", "S2", "", "", "matched", "", "R"))
    for _ in range(2):
        found = launch_counts.counts_since(engine, THIS - 5, named=())[0]
        assert [(count.connection, count.launches) for count in found] == [(OTHERS, 2)]
        launch_counts.count_some(engine, NOW)


def test_the_smaller_of_many_connections_are_one_count_and_no_launch_is_left_out(engine: Engine) -> None:
    start = THIS // 24 * 24
    for name, often in (("a", 1), ("b", 4), ("", 2), ("c", 3)):
        for number in range(often):
            outcome = "no_match" if number == 3 else "matched"
            launches.append(
                engine, LaunchLine(start * HOUR, name, "lti13", "S2", "", "", outcome, "", f"{name}{number}")
            )
    for hours in (1, 24, 24, 1):
        assert launch_counts.busiest(engine, start, 3, hours=hours) == ["b", "c", ""]
        assert sorted(launch_counts.busiest(engine, start, 2, hours=hours, outcomes=["matched"])) == ["b", "c"]
        asked = {"hours": hours, "outcomes": ["matched"]}
        found = launch_counts.counts_since(engine, start, named=["b", ""], **asked)[0]
        assert {count.connection: count.launches for count in found} == {"b": 3, "": 2, OTHERS: 4}
        assert sum(count.launches for count in launch_counts.counts_since(engine, start, **asked)[0]) == 9
        launch_counts.count_some(engine, NOW + 86_400, most=6)


def test_launches_that_were_counted_by_hour_before_an_upgrade_are_there_by_day(engine: Engine) -> None:
    for age in (3 * 86_400, 2 * 86_400, 3_000, 2_000):
        launch(engine, NOW - age)
    launch_counts.count_some(engine, NOW)
    start = THIS // 24 * 24 - 96
    before = launch_counts.counts_since(engine, start, hours=24)[0]
    migration = importlib.import_module("bridge.store.migrations.versions.0027_launch_count_by_day")
    with engine.begin() as connection:
        connection.execute(delete(launch_count_by_day))
        migration._fill(connection)
    assert launch_counts.counts_since(engine, start, hours=24)[0] == before
    assert sum(count.launches for count in before) == 4


def grouped(hours: int) -> list[list[int]]:
    """The hours of the launches above, by the spans that they are in."""
    places = sorted((THIS - age) // hours for age in (0, 1, 5))
    return [[place] * places.count(place) for place in dict.fromkeys(places)]


def test_a_student_is_found_by_how_the_words_of_the_name_begin(engine: Engine) -> None:
    launch(engine, NOW - 100)
    launch(engine, NOW - 90, student_id="S2", first_name="Zora", last_name="Obama")
    launch(engine, NOW - 80, student_id="", first_name="Zoe", last_name="Nobody")
    launch_counts.count_some(engine, NOW)
    found = {name: launch_counts.students_named(engine, name) for name in ("zoe", "ZO", "o’brien zoë", "obr", "", "%")}
    assert found == {"zoe": ["S1"], "ZO": ["S1", "S2"], "o’brien zoë": ["S1"], "obr": [], "": [], "%": []}


def test_a_name_that_very_many_have_finds_some_of_them_and_reads_no_more(engine: Engine, monkeypatch) -> None:
    monkeypatch.setattr(launch_counts, "NAMES", 3)
    for number in range(6):
        launch(engine, NOW - 100, student_id=f"S{number}", first_name="Zoë", last_name=f"Berg{number}")
    launch_counts.count_some(engine, NOW)
    assert len(launch_counts.students_named(engine, "zoe")) == 3
    assert launch_counts.students_named(engine, "berg4") == ["S4"]


def test_who_is_erased_is_found_by_no_name(engine: Engine) -> None:
    launch(engine, NOW - 100)
    launch_counts.count_some(engine, NOW)
    assert launch_counts.students_named(engine, "zoe") == ["S1"]
    assert erase(engine, "S1").tables["launch_name"] == 2
    assert launch_counts.students_named(engine, "zoe") == []


def test_counts_and_names_are_kept_no_longer_than_launches(engine: Engine) -> None:
    launch(engine, NOW - 10 * 86_400)
    launch(engine, NOW - 100)
    launch(engine, NOW - 9 * 86_400, student_id="S2")
    launch_counts.count_some(engine, NOW)
    launch_counts.forget_before(engine, NOW - 86_400)
    assert [count.launches for count in launch_counts.counts_since(engine, 0)[0]] == [1]
    assert [count.launches for count in launch_counts.counts_since(engine, 0, hours=24)[0]] == [1]
    assert launch_counts.students_named(engine, "zoe") == ["S1"]


def test_the_job_counts_all_and_lets_launches_in_between(engine: Engine, monkeypatch) -> None:
    monkeypatch.setattr(launch_counts.count_some, "__defaults__", (2,))
    for age in (100, 90, 80, 70, 60):
        launch(engine, NOW - age)
    pauses: list[float] = []
    assert counting.is_due(engine)
    assert counting.count(engine, lambda: NOW, pauses.append) == 5
    assert not counting.is_due(engine)
    assert len(pauses) == 3
