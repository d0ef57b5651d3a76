"""Taking the whole database to one file, and back: SQLite by its online backup, PostgreSQL by its own programs.

A backup is taken beside its place and moved there when it is whole. A restore is one transaction: it succeeds, or the
database stays as it was.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from bridge.errors import OttoBridgeError
from bridge.files.private import make_private
from bridge.store.revisions import known_revisions
from bridge.store.schema import metadata

_SQLITE: Final = b"SQLite format 3\0"
_POSTGRESQL: Final = b"PGDMP"
_PLACES: Final = "/usr/lib/postgresql"


class BackupFailed(OttoBridgeError):
    """A backup could not be taken or put back; the message says why, and nothing has changed."""


def back_up(engine: Engine, target: Path) -> None:
    """Write the database, as it is at one moment, to `target`, which must not exist. Launches go on meanwhile."""
    if target.exists():
        raise BackupFailed(f"{target} exists already")
    partial = target.with_name(f"{target.name}.partial")
    try:
        make_private(partial)
        (_sqlite_to if engine.dialect.name == "sqlite" else _postgresql_to)(engine, partial)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"{target} cannot be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def restore(engine: Engine, source: Path) -> str:
    """Put what `source` holds in the place of everything in the database; the schema that it had.

    Refuses a file that is no backup of this kind of database, or was taken by a newer version.
    """
    try:
        with source.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise BackupFailed(f"{source} cannot be read: {error.strerror}") from error
    name = engine.dialect.name
    if not start.startswith(_SQLITE if name == "sqlite" else _POSTGRESQL):
        raise BackupFailed(
            f"{source} is no backup of a {name} database; to move from one kind to the other is not done"
        )
    schema = _sqlite_schema(source) if name == "sqlite" else _postgresql_schema(engine, source)
    if schema not in known_revisions():
        raise BackupFailed(f"{source} is of a newer version of OttoBridge (schema {schema}); install that version")
    (_sqlite_from if name == "sqlite" else _postgresql_from)(engine, source)
    return schema


def _sqlite_to(engine: Engine, partial: Path) -> None:
    with closing(sqlite3.connect(str(engine.url.database))) as live, closing(sqlite3.connect(partial)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without another beside it
        _require_whole(copy, partial)


def _sqlite_schema(source: Path) -> str:
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as backup:
        try:
            _require_whole(backup, source)
            return str(backup.execute("SELECT version_num FROM alembic_version").fetchone()[0])
        except (sqlite3.Error, TypeError) as error:
            raise BackupFailed(f"{source} is no database of OttoBridge, or is damaged") from error


def _sqlite_from(engine: Engine, source: Path) -> None:
    engine.dispose()
    read_only = f"{source.absolute().as_uri()}?mode=ro&immutable=1"
    with (
        closing(sqlite3.connect(read_only, uri=True)) as backup,
        closing(sqlite3.connect(str(engine.url.database), timeout=10)) as live,
    ):
        try:
            backup.backup(live)
        except sqlite3.Error as error:
            raise BackupFailed(f"the database is in use ({error}): stop the bridge, and try again") from error


def _require_whole(database: sqlite3.Connection, file: Path) -> None:
    found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise BackupFailed(f"{file} is damaged: {found}")


def _postgresql_to(engine: Engine, partial: Path) -> None:
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--file={partial}"]
    _run(engine, "pg_dump", [*options, *(f"--table={name}" for name in _tables())], connects=True)


def _tables() -> list[str]:
    return [f'"{name}"' for name in (*metadata.tables, "alembic_version")]


def _postgresql_schema(engine: Engine, source: Path) -> str:
    script = _run(engine, "pg_restore", ["--data-only", "--table=alembic_version", "--file=-", str(source)])
    lines = script.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("COPY") and "alembic_version" in line]
    if not starts:
        raise BackupFailed(f"{source} is no database of OttoBridge")
    return lines[starts[0] + 1].strip()


def _postgresql_from(engine: Engine, source: Path) -> None:
    """By a script in one transaction: pg_restore alone would leave the tables that the backup does not know."""
    with tempfile.TemporaryDirectory(prefix="ottobridge-") as folder:
        script = Path(folder) / "restore.sql"
        make_private(script)
        _run(engine, "pg_restore", ["--no-owner", "--no-privileges", f"--file={script}", str(source)])
        drop = f"DROP TABLE IF EXISTS {', '.join(_tables())} CASCADE"
        options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        _run(engine, "psql", [*options, f"--command={drop}", f"--file={script}"], connects=True)


def _run(engine: Engine, program: str, arguments: Sequence[str], *, connects: bool = False) -> str:
    """Run one of PostgreSQL's programs; what it prints. The password goes by the environment, and into no message."""
    found = shutil.which(program) or _debian(program)
    if found is None:
        raise BackupFailed(f"{program} is missing: install PostgreSQL's client programs (postgresql-client)")
    words = {**engine.url.translate_connect_args(username="user", database="dbname"), **engine.url.query}
    password = str(words.pop("password", ""))
    where = " ".join(f"{name}='{_escaped(value)}'" for name, value in words.items())
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {}), "PGCONNECT_TIMEOUT": "5"}
    command = [found, *arguments, *(["--no-password", f"--dbname={where}"] if connects else [])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- no shell
    if done.returncode:
        why = next((line for line in done.stderr.splitlines() if line.strip()), f"exit {done.returncode}")
        raise BackupFailed(f"{program} failed: {why.removeprefix(program + ': ')}")
    return done.stdout


def _debian(program: str) -> str | None:
    with suppress(OSError):
        found = sorted(Path(_PLACES).glob(f"*/bin/{program}"), key=lambda path: float(path.parent.parent.name))
        return str(found[-1]) if found else None
    return None


def _escaped(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("'", "\\'")
