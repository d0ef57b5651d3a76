"""The items of a run, of which there may be a million."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from bridge.store import sync_directory, sync_items

Question = Callable[[Connection], object]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL counts its rows, and goes by that
@pytest.mark.parametrize(
    "ask",
    [
        lambda connection: sync_items.planned_keys(connection, 1, ["a", "b"]),
        lambda connection: sync_items.to_conflict(connection, 1, "duplicate", keys=["a"], users=[1]),
        lambda connection: sync_directory.in_conflict(connection, 1, 1, ["a", "b"]),
    ],
    ids=["planned keys", "conflicts", "twins"],
)
def test_no_question_about_a_group_of_people_scans_all_items_of_the_run(engine: Engine, ask: Question) -> None:
    """It is asked for each group: a plan would take the square of the time."""
    steps: list[str] = []

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps.extend(step for *_, step in plan if "sync_item" in step)

    event.listen(engine, "before_cursor_execute", explain)
    with engine.begin() as connection:
        steps.clear()  # of BEGIN
        ask(connection)
    assert steps
    assert all("run=? AND key=?" in step or "run=? AND user_id=?" in step for step in steps), steps
