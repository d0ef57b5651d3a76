"""`bridge.database_url`: which database it means, and what is wrong with it before any is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bridge.errors import ConfigError

_ALLOWED: Final = "allowed: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
_DRIVERS: Final = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def read_url(url: str) -> URL:
    """The parts of `url`. Raises ConfigError, which shows none of them, for one that is no address of a database."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise _wrong(f"not a database URL; {_ALLOWED}") from None
    if address.drivername not in _DRIVERS:
        raise _wrong(f"{address.drivername!r} is not supported; {_ALLOWED}")
    address = address.set(drivername=_DRIVERS[address.drivername])
    if address.drivername == "sqlite":
        _require_file(address)
    elif url.partition("?")[0].count("@") > 1:  # what stands behind the first would be reported as the host
        raise _wrong("the user name or the password holds a bare @; allowed: %40 for it (and %3A for :, %2F for /)")
    elif address.port is not None and not 0 < address.port < 65_536:
        raise _wrong(f"there is no such port; {_ALLOWED}")
    return address


def check_url(url: str) -> None:
    """Raise ConfigError for a URL by which no database can be opened, without opening one."""
    address = read_url(url)
    if address.drivername == "sqlite" and not Path(address.database or "").resolve().parent.is_dir():
        raise _wrong(f"{name_of(address)} cannot be created: its folder does not exist")


def name_of(address: URL) -> str:
    """The database in words, without any secret."""
    if address.drivername == "sqlite":
        return f"the database file {address.database}"
    return f"the PostgreSQL database {address.database!r} on {address.host}:{address.port or 5432}"


def _require_file(address: URL) -> None:
    if not address.database or address.database == ":memory:" or address.database.startswith("file:"):
        raise _wrong(f"a plain file is needed, several processes share it; {_ALLOWED}")


def _wrong(what: str) -> ConfigError:
    return ConfigError([f"bridge.database_url: {what}"])
