"""Bringing the database to the newest schema, by Alembic."""

from __future__ import annotations

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, text

from bridge.errors import ConfigError

LOCK: Final = 0x6F74746F_62726467  # "ottobrdg": the number of our advisory lock in PostgreSQL


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema, in one transaction; does nothing where it is there already.

    Processes that start together take turns: an advisory lock on PostgreSQL, BEGIN IMMEDIATE on SQLite.
    Raises `ConfigError` for a database that a newer version of the bridge has upgraded.
    """
    config = Config()
    # A package resource, so that an installed wheel finds it too.
    config.set_main_option("script_location", "bridge.store:migrations")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise ConfigError(
                ["bridge.database_url: a newer version of OttoBridge has upgraded this database; install that version"]
            ) from None
