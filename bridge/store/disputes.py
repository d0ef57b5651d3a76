"""Student IDs of which the last roster of a connection could not say whose they are: nobody enters by them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, insert, literal, select

from bridge.store.schema import disputed, sync_item
from bridge.store.sync_items import Kind

REASONS: Final = ("duplicate", "claimed_twice", "passed_on", "id_changed")
"""Conflicts of people with one another; in others, such as `taken`, OttoLearn's own data is at odds with the roster."""


def replace(connection: Connection, name: str, run: int, *, whole: bool) -> None:
    """Take over the conflicts of the connection's run. An in-between run adds to those of the last whole one."""
    if whole:
        connection.execute(delete(disputed).where(disputed.c.connection == name))
    i, known = sync_item.c, select(disputed.c.key).where(disputed.c.connection == name)
    found = (
        select(literal(name), i.key, i.reason, i.run)
        .distinct()
        .where(i.run == run, i.kind == Kind.CONFLICT, i.reason.in_(REASONS), i.key.not_in(known))
    )
    connection.execute(insert(disputed).from_select(["connection", "key", "reason", "run"], found))
