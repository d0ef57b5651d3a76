"""All links of one sheet in one transaction with their audit entries, and their undoing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, delete, update

from bridge.identifiers import normalize
from bridge.store import audit
from bridge.store.aliases import ADD, SWAP
from bridge.store.audit import AuditRow
from bridge.store.schema import alias, unmatched
from bridge.store.unmatched import State

Link = tuple[str, str, int]
"""Connection, student ID, OttoLearn user."""
_MARK: Final = (
    update(unmatched)
    .where(unmatched.c.connection == bindparam("connection_"), unmatched.c.student_id == bindparam("id_"))
    .values(state=bindparam("to"))
)
_DROP: Final = delete(alias).where(
    alias.c.connection == bindparam("connection_"),
    alias.c.student_id == bindparam("id_"),
    alias.c.user_id == bindparam("was"),
)


def link_all(
    engine: Engine,
    links: Sequence[Link],
    instead_of: Mapping[tuple[str, str], int],
    acts: Sequence[AuditRow],
    now: float,
) -> list[Link]:
    """Make all links and mark their students as resolved, or change nothing and return the links that prevented it.

    `instead_of`: the user whom a student was linked with when the sheet was checked. A link prevents it where that is
    no longer true.
    """
    with engine.begin() as database:
        lost = [link for link in links if not _put(database, link, instead_of.get(link[:2]), now)]
        if lost:
            database.rollback()
            return lost
        _mark(database, links, State.RESOLVED)
        audit.append_to(database, acts)
    return []


def unlink_all(engine: Engine, links: Sequence[Link], acts: Mapping[Link, AuditRow]) -> list[Link]:
    """Undo the links that are unchanged since, and let their students wait again; returns the links undone."""
    with engine.begin() as database:
        undone = [link for link in links if database.execute(_DROP, _row(link, was=link[2])).rowcount == 1]
        _mark(database, undone, State.WAITING)
        audit.append_to(database, [acts[link] for link in undone])
    return undone


def _put(database: Connection, link: Link, before: int | None, now: float) -> bool:
    connection, student_id, user_id = link
    if before is None:
        row = {"connection": connection, "student_id": normalize(student_id), "user_id": user_id, "made_at": now}
        return database.execute(ADD[database.dialect.name], row).first() is not None
    return database.execute(SWAP, _row(link, was=before, new=user_id, now=now)).rowcount == 1


def _mark(database: Connection, links: Sequence[Link], state: State) -> None:
    if links:
        database.execute(_MARK, [_row(link, to=state) for link in links])


def _row(link: Link, **more: object) -> dict[str, object]:
    return {"connection_": link[0], "id_": normalize(link[1]), **more}
