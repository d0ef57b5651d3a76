"""`ottobridge doctor`: try OttoLearn, the database and the LMSs, and say what to do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any

import click
from rich.console import Console

from adapters import ADAPTERS
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import escape_controls, styled
from bridge.config.configuration import Configuration
from bridge.config.connections import Connections
from bridge.contracts import Connection
from bridge.doctor.checks import FAILED, LOOK, OK, Doctor, Finding
from bridge.errors import ConfigError, OttoBridgeError
from bridge.keys.own import OwnKeys
from bridge.ottolearn.settings import Oidc
from bridge.store import one_time, workers
from bridge.store.database import DatabaseError, Engine
from bridge.store.errors import trouble
from bridge.store.launches import recent_students

RECENT = 200
"""Launches of a connection that are compared with its roster."""
STYLES = {OK: "green", LOOK: "yellow", FAILED: "bold red"}


@click.command()
@click.argument("connection", required=False)
@click.option("--write", is_flag=True, help="Also make an inactive user in OttoLearn, change it and read it back.")
@as_json
@pass_invocation
def doctor(invocation: Invocation, connection: str | None, write: bool, as_json: bool) -> None:
    """Ask OttoLearn, the database and the LMSs for real; of the connections only CONNECTION, if it is given.

    Exits 0 where nothing failed, and 1 otherwise. Changes nothing, unless --write is given.
    """
    found = []
    for finding in _examine(invocation, connection, write):
        found.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json({"findings": [finding._asdict() for finding in found]})
    if any(finding.state == FAILED for finding in found):
        raise click.exceptions.Exit(1)


def try_database(engine: Engine, code: str, now: float) -> Finding:
    """Whether it takes what is written: one that can only be read lets nobody in."""
    try:
        one_time.try_writing(engine, code, now)
    except DatabaseError as error:
        why = trouble(error) or f"it cannot be written ({type(error).__name__})"
        return Finding("database", "write", FAILED, why, "is it a standby, or its disk full?")
    return Finding("database", "open", OK)


def _examine(invocation: Invocation, only: str | None, write: bool) -> Iterator[Finding]:
    configuration = invocation.configuration
    try:
        with invocation.database() as engine:
            secret_key = configuration.bridge.secret_key.get_secret_value()
            known = Connections(configuration.connections, ADAPTERS, engine, secret_key=secret_key)
            connections = _named(known, only)
            made = Doctor(
                settings=configuration.ottolearn,
                public_url=configuration.bridge.public_url,
                directory=invocation.directory_over(engine),
                ottolearn=invocation.ottolearn,
                outbound=invocation.outbound,
                now=time.time,
                sleep=time.sleep,
                launched=lambda name: recent_students(engine, name, RECENT),
                launching=lambda name: [one for one in _every(known) if one.roster_connection == name],
                connection=known.find,
                readers=invocation.syncs_over(engine).readers,
                own_keys=_own_keys(configuration, engine),
                workers=partial(workers.read_all, engine) if configuration.bridge.workers else None,
            )
            yield try_database(engine, secrets.token_urlsafe(24), time.time())
            yield from chain(
                made.examine_directory(),
                made.examine_keys(),
                made.examine_workers(),
                made.examine_ottolearn(),
                made.examine_sign_in(),
            )
            if write:
                yield from made.write_probe(secrets.token_urlsafe(24))
            for connection in connections:
                yield from made.examine(connection)
    except (ConfigError, OttoBridgeError) as error:
        yield Finding("database", "open", FAILED, str(error), "compare bridge.database_url")


def _named(known: Connections, only: str | None) -> list[Connection[Any]]:
    """The connection called `only`, or all: of the configuration file, and registered ones."""
    everyone = _every(known)
    found = [connection for connection in everyone if only in {None, connection.name}]
    if only is not None and not found:
        names = ", ".join(connection.name for connection in everyone)
        raise click.UsageError(f"No connection is called {only}; allowed: {names}")
    return found


def _every(known: Connections) -> list[Connection[Any]]:
    return [*known.configured.values(), *known.registered()]


def _own_keys(configuration: Configuration, engine: Engine) -> list[OwnKeys]:
    secret = configuration.bridge.secret_key.get_secret_value()
    purposes = ("lti", "oidc") if isinstance(configuration.ottolearn.sign_in, Oidc) else ("lti",)
    return [OwnKeys(engine, secret, purpose, time.time) for purpose in purposes]


def _print(finding: Finding) -> None:
    line = styled(f"{finding.state:7}", STYLES[finding.state])
    message = f"{finding.area}: {finding.what}" + (f" -- {finding.detail}" if finding.detail else "")
    line.append(escape_controls(message + (f". {finding.advice}" if finding.advice else "")), "default")
    Console().print(line, soft_wrap=True)  # a line break inside an ID or an address would spoil it
