"""`bridge.database_url` alone, for commands that ask the database and nothing else.

The settings of the whole configuration take longer to load than such a command takes to answer, and the secrets of a
connection need not be set where only a list is read. Whatever is odd here is left to
`configuration.load_bridge`, which says what is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bridge.config.yaml_file import read_config_file

DEFAULT_URL: Final = "sqlite:///ottobridge.db"
_FLAGS: Final = {"true": True, "false": False}


@dataclass(frozen=True)
class Database:
    """Where the database is; the URL may hold a password."""

    url: str = field(repr=False)
    prepare: bool = True
    """Whether PostgreSQL may be asked to prepare statements."""


def read_database(path: Path, environ: Mapping[str, str] = os.environ) -> Database | None:
    """The database that the configuration at `path` names; None where only a full check can tell.

    Raises ConfigError for a file that cannot be read.
    """
    file = read_config_file(path, environ, only="bridge")
    tree = file.tree.get("bridge")
    if not isinstance(tree, dict) or any(place[-1].startswith("database_") for place in file.unfilled):
        return None
    url, prepare = tree.get("database_url", DEFAULT_URL), _FLAGS.get(str(tree.get("database_prepare", "true")))
    return Database(url, prepare) if isinstance(url, str) and prepare is not None else None
