"""Reading OttoLearn's list again: what a PostgreSQL database writes for it.

    python -m benchmarks.directory_rereading postgresql+psycopg://USER:PASSWORD@HOST/EMPTY_DATABASE [USERS]

Three readings: the first one, one of the very same users, and one where one in a thousand has changed. For each: bytes
of the write-ahead log (`pg_current_wal_lsn`), seconds, this process's processor seconds and peak memory. Nobody else
may use the server meanwhile: its log is one for all databases.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator

from sqlalchemy import Engine, text

from bridge.contracts import Learner
from bridge.store import directory_snapshots
from bridge.store.engine import autocommit, migrate, open_database
from sandbox.ottolearn import generated

ATTRIBUTES = ("username", "employeeId")
CHANGED_EACH = 1000
MEBIBYTE = 1024 * 1024


def main() -> None:
    """Measure the three readings and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("users", nargs="?", type=int, default=1_000_000)
    asked = parser.parse_args()
    engine = open_database(asked.database)
    migrate(engine)
    for name, changed in (("first", False), ("unchanged", False), ("one in 1,000 changed", True)):
        print(f"{asked.users:,} users, {name}: {measured(engine, asked.users, changed=changed)}", flush=True)
    engine.dispose()


def measured(engine: Engine, users: int, *, changed: bool) -> str:
    """One reading's figures."""
    checkpoint(engine)
    log, began, busy = position(engine), time.perf_counter(), time.process_time()
    count = directory_snapshots.replace(engine, people(users, changed=changed), ATTRIBUTES, now=time.time())
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    assert count == users
    written = position(engine) - log
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{written / MEBIBYTE:,.3f} MiB written, {seconds:.1f} s, {busy:.1f} s busy here, peak {peak:.0f} MiB"


def people(users: int, *, changed: bool) -> Iterator[Learner]:
    """The list; with `changed`, one in a thousand has another name."""
    for user in generated(users, ATTRIBUTES):
        attributes = dict(user["attribute"])
        if changed and user["id"] % CHANGED_EACH == 0:
            attributes["firstName"] = "Changed"
        yield Learner(user["id"], user.get("active", True), attributes)


def checkpoint(engine: Engine) -> None:
    """After a checkpoint PostgreSQL writes whole pages: each reading begins with the same burden."""
    with autocommit(engine) as connection:
        connection.execute(text("CHECKPOINT"))


def position(engine: Engine) -> int:
    """How many bytes the write-ahead log has had since the server was made."""
    with autocommit(engine) as connection:
        return int(connection.execute(text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")).scalar_one())


if __name__ == "__main__":
    main()
