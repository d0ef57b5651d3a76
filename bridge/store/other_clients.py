"""Other clients that have the database open, for operations that need exclusive access."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, text

from bridge.store.engine import autocommit

_SESSIONS = text(
    "SELECT coalesce(nullif(application_name, ''), 'a program without a name'), coalesce(host(client_addr), 'local'), "
    "count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 5"
)


def other_clients(engine: Engine) -> str:
    """A sentence that names them; empty where there are none. Connections of `engine` itself are closed first."""
    engine.dispose()
    return _of_sqlite(str(engine.url.database)) if engine.dialect.name == "sqlite" else _of_postgresql(engine)


def _of_sqlite(file: str) -> str:
    """Whoever has a database in WAL mode open holds a lock of it all the time, though nothing is under way."""
    if not Path(file).exists():
        return ""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as alone:
        try:
            alone.execute("PRAGMA locking_mode=EXCLUSIVE")
            alone.execute("BEGIN EXCLUSIVE")
            alone.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return "another process has the database open"
        except sqlite3.DatabaseError:
            return ""  # a damaged one is what backups are for
    return ""


def _of_postgresql(engine: Engine) -> str:
    with autocommit(engine) as database:
        found = [f"{name} from {where} ({count})" for name, where, count in database.execute(_SESSIONS)]
    engine.dispose()
    return f"others have the database open: {', '.join(found)}" if found else ""
