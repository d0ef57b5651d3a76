"""Everything that is kept of one student, table by table: to be shown to them, and to be erased.

`HOLDS_PEOPLE` and `HOLDS_NOBODY` name every table there is; a test fails for one that is in neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, delete, false, or_, select, update

from bridge.identifiers import key, loose_key, normalize
from bridge.store import schema
from bridge.store.admin_schema import audit, launch_name
from bridge.store.schema import (
    alias,
    directory,
    launch,
    learner,
    progress,
    received,
    unmatched,
    username,
    visit,
)
from bridge.store.scim_resources import USER, Keys, digest, exact, folded
from bridge.store.scim_schema import scim_member, scim_resource
from bridge.store.sync_runs import UNDER_WAY
from bridge.store.sync_schema import disputed, person, sync_item, sync_person, sync_run, sync_source, sync_written

HOLDS_PEOPLE: Final = (
    *(
        scim_member,
        scim_resource,
        received,
        launch,
        launch_name,
        progress,
        visit,
        unmatched,
        alias,
        person,
        disputed,
        sync_written,
        sync_person,
        sync_item,
    ),
    *(schema.learner, schema.username, schema.search_key, schema.kept, audit),
)
HOLDS_NOBODY: Final = {
    "spent": "digests of values that worked once",
    "rate": "digests and counts",
    "generation": "when OttoLearn's list was read",
    "directory": "which reading is served",
    "sync_source": "names of connections",
    "sync_run": "counts of what a sync did",
    "sync_request": "which syncs administrators asked for, and who",
    "sync_claim": "empty but while a plan is made, of people in `sync_item`",
    "own_key": "our own keys",
    "key_set": "platforms' public keys",
    "connection": "settings of connections",
    "deployment": "deployments of LMSs",
    "course": "addresses of courses",
    "package": "packages that were made",
    "package_origin": "sites of LMSs",
    "scim_token": "digests of the tokens of identity providers",
    "probe": "what an administrator's try showed of an LMS",
    "call_budget": "how often OttoLearn was called",
    "launch_count": "how many launches there were",
    "launch_count_by_day": "how many launches there were",
    "launch_summed": "how far they are counted",
    "admin_account": "accounts of administrators",
    "admin_session": "which administrators are signed in",
    "schema_compatibility": "which release may use the database",
    "worker": "which workers live, on which machine",
}
"""Tables, and what they hold instead."""
_ERASED: Final[tuple[Table, ...]] = HOLDS_PEOPLE[: HOLDS_PEOPLE.index(schema.learner)]
"""In an order in which what leads to other rows goes last. OttoLearn's users are OttoLearn's to forget: the directory
follows with the next reading. What is `kept` is kept for minutes, under digests of random codes."""
SCIM: Final = "scim"
"""The namespace in which the ledger of persons knows who was pushed."""
_LOOKED_UP: Final[dict[str, Callable[[str], str]]] = {
    "taken": folded,
    "external": exact,
    "employee": folded,
    "mail": folded,
}
"""The columns of digests that hold IDs of a user."""
_SECRET: Final = {"channel", "word", "digest", "searched", *Keys._fields}
_JSON: Final = {"fields", "content", "attributes", "document", "details"}
_TIMES: Final = {
    *("time", "first_seen", "last_seen", "made_at", "bound_at", "received_at", "ended_at", "missing_since"),
    *("created_at", "modified_at", "changed_at", "deleted_at"),
}


class Kept(NamedTuple):
    """What is kept of a student."""

    tables: dict[str, list[dict[str, Any]]]
    """Rows by table, those without any left out; times are written by ISO 8601."""
    users: list[int]
    """The OttoLearn users that the student is."""


class Erased(NamedTuple):
    """What was erased of a student."""

    tables: dict[str, int]
    """Rows by table."""
    users: list[int]
    """The OttoLearn users that the student was: OttoLearn has them still."""
    under_way: int
    """Rows of syncs under way, which were left."""


class _Subject:
    """One student ID, of one connection or of all, as conditions on rows."""

    def __init__(self, student_id: str, connection: str | None, pushed_to: Sequence[str]) -> None:
        """`pushed_to`: the connections to which people are pushed."""
        self._ids = sorted({student_id, normalize(student_id)})
        self._keys = sorted({key(student_id), key(student_id, ignore_case=True)})
        self._folded = loose_key(student_id)
        self._connection = connection
        self._pushed = {
            column: [digest(name, USER, column, fold(one)) for name in pushed_to for one in self._ids]
            for column, fold in _LOOKED_UP.items()
        }
        sources = select(sync_source.c.id)
        self._sources = sources.where(sync_source.c.connection == connection) if connection else sources

    def rows(self, table: Table) -> ColumnElement[bool]:
        """Which rows of a table are the student's."""
        if table is received:
            return received.c.reference.in_(select(launch.c.reference).where(self.rows(launch)))
        if table is progress:
            return progress.c.visit.in_(select(visit.c.id).where(self.rows(visit)))
        if table is scim_resource:
            named = or_(*(scim_resource.c[column].in_(digests) for column, digests in self._pushed.items()), false())
            known = select(person.c.record).where(self.rows(person), person.c.namespace == SCIM)
            return and_(scim_resource.c.kind == USER, or_(named, scim_resource.c.id.in_(known)))
        if table is scim_member:
            return scim_member.c.value.in_(select(scim_resource.c.id).where(self.rows(scim_resource)))
        if table is disputed:
            return and_(disputed.c.key.in_(self._keys), self._of_connection(disputed))
        if table is sync_person:
            return and_(sync_person.c.key.in_(self._keys), sync_person.c.source.in_(self._sources))
        if table is sync_written:
            mine = select(sync_person.c.source).where(
                self.rows(sync_person),
                sync_person.c.source == sync_written.c.source,
                sync_person.c.user_id == sync_written.c.user_id,
            )
            return mine.exists()
        if table is sync_item:
            runs = select(sync_run.c.id).where(sync_run.c.source.in_(self._sources))
            named = or_(sync_item.c.student_id.in_(self._ids), sync_item.c.key.in_(self._keys))
            return and_(named, sync_item.c.run.in_(runs))
        return and_(table.c.student_id.in_(self._ids), self._of_connection(table))

    def users(self, connection: Connection) -> list[int]:
        """The OttoLearn users that the student is, by what is kept and by the directory."""
        found: set[int] = set()
        for table in (alias, person, visit, sync_person):
            rows = connection.execute(select(table.c.user_id).where(self.rows(table)).distinct())
            found.update(user_id for (user_id,) in rows if user_id is not None)
        held = select(username.c.user_id).where(
            username.c.generation == select(directory.c.current).scalar_subquery(),
            username.c.folded == self._folded,
            username.c.value.in_(self._ids),
        )
        return sorted(found.union(connection.execute(held).scalars()))

    def _of_connection(self, table: Table) -> ColumnElement[bool]:
        return table.c.connection == self._connection if self._connection else ~false()


def _subject(database: Connection, student_id: str, connection: str | None) -> _Subject:
    pushed_to = database.execute(select(scim_resource.c.connection).distinct()).scalars()
    return _Subject(student_id, connection, [name for name in pushed_to if connection in {None, name}])


def everything_of(engine: Engine, student_id: str, connection: str | None = None) -> Kept:
    """What is kept of the student, of one connection or of all; OttoLearn's own record of them included."""
    with engine.begin() as database:
        subject = _subject(database, student_id, connection)
        users = subject.users(database)
        found = {table.name: _fetch(database, table, subject.rows(table)) for table in (*_ERASED, audit)}
        current = select(directory.c.current).scalar_subquery()
        found["learner"] = _fetch(
            database, learner, and_(learner.c.generation == current, learner.c.user_id.in_(users))
        )
    return Kept({name: rows for name, rows in found.items() if rows}, users)


def erase(engine: Engine, student_id: str, connection: str | None = None) -> Erased:
    """Forget the student, of one connection or of all, in one transaction."""
    running = sync_item.c.run.in_(select(sync_run.c.id).where(sync_run.c.status.in_(UNDER_WAY)))
    counts = {}
    with engine.begin() as database:
        subject = _subject(database, student_id, connection)
        users = subject.users(database)
        for table in _ERASED:
            mine = subject.rows(table)
            which = and_(mine, ~running) if table is sync_item else mine
            counts[table.name] = database.execute(delete(table).where(which)).rowcount
        blank = update(audit).where(subject.rows(audit)).values(student_id="", details="{}")
        counts[audit.name] = database.execute(blank).rowcount  # that somebody did something stays, to whom is forgotten
        left = len(database.execute(select(sync_item.c.run).where(subject.rows(sync_item))).all())
    return Erased({name: count for name, count in counts.items() if count}, users, left)


def _fetch(connection: Connection, table: Table, which: ColumnElement[bool]) -> list[dict[str, Any]]:
    columns = [column for column in table.columns if column.name not in _SECRET]
    rows = connection.execute(select(*columns).where(which))
    return [_readable(row._asdict()) for row in rows]


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if name in _JSON and isinstance(value, str):
        return msgspec.json.decode(value)
    if name in _TIMES and value is not None:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    return value
