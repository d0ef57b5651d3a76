"""Opening the database, and bringing it to the newest schema.

Two ways to a connection, and no third:
- `engine.begin()`: a transaction of several statements; on SQLite it begins IMMEDIATE, because a transaction that
  reads first and writes later fails there at once when another process wrote in between.
- `autocommit(engine)`: each statement is its own transaction. Most calls need no more, and it is the quicker; within
  `shared_connection(engine)` all of them use one connection.

SQLite runs with synchronous=NORMAL: a crash of the process loses nothing, a power failure may lose the last moments.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from bridge.errors import ConfigError, RemoteUnavailable
from bridge.store.address import name_of, read_url
from bridge.store.asking import is_request
from bridge.store.errors import shorten_both, trouble
from bridge.store.pool import each_alone, resting
from bridge.store.revisions import known_revisions

CONNECTIONS: Final = 32
"""The most that a process has open at once. A request keeps one and now and then needs a second (`shared_connection`,
and `engine.begin()` within it), so twice its threads must fit: else all of them could hold one and wait for another."""
_POOL: Final = {"pool_size": 8, "max_overflow": CONNECTIONS - 8, "pool_timeout": 5, "pool_use_lifo": True}
"""Who was given back last is taken first: the pages that a connection to SQLite has in memory hold until another one
writes, and of several that take turns each would read them anew for every launch."""
_PRAGMAS: Final = ("busy_timeout=5000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")
_SILENCE: Final = {
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""PostgreSQL behind a network that swallows what is sent is given up after half a minute (libpq, "Parameter Key Words";
milliseconds first, then seconds), and not after the quarter of an hour that the system waits."""
_OLDEST: Final = text("SELECT oldest FROM schema_compatibility")
_NOTICE_SILENCE: Final = (
    "SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),"
    " set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '30s', false)"
)
"""The same for the server: the locks of a machine that was cut off are free after a minute, and not after the two hours
that the system waits."""


def open_database(url: str, *, prepare: bool = True) -> Engine:
    """The engine for `url`, after one successful connection.

    `prepare`: whether PostgreSQL may be asked to prepare statements. It never is behind a pooler that can be seen.
    Raises `ConfigError` for a URL that cannot work and `RemoteUnavailable` for a database that does not answer;
    neither message holds the URL's user name, password or options.
    """
    engine = open_later(url, prepare=prepare)
    try:
        engine.connect().close()
    except DBAPIError as error:
        engine.dispose()
        why = trouble(error) or type(error.orig).__name__
        raise RemoteUnavailable(f"{name_of(read_url(url))} cannot be opened: {why}") from error
    return engine


def open_later(url: str, *, prepare: bool = True) -> Engine:
    """The engine for `url`, which connects when it is first asked: whoever serves starts without the database, too.

    Raises `ConfigError` like `open_database`.
    """
    address = read_url(url)
    try:
        engine = _open_sqlite(address) if address.drivername == "sqlite" else _open_postgresql(address, prepare)
    except ModuleNotFoundError as error:
        problem = f"bridge.database_url: {error.name} is missing: pip install 'ottobridge[postgresql]'"
        raise ConfigError([problem]) from None
    event.listen(engine, "handle_error", shorten_both)
    return engine


def autocommit(engine: Engine) -> AbstractContextManager[Connection]:
    """A connection on which each statement is a transaction of its own: `with autocommit(engine) as connection`."""
    shared = _shared.get()
    return shared if shared is not None and shared.engine is engine else each_alone(engine).connect()


class shared_connection:  # noqa: N801 -- a block, as those of contextlib
    """Within the block and in this thread, `autocommit(engine)` is one connection, taken when first asked for.

    What it was is ready for the next block (`bridge.store.pool`).
    """

    def __init__(self, engine: Engine) -> None:
        self._mine = _Shared(engine)

    def __enter__(self) -> None:
        self._before = _shared.set(self._mine)
        self._waited = is_request.set(True)

    def __exit__(self, *_: object) -> None:
        _shared.reset(self._before)
        is_request.reset(self._waited)
        self._mine.close()


class _Shared(AbstractContextManager[Connection]):
    """A connection that many `autocommit(engine)` share: leaving them leaves it open, unless something went wrong."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._connection: Connection | None = None

    def __enter__(self) -> Connection:
        if self._connection is None:
            self._connection = resting(self.engine).take()
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # whoever goes on, to record it, needs one that works
            self._end(Connection.close)

    def close(self) -> None:
        if self._connection is not None:
            self._end(resting(self.engine).give_back)

    def _end(self, part: Callable[[Connection], None]) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                part(connection)
        except DBAPIError:
            return  # one that broke has nothing to give back, and the answer is made already


_shared: Final[ContextVar[_Shared | None]] = ContextVar("shared", default=None)


def migrate(engine: Engine) -> None:
    """Bring the database to the newest schema, in one transaction; does nothing where it is there already, or is newer
    and this version may use it: during an upgrade old and new processes run side by side.

    Raises `ConfigError` for a database that a newer version of the bridge has upgraded, and keeps to itself.
    """
    with autocommit(engine) as connection:
        usable = may_use(connection, revision_of(connection))
    if not usable:
        from bridge.store.migrating import upgrade  # noqa: PLC0415 -- Alembic takes longer to load than a command to run

        upgrade(engine)


def is_usable(engine: Engine) -> bool:
    """Whether the database answers and has the schema of this version, or a newer one that this version may use."""
    try:
        with autocommit(engine) as connection:
            return may_use(connection, revision_of(connection))
    except DBAPIError:
        return False


def may_use(connection: Connection, schema: str | None) -> bool:
    """Whether this version can work on that schema, which the database of `connection` has."""
    if schema is None or schema in known_revisions():
        return schema == known_revisions()[0]
    oldest = connection.execute(_OLDEST).scalar()
    return oldest is None or oldest in known_revisions()


def revision(engine: Engine) -> str | None:
    """The migration that the database is at, as Alembic has noted it; None where it has no tables of ours."""
    with autocommit(engine) as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """The same by a connection that is open."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _open_sqlite(address: URL) -> Engine:
    file = Path(address.database or "")
    try:
        # Names and IDs of people: nobody but the owner reads a new file (nor -wal and -shm, which follow its mode).
        file.touch(mode=0o600)
    except OSError as error:
        raise ConfigError([f"bridge.database_url: {name_of(address)} cannot be made: {error.strerror}"]) from None
    engine = create_engine(address, hide_parameters=True, **_POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself, as _begin_sqlite does (SQLAlchemy, "Pysqlite: serializable").
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    if "ottobridge_alone" not in connection.get_execution_options():
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open_postgresql(address: URL, prepare: bool) -> Engine:
    engine = create_engine(
        address,
        hide_parameters=True,
        **_POOL,
        pool_pre_ping=True,  # a restarted database costs no launch
        connect_args={"connect_timeout": 5, **_SILENCE, **({} if prepare else {"prepare_threshold": None})},
    )
    from bridge.store.liveness import ping_only_if_readable  # noqa: PLC0415 -- for PostgreSQL alone
    from bridge.store.wait_limit import WaitLimit  # noqa: PLC0415 -- psycopg is an extra

    ping_only_if_readable(engine)
    event.listen(engine, "do_connect", WaitLimit().connect)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """Prepare no statements behind a pooler: the next one may reach another session, which does not know it. One of
    our own is told when to give us up.

    PgBouncer, as any pooler that shares sessions, tells its clients a process number of its own making (the protocol's
    BackendKeyData, with which a client would cancel), and PostgreSQL knows its own.
    """
    expected = connection.info.backend_pid
    if connection.execute("SELECT pg_backend_pid()").fetchone()[0] != expected:
        connection.prepare_threshold = None
        connection.rollback()
        return
    connection.execute(_NOTICE_SILENCE)
    connection.commit()


def driver_arguments(url: str) -> dict[str, Any]:
    """What psycopg's `connect` takes for a PostgreSQL URL of ours: its own parser wants other escapes in a password.

    Raises `ConfigError` like `open_database`.
    """
    address = read_url(url)
    (_, found) = address.get_dialect()().create_connect_args(address)
    return {**_SILENCE, **found}


def listens(engine: Engine) -> bool:
    """Whether a session may wait for notices: one behind a pooler hears none."""
    with engine.connect() as connection:
        return has_own_session(connection)


def has_own_session(connection: Connection) -> bool:
    """Whether a PostgreSQL session is this connection's alone from one transaction to the next."""
    driver: Any = connection.connection.driver_connection
    return driver.prepare_threshold is not None
