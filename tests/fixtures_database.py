"""Databases for the tests: a fresh SQLite file, and a fresh database in a throw-away PostgreSQL cluster.

`engine` and `database_url` run a test once on each; the second is skipped where PostgreSQL's programs are missing.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from bridge.store.engine import migrate, open_database
from bridge.store.schema import metadata
from sandbox.postgresql import cluster, find_programs
from tests.migrated import migrated_in

_numbers = itertools.count()
_TABLES = tuple(table.name for table in metadata.sorted_tables)
_HOLDING = " UNION ALL ".join(f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in _TABLES)
_COUNTED = """
    SELECT counted.relname FROM pg_sequence JOIN pg_depend ON objid = seqrelid AND deptype IN ('a', 'i')
    JOIN pg_class counted ON refclassid = 'pg_class'::regclass AND counted.oid = refobjid
    WHERE classid = 'pg_class'::regclass AND pg_sequence_last_value(seqrelid) IS NOT NULL
"""
_USED = f"SELECT name FROM ({_HOLDING} UNION ALL {_COUNTED}) used(name) WHERE name IN {_TABLES}"
"""The tables with rows, or with identities that were given away: to empty every table takes ten times as long."""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of an empty PostgreSQL cluster on loopback, gone when the tests are over."""
    if find_programs() is None:
        pytest.skip("PostgreSQL's server programs are missing; to enable: apt-get install postgresql")
    with cluster() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    migrated_in(folder, "migrated.db")
    return folder / "migrated.db"


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> Iterator[Engine]:
    """A database with the newest schema, to be emptied before each test: copying one takes far longer."""
    url = create_database(postgresql_server, "migrated")
    engine = open_database(url)
    migrate(engine)
    engine.dispose()
    admin = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    yield admin
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    server, name = request.getfixturevalue("postgresql_server"), f"bare_{next(_numbers)}"
    yield create_database(server, name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the newest schema and nothing in it."""
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "bridge.db")
        return f"sqlite:///{file}"
    migrated: Engine = request.getfixturevalue("migrated_postgresql")
    with migrated.connect() as connection:
        if used := sorted(connection.scalars(text(_USED)).unique()):
            connection.execute(text(f"TRUNCATE {', '.join(used)} RESTART IDENTITY CASCADE"))
        connection.execute(text("INSERT INTO directory (id) VALUES (1)"))
    return migrated.url.render_as_string(hide_password=False)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """`database_url`, opened."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def _administer(url: str, *statements: str) -> None:
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    admin.dispose()


def create_database(server: str, name: str = "") -> str:
    """The URL of a new database without a table."""
    name = name or f"fresh_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE template0")
    return make_url(server).set(database=name).render_as_string(hide_password=False)
