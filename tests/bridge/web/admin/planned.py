"""Runs with plans, written as the sync writes them, for pages to show."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from bridge.store import sync_items, sync_people, sync_runs
from bridge.store.sync_items import WRITES, Content, Item, Kind, State
from bridge.store.sync_runs import Status


def item(
    number: int, kind: Kind, state: State | None = None, *, key: str = "", reason: str = "", **more: object
) -> Item:
    """One item, about a user of that number unless it is said otherwise."""
    content = more.pop("content", Content())
    user = more.pop("user_id", None if kind == Kind.CREATE else number)
    at = state or (State.PLANNED if kind in WRITES else State.NOTED)
    found = key or f"p{number}"
    return Item(number, kind, at, reason, found, found, user, b"d" * 16, content)  # type: ignore[arg-type]


def run_with(
    engine: Engine,
    items: Sequence[Item],
    *,
    status: Status = Status.HELD_BACK,
    reason: str = "limit_exceeded",
    connection: str = "campus",
    now: float,
    notices: Sequence[str] = (),
) -> int:
    """A run that has ended like this, with these items; its number."""
    run = sync_runs.begin(engine, sync_people.source_id(engine, connection), now=now, full=False, settings="")
    with engine.begin() as database:
        for at in range(0, len(items), 1_000):
            sync_items.add(database, run, items[at : at + 1_000])
    summary = {"notices": list(notices), "held": sum(one.state == State.HELD for one in items)}
    sync_runs.change(engine, run, status=status, reason=reason, ended_at=now, summary=summary)
    return run
