"""What identity providers have pushed and no sync has read yet."""

from __future__ import annotations

from sqlalchemy import Engine

from bridge.store import scim_resources
from bridge.store.scim_resources import GROUP, USER, Keys


def push(engine: Engine, name: str, now: float, *, connection: str = "acme", kind: str = USER) -> None:
    scim_resources.create(engine, scim_resources.values_of(connection, kind, name, Keys(), "{}", now))


def waiting(engine: Engine, since: float, size: int = 9) -> list[str]:
    return [one.row.id for one in scim_resources.pushed_since(engine, "acme", since, size)]


def test_what_was_pushed_since_is_shown_the_last_first(engine: Engine) -> None:
    for name, now in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
        push(engine, name, now)
    push(engine, "elsewhere", 9.0, connection="other")
    push(engine, "a group", 9.0, kind=GROUP)
    assert waiting(engine, 0.0) == ["b", "c", "a"]
    assert waiting(engine, 0.0, 1) == ["b"]
    assert waiting(engine, 2.0) == ["b"]


def test_whom_a_provider_deleted_waits_too(engine: Engine) -> None:
    push(engine, "a", 1.0)
    ((row, _),) = scim_resources.pushed_since(engine, "acme", 0.0, 9)
    assert scim_resources.delete(engine, "acme", USER, row, 5.0)
    ((gone, _),) = scim_resources.pushed_since(engine, "acme", 4.0, 9)
    assert gone.deleted_at == 5.0


def test_a_million_pushes_are_not_all_counted(engine: Engine) -> None:
    for number in range(4):
        push(engine, str(number), 1.0)
    assert scim_resources.count_pushed_since(engine, "acme", 0.0, 3) == 3
    assert scim_resources.count_pushed_since(engine, "acme", 0.0, 9) == 4
    assert scim_resources.count_pushed_since(engine, "acme", 1.0, 9) == 0
