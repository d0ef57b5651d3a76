"""Launches are found by an index and page by page, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from bridge.store import launch_search, launches
from bridge.store.launch_lines import LaunchLine
from bridge.store.launch_search import FAILED, Wanted

REASONS = {"no_match": "no_match", "inactive": "inactive"}
LINES = [
    LaunchLine(
        float(at // 2),
        ("a", "b")[at % 2],
        "lti13",
        f"S{at}",
        "",
        "",
        outcome,
        "" if outcome == "matched" else outcome,
        f"R{at}",
    )
    for at, outcome in enumerate(("matched", "no_match", "matched", "inactive", "no_match", "matched"))
]


@pytest.fixture(autouse=True)
def _lines(engine: Engine) -> None:
    for line in LINES:
        launches.append(engine, line)


def found(engine: Engine, wanted: Wanted, most: int = 9) -> list[str]:
    return [row.line.reference for row in launch_search.newest(engine, wanted, most)]


def test_every_filter_shows_what_it_says(engine: Engine) -> None:
    assert found(engine, Wanted()) == ["R5", "R4", "R3", "R2", "R1", "R0"]
    assert found(engine, Wanted(connection="b")) == ["R5", "R3", "R1"]
    assert found(engine, Wanted(outcome=FAILED)) == ["R4", "R3", "R1"]
    assert found(engine, Wanted(outcome="no_match")) == ["R4", "R1"]
    assert found(engine, Wanted(outcome="matched", connection="a")) == ["R2", "R0"]
    assert found(engine, Wanted(students=("S1", "S2"), references=("R5",))) == ["R5", "R2", "R1"]
    assert found(engine, Wanted(reason="no_match")) == ["R4", "R1"]
    assert found(engine, Wanted(reason="no_match", connection="b")) == ["R1"]
    assert found(engine, Wanted(since=1.0, until=2.0)) == ["R3", "R2"]


def test_pages_meet_and_lead_back(engine: Engine) -> None:
    pages, key = [], None
    while rows := launch_search.newest(engine, Wanted(), 2, key=key):
        pages.append([row.line.reference for row in rows])
        key = rows[-1].key
    assert pages == [["R5", "R4"], ["R3", "R2"], ["R1", "R0"]]
    third = launch_search.newest(engine, Wanted(), 1, key=None)[0]
    before = launch_search.newest(engine, Wanted(references=("R1",)), 1)[0].key
    back = launch_search.newest(engine, Wanted(), 2, key=before, backward=True)
    assert [row.line.reference for row in back] == ["R2", "R3"]
    assert launch_search.newest(engine, Wanted(), 2, key=third.key, backward=True) == []


def test_who_did_not_get_in_is_found_by_the_index_of_those(engine: Engine) -> None:
    asked = "SELECT id FROM launch WHERE launch.outcome <> 'matched' ORDER BY time DESC, id DESC LIMIT 5"
    explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[engine.dialect.name]
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":  # a table so small is read whole otherwise
            connection.execute(text("SET enable_seqscan = off"))
            connection.execute(text("SET enable_sort = off"))
        plan = str(connection.execute(text(f"{explain} {asked}")).all())
    assert "ix_launch_not_in" in plan
    assert "TEMP B-TREE" not in plan
