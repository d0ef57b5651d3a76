"""Accounts for the administrators' pages."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bridge.store.admin_schema import admin_account as table
from bridge.store.admin_schema import admin_session
from bridge.store.engine import autocommit

PASSWORD: Final = "password"  # noqa: S105 -- the way by which such an account comes in
"""`way` of the sessions of these accounts."""


class AccountRow(NamedTuple):
    """One account. `password` is a hash; times are Unix seconds."""

    name: str
    role: str
    password: str
    made_at: float
    changed_at: float
    used_at: float | None = None

    def __repr__(self) -> str:
        return f"AccountRow({self.name!r}, {self.role!r})"


_COLUMNS: Final = [table.c[name] for name in AccountRow._fields]


def add(engine: Engine, row: AccountRow) -> bool:
    """Write an account; False where its name is taken."""
    try:
        with autocommit(engine) as connection:
            connection.execute(insert(table), row._asdict())
    except IntegrityError:
        return False
    return True


def find(engine: Engine, name: str) -> AccountRow | None:
    """The account of this name."""
    with autocommit(engine) as connection:
        row = connection.execute(select(*_COLUMNS).where(table.c.name == name)).one_or_none()
    return None if row is None else AccountRow(*row)


def every(engine: Engine) -> list[AccountRow]:
    """All accounts, by name."""
    with autocommit(engine) as connection:
        return [AccountRow(*row) for row in connection.execute(select(*_COLUMNS).order_by(table.c.name))]


def change_password(engine: Engine, name: str, password: str, now: float) -> bool:
    """Give an account another password (a hash), and end its sessions; False where there is no such account."""
    return _change(engine, name, {"password": password, "changed_at": now}, ends=True)


def rehash(engine: Engine, name: str, was: str, password: str) -> None:
    """The same password hashed with newer parameters, unless it was changed meanwhile."""
    statement = update(table).where(table.c.name == name, table.c.password == was).values(password=password)
    with autocommit(engine) as connection:
        connection.execute(statement)


def change_role(engine: Engine, name: str, role: str, now: float) -> bool:
    """Give an account another role, at once and in its open sessions too; False where there is no such account."""
    return _change(engine, name, {"role": role, "changed_at": now}, ends=False)


def remove(engine: Engine, name: str) -> bool:
    """Forget an account, and end its sessions; False where there is none."""
    with engine.begin() as connection:
        connection.execute(delete(admin_session).where(*_sessions_of(name)))
        return bool(connection.execute(delete(table).where(table.c.name == name)).rowcount)


def note_use(engine: Engine, name: str, now: float) -> None:
    """Note that somebody signed in."""
    with autocommit(engine) as connection:
        connection.execute(update(table).where(table.c.name == name).values(used_at=now))


def _change(engine: Engine, name: str, values: dict[str, object], *, ends: bool) -> bool:
    with engine.begin() as connection:
        if not connection.execute(update(table).where(table.c.name == name).values(**values)).rowcount:
            return False
        if ends:
            connection.execute(delete(admin_session).where(*_sessions_of(name)))
        else:
            connection.execute(update(admin_session).where(*_sessions_of(name)).values(role=values["role"]))
    return True


def _sessions_of(name: str) -> tuple[ColumnElement[bool], ...]:
    return admin_session.c.way == PASSWORD, admin_session.c.who == name
