"""A database file with the newest schema, made once in each process: to copy it takes far less than to make it."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from bridge.store.engine import migrate, open_database


@functools.cache
def _made() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "migrated.db")
        engine = open_database(f"sqlite:///{file}")
        migrate(engine)
        engine.dispose()
        return file.read_bytes()


def migrated_in(folder: Path, name: str = "bridge.db") -> str:
    """The URL of a database in `folder`, which is made there unless it exists."""
    file = folder / name
    if not file.exists():
        file.touch(0o600)  # as the bridge makes it
        file.write_bytes(_made())
    return f"sqlite:///{file}"
