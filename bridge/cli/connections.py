"""`ottobridge connections`: every connection there is, and those that registered themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from adapters import ADAPTERS
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.config.connections import Connections
from bridge.contracts import Connection
from bridge.store import courses
from bridge.store.connections import deployments, remove
from bridge.store.database import Engine


@click.group()
def connections() -> None:
    """The LMSs that the bridge knows."""


@connections.command("list")
@as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """Every connection: of the configuration file, and registered ones."""
    configuration, _ = invocation.description
    configured = configuration.connections
    with invocation.database() as engine:
        found = [_row(connection, "configuration", engine) for connection in configured.values()]
        registered = Connections(configured, ADAPTERS, engine).registered()
        found += [_row(connection, "registered", engine) for connection in registered]
    if as_json:
        print_json(found)
    else:
        say("\n".join(_line(row) for row in found) or "No connection yet; see: ottobridge setup invite --help")


@connections.command("remove")
@click.argument("name")
@pass_invocation
def remove_(invocation: Invocation, name: str) -> None:
    """Forget the registered connection NAME; its launches are refused from then on."""
    configuration, _ = invocation.description
    if name in configuration.connections:
        raise click.UsageError(f"{name} stands in {invocation.config_path}; remove it there")
    with invocation.database() as engine:
        if not remove(engine, name):
            raise click.UsageError(f"no registered connection is called {name}; see: ottobridge connections list")
    say(f"{name} is forgotten. Remove the tool in the LMS too.")


@connections.command("courses")
@click.argument("name")
@as_json
@pass_invocation
def courses_(invocation: Invocation, name: str, as_json: bool) -> None:
    """The courses of NAME that launches came from, as the roster by LTI memberships reads them."""
    with invocation.database() as engine:
        found = courses.learned(engine, name)
    if as_json:
        print_json(found)
    else:
        say("\n".join(found) or f"No launch of {name} has named a course yet.")


@connections.command("forget-course")
@click.argument("name")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@pass_invocation
def forget_course(invocation: Invocation, name: str, addresses: tuple[str, ...]) -> None:
    """Forget the courses of NAME whose members are listed at ADDRESS; their next launch is remembered again."""
    with invocation.database() as engine:
        unknown = [address for address in addresses if not courses.forget(engine, name, address)]
    if forgotten := len(addresses) - len(unknown):
        say(f"{forgotten} forgotten. Who is in no other course counts as gone from the next roster on.")
    if unknown:
        raise click.UsageError(
            f"{name} has no course at {', '.join(unknown)}; see: ottobridge connections courses {name}"
        )


def _row(connection: Connection[Any], source: str, engine: Engine) -> dict[str, Any]:
    lti13 = getattr(connection.settings, "lti13", None)
    return {
        "name": connection.name,
        "adapter": connection.adapter.name,
        "source": source,
        "student_id": connection.settings.student_id,
        "issuer": lti13.issuer if lti13 else None,
        "client_id": lti13.client_id if lti13 else None,
        "auth_url": lti13.auth_url if lti13 else None,
        "token_url": lti13.token_url if lti13 else None,
        "jwks_url": lti13.jwks_url if lti13 else None,
        "deployment_ids": [*lti13.deployment_ids] if lti13 else [],
        "learned_deployment_ids": deployments(engine, connection.name),
    }


def _line(row: dict[str, Any]) -> str:
    known: Sequence[str] = [*row["deployment_ids"], *row["learned_deployment_ids"]]
    platform = f", {row['issuer']}, client {row['client_id']}, deployments {', '.join(known) or 'none yet'}"
    return f"{row['name']}: {row['adapter']} ({row['source']}), student ID from {row['student_id']}" + (
        platform if row["issuer"] else ""
    )
