"""Student IDs of which the last roster of a connection could not say whose they are: nobody enters by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine, delete, func, insert, literal, select

from bridge.identifiers import lower_ascii
from bridge.store.engine import autocommit
from bridge.store.sync_items import Kind
from bridge.store.sync_schema import disputed, sync_item

OF_ONE: Final = ("passed_on", "id_changed")
"""Conflicts about one person on the roster, and who was the user before."""
REASONS: Final = ("duplicate", "claimed_twice", *OF_ONE)
"""Conflicts of people with one another; in others, such as `taken`, OttoLearn's own data is at odds with the roster."""


def find(engine: Engine, name: str, student_id: str) -> str:
    """Why the ID is in dispute at the connection; empty where it is not."""
    statement = select(disputed.c.reason).where(disputed.c.connection == name, disputed.c.key == student_id)
    with autocommit(engine) as connection:
        return connection.execute(statement).scalar_one_or_none() or ""


def forget(engine: Engine, name: str, student_ids: Sequence[str]) -> None:
    """An administrator has settled whose these IDs are. What several people have stays in dispute."""
    keys = [key for student_id in student_ids for key in (student_id, lower_ascii(student_id))]
    with autocommit(engine) as connection:
        ours = (disputed.c.connection == name, disputed.c.key.in_(keys), disputed.c.reason.in_(OF_ONE))
        connection.execute(delete(disputed).where(*ours))


def replace(connection: Connection, name: str, run: int, *, whole: bool) -> None:
    """Take over the conflicts of the connection's run. An incremental run adds to those of the last full one."""
    if whole:
        connection.execute(delete(disputed).where(disputed.c.connection == name))
    i, known = sync_item.c, select(disputed.c.key).where(disputed.c.connection == name)
    found = (
        select(literal(name), i.key, func.min(i.reason), i.run)
        .where(i.run == run, i.kind == Kind.CONFLICT, i.reason.in_(REASONS), i.key.not_in(known))
        .group_by(i.key, i.run)  # two members with one ID may be in conflict for two reasons
    )
    connection.execute(insert(disputed).from_select(["connection", "key", "reason", "run"], found))
