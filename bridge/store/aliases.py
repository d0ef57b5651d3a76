"""Links that an administrator made: this student ID of this connection is that OttoLearn user."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Engine, Executable, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.identifiers import is_student_id, normalize
from bridge.store.engine import autocommit
from bridge.store.insert_or_ignore import insert_or_ignore
from bridge.store.prepared import Prepared
from bridge.store.schema import alias


class AliasRow(NamedTuple):
    """One link. `made_at` is Unix seconds."""

    connection: str
    student_id: str
    user_id: int
    made_at: float


def _put_statement(dialect: type[sqlite.Insert] | type[postgresql.Insert]) -> Executable:
    row = dialect(alias)
    statement: Executable = row.on_conflict_do_update(
        index_elements=["connection", "student_id"],
        set_={"user_id": row.excluded.user_id, "made_at": row.excluded.made_at},
    )
    return statement


_PUT: Final = {"sqlite": _put_statement(sqlite.Insert), "postgresql": _put_statement(postgresql.Insert)}
ADD: Final = insert_or_ignore(alias)
_ONE: Final = (alias.c.connection == bindparam("connection_"), alias.c.student_id == bindparam("id_"))
_FIND: Final = Prepared(select(alias.c.user_id).where(*_ONE))
SWAP: Final = (
    update(alias)
    .where(*_ONE, alias.c.user_id == bindparam("was"))
    .values(user_id=bindparam("new"), made_at=bindparam("now"))
)
_DROP: Final = delete(alias).where(*_ONE)


def put(engine: Engine, connection: str, student_id: str, user_id: int, *, now: float) -> None:
    """Link, in the place of an earlier link."""
    row = {"connection": connection, "student_id": normalize(student_id), "user_id": user_id, "made_at": now}
    with autocommit(engine) as database:
        database.execute(_PUT[engine.dialect.name], row)


def put_in_place_of(
    engine: Engine, connection: str, student_id: str, user_id: int, *, instead_of: int | None, now: float
) -> bool:
    """Link, where the ID is linked with this user, or with nobody, as far as whoever asks knows; False where somebody
    was faster.
    """
    row = {"connection": connection, "student_id": normalize(student_id), "user_id": user_id, "made_at": now}
    with autocommit(engine) as database:
        if instead_of is None:
            return database.execute(ADD[engine.dialect.name], row).first() is not None
        asked = {"connection_": connection, "id_": row["student_id"], "was": instead_of, "new": user_id, "now": now}
        return database.execute(SWAP, asked).rowcount == 1


def find(engine: Engine, connection: str, student_id: str) -> int | None:
    """The OttoLearn user that the ID is linked with; nobody for what can be no ID."""
    asked = normalize(student_id)
    found = _FIND.rows(engine, {"connection_": connection, "id_": asked}) if is_student_id(asked) else []
    return found[0][0] if found else None


def every(engine: Engine, connection: str | None = None) -> list[AliasRow]:
    """Every link, or those of one connection."""
    statement = select(*(alias.c[name] for name in AliasRow._fields)).order_by(alias.c.connection, alias.c.student_id)
    if connection is not None:
        statement = statement.where(alias.c.connection == connection)
    with autocommit(engine) as database:
        return [AliasRow(*row) for row in database.execute(statement)]


def drop(engine: Engine, connection: str, student_id: str) -> bool:
    """Undo a link; False where there is none."""
    with autocommit(engine) as database:
        return database.execute(_DROP, {"connection_": connection, "id_": normalize(student_id)}).rowcount == 1
