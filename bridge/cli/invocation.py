"""What every command shares: which configuration, and how the rest is opened.

What takes long to load is imported where it is used: `--help`, a completion or a list of launches needs little of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters import ADAPTERS
from bridge.cli.output import escaped_json
from bridge.logs import FORMATS

if TYPE_CHECKING:
    from bridge.config.configuration import Bridge, Configuration
    from bridge.config.database import Database
    from bridge.contracts import Learner
    from bridge.learners.directory import Directory
    from bridge.learners.unmatched import Unmatched
    from bridge.net.http import Outbound
    from bridge.ottolearn.api import OttoLearnApi
    from bridge.store.database import Engine
    from bridge.sync.syncs import Syncs


@dataclass
class Invocation:
    """One run of a command."""

    config_path: Path

    @cached_property
    def configuration(self) -> Configuration:
        from bridge.config.configuration import load

        return load(self.config_path, ADAPTERS)

    @cached_property
    def bridge(self) -> Bridge:
        """The `bridge:` part of the configuration, for whoever needs no other."""
        from bridge.config.configuration import load_bridge

        return self.configuration.bridge if "configuration" in vars(self) else load_bridge(self.config_path)

    @cached_property
    def description(self) -> tuple[Configuration, list[str]]:
        """The configuration for a command that uses no secret, and the environment variables that it would need."""
        from bridge.config.configuration import load

        unset: list[str] = []
        return load(self.config_path, ADAPTERS, unset=unset), unset

    @cached_property
    def outbound(self) -> Outbound:
        from bridge.config.egress import egress_client

        return egress_client(self.configuration.bridge)

    @cached_property
    def database_settings(self) -> Database:
        """Where the database is, read without the rest of the configuration, so that nothing else need be right."""
        from bridge.config.database import Database, read_database

        if found := read_database(self.config_path):
            return found
        return Database(self.bridge.database_url.get_secret_value(), self.bridge.database_prepare)

    @contextmanager
    def database(self, *, upgrade: bool = True) -> Iterator[Engine]:
        """The database, at the newest schema unless `upgrade` is False."""
        from bridge.store.engine import migrate, open_database

        engine = open_database(self.database_settings.url, prepare=self.database_settings.prepare)
        try:
            if upgrade:
                migrate(engine)
            yield engine
        finally:
            engine.dispose()

    @contextmanager
    def directory(self) -> Iterator[Directory]:
        """The directory of OttoLearn's users."""
        with self.database() as engine:
            yield self.directory_over(engine)

    def directory_over(self, engine: Engine, configuration: Configuration | None = None) -> Directory:
        """The directory in a database that is open, by the settings of `configuration`; OttoLearn is asked as the whole
        configuration says, and only then must all of it be right.
        """
        from bridge.learners.directory import Directory
        from bridge.learners.refreshing import learner_list_reader

        def read() -> Iterator[Learner]:
            return learner_list_reader(self.ottolearn)()

        settings = (configuration or self.configuration).ottolearn
        return Directory(
            engine,
            settings.username_attributes,
            read,
            time.time,
            max_shrink_percent=settings.directory.max_shrink_percent,
        )

    def syncs_over(self, engine: Engine) -> Syncs:
        """Makes the syncs of the connections, with everything around them."""
        import secrets

        from bridge.keys.own import OwnKeys
        from bridge.sync.context import ReaderContexts
        from bridge.sync.syncs import Syncs

        secret, settings = self.configuration.bridge.secret_key.get_secret_value(), self.configuration.ottolearn
        keys = OwnKeys(engine, secret, "lti", time.time)
        readers = ReaderContexts(
            engine, secret, settings.username_attributes, keys.signing, time.time, time.sleep, secrets.token_urlsafe
        )
        return Syncs(self.directory_over(engine), self.outbound, settings, readers)

    def unmatched_over(self, engine: Engine) -> Unmatched:
        """The list of unmatched students in a database that is open; no secret is needed to read it."""
        from bridge.learners.unmatched import Unmatched

        configuration = self.configuration if "configuration" in vars(self) else self.description[0]
        attributes, connections = configuration.ottolearn.username_attributes, configuration.connections
        directory = self.directory_over(engine, configuration)
        return Unmatched(engine, directory, attributes, connections.get, time.time)

    @cached_property
    def ottolearn(self) -> OttoLearnApi:
        """OttoLearn's API."""
        from bridge.ottolearn.api import OttoLearnApi

        return OttoLearnApi(self.configuration.ottolearn, self.outbound)


pass_invocation = click.make_pass_decorator(Invocation)

NUMBER = click.IntRange(1, 2**63 - 1)
"""The number of a run or of a user, as the databases hold it."""
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")

log_format_option = click.option(
    "--log-format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="The shape of each line of the log, on standard error.",
)


def print_json(document: Any) -> None:
    """One JSON document on standard output, and nothing else there."""
    import msgspec

    sys.stdout.write(escaped_json(msgspec.json.format(msgspec.json.encode(document), indent=2).decode()) + "\n")
