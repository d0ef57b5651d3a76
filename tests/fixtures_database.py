"""Databases for the tests: a fresh SQLite file, and a fresh database in a throw-away PostgreSQL cluster.

`engine` and `database_url` run a test once on each; the second is skipped where PostgreSQL's programs are missing.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from bridge.store.engine import migrate, open_database
from bridge.store.schema import metadata

PASSWORD = "a throw-away password"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of an empty PostgreSQL cluster on loopback, gone when the tests are over."""
    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are missing; to enable: apt-get install postgresql")
    # Not below tmp_path: root's is closed to everybody else, and PostgreSQL refuses to run as root.
    place = Path(tempfile.mkdtemp(prefix="ottobridge-postgresql-"))
    owner = account()
    try:
        if owner:
            os.chown(place, owner.pw_uid, owner.pw_gid)
        port = start_cluster(programs, place, owner)
        try:
            yield f"postgresql+psycopg://postgres:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/postgres"
        finally:
            run_program([programs / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", place / "data"], place, owner)
    finally:
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema, to be copied."""
    file = tmp_path_factory.mktemp("template") / "migrated.db"
    engine = open_database(f"sqlite:///{file}")
    migrate(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> str:
    """A database with the newest schema, to be emptied before each test: copying one takes far longer."""
    url = create_database(postgresql_server, "migrated")
    engine = open_database(url)
    migrate(engine)
    engine.dispose()
    return url


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
    url: str = request.getfixturevalue("migrated_postgresql")
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    _administer(url, f"TRUNCATE {tables} RESTART IDENTITY", "INSERT INTO directory (id) VALUES (1)")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """`database_url`, opened."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


def find_programs() -> Path | None:
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    return next((p for p in on_path + debian if (p / "initdb").exists() and (p / "pg_ctl").exists()), None)


def account() -> pwd.struct_passwd | None:
    """Whom the server runs as: an unprivileged account when we are root, else ourselves."""
    if os.geteuid() != 0:
        return None
    known = {account.pw_name: account for account in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def run_program(command: list[str | Path], place: Path, account: pwd.struct_passwd | None) -> None:
    who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    # Into a file: the server that pg_ctl starts would keep a pipe open for as long as it lives.
    with (place / "output").open("ab") as output:
        done = subprocess.run(command, cwd=place, stdout=output, stderr=output, check=False, **who)
    assert done.returncode == 0, (place / "output").read_text()


def start_cluster(programs: Path, place: Path, account: pwd.struct_passwd | None) -> int:
    secret = place / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)  # inside a directory that only the account can enter
    options = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username=postgres", "--no-sync"]
    run_program([programs / "initdb", *options, f"--pwfile={secret}", "-D", place / "data"], place, account)
    port = free_port()
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    run_program(
        [programs / "pg_ctl", "start", "-w", "-D", place / "data", "-l", place / "log", "-o", settings], place, account
    )
    return port


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
