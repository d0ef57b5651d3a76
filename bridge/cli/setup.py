"""`ottobridge setup`: what an LMS administrator enters, consents to, and invitations to register by themselves."""

from __future__ import annotations

import re
import secrets
import sys
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import click
import yaml
from pydantic import ValidationError

from adapters import ADAPTERS
from bridge.cli.consent import client_of, consent, consented, walk
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.config.configuration import CONNECTION_NAME, Configuration
from bridge.config.connections import Connections
from bridge.config.settings import origin_or_empty
from bridge.contracts import Adapter, Connection
from bridge.install.guide import Addresses, Entry, Section, SetupGuide, to_document, to_text
from bridge.install.registration import INVITATION_LIVES, Invitation, check_invitation, invite

INVITABLE = tuple(adapter.name for adapter in ADAPTERS if adapter.registration_request)


class _Origin(click.ParamType[str]):
    """A web address, of which scheme, host and port are kept."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = origin_or_empty(value)
        if not found.startswith(("https://", "http://")) or found.endswith("//"):
            self.fail(f"{value!r} is no address that starts with https://", param, ctx)
        return found


class _ConnectionFirst(click.Group):
    """A group whose first argument may be a connection: `setup NAME` is `setup show NAME`."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, "show")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ConnectionFirst, subcommand_metavar="CONNECTION | consent CONNECTION | invite NAME")
def setup() -> None:
    """Print what an LMS administrator enters for CONNECTION, take their consent, or invite an LMS to register."""


setup.add_command(consent)


@setup.command()
@click.argument("connection")
@as_json
@pass_invocation
def show(invocation: Invocation, connection: str, as_json: bool) -> None:
    """What the administrator of the LMS enters for CONNECTION. No secret is printed."""
    configuration, _ = invocation.description
    configured = configuration.connections.get(connection)
    found = configured or _registered(invocation, configuration, connection)
    guide = _guide(found, configuration)
    if configured is None:
        guide = guide._replace(sections=(_for_the_file(found), *guide.sections))
    if as_json:
        print_json({"connection": connection} | to_document(guide))
    else:
        say(to_text(guide))
        _offer_consent(invocation, connection)


def _offer_consent(invocation: Invocation, connection: str) -> None:
    """Go on with the consent where one is missing and somebody is there who can give it."""
    configured = invocation.description[0].connections.get(connection)
    if configured is None or configured.adapter.consent is None or not sys.stdin.isatty() or invocation.description[1]:
        return
    with invocation.database() as engine:
        client = client_of(invocation, connection)
        if client is None or consented(invocation, engine, connection):
            return
        say()
        if click.confirm("Nobody has consented yet. Is all of this entered, and shall the consent begin?"):
            walk(invocation, engine, connection, client)


@setup.command("invite")
@click.argument("name")
@click.option("--adapter", type=click.Choice(INVITABLE), required=True, help="What kind of LMS it is.")
@click.option("--student-id", help="The connection's student_id.  [default: the adapter's]")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    type=_Origin(),
    help="An address of the LMS; needed where its parts are on several hosts. May be given more than once.",
)
@as_json
@pass_invocation
def invite_(
    invocation: Invocation, name: str, adapter: str, student_id: str | None, platforms: tuple[str, ...], as_json: bool
) -> None:
    """Print an address that an LMS administrator pastes to register the connection NAME. It works once."""
    configuration, _ = invocation.description
    chosen = next(known for known in ADAPTERS if known.name == adapter)
    invitation = _invitation(name, chosen, student_id, platforms)
    code = _kept(invocation, configuration, invitation)
    url = f"{configuration.bridge.public_url}/lti/register?{urlencode({'invitation': code})}"
    expires = datetime.fromtimestamp(invitation.until, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if as_json:
        print_json({"name": name, "adapter": adapter, "url": url, "expires": expires})
    else:
        say(f"{url}\n\nGood once, until {expires}. {_where(chosen, invitation, configuration)}")


def _invitation(name: str, adapter: Adapter[Any], student_id: str | None, platforms: tuple[str, ...]) -> Invitation:
    if re.fullmatch(CONNECTION_NAME, name) is None:
        raise click.UsageError("allowed as a name: lower-case letters, digits and hyphens")
    try:
        return check_invitation(name, adapter, student_id, platforms, time.time() + INVITATION_LIVES)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise click.UsageError(f"--student-id: {problem['msg'].removeprefix('Value error, ')}") from error


def _kept(invocation: Invocation, configuration: Configuration, invitation: Invitation) -> str:
    """The code under which the invitation is kept."""
    code = secrets.token_urlsafe(32)
    with invocation.database() as engine:
        if invitation.name in Connections(configuration.connections, ADAPTERS, engine):
            raise click.UsageError(
                f"a connection is called {invitation.name} already; see: ottobridge connections list"
            )
        invite(engine, invitation, code)
    return code


def _guide(connection: Connection[Any], configuration: Configuration) -> SetupGuide:
    if connection.adapter.installation is None:
        raise click.UsageError(
            f"{connection.name} ({connection.adapter.title}) has nothing to enter into an LMS; "
            "packages are made by: ottobridge package"
        )
    addresses = Addresses(
        configuration.bridge.public_url,
        connection.name,
        courses=bool(configuration.courses),
        grades=configuration.bridge.progress_token is not None,
    )
    return connection.adapter.installation(connection.settings, addresses)


def _for_the_file(connection: Connection[Any]) -> Section:
    """What a connection that registered itself would be in the configuration file. It holds no secret."""
    settings = connection.settings.model_dump(mode="json", exclude_unset=True)
    tree = {"connections": {connection.name: {"adapter": connection.adapter.name, **settings}}}
    return Section(
        "Registered",
        "This LMS registered itself: nothing below must be entered or brought back. To give the connection more, such "
        "as a roster or student_id_rules, put this into config.yaml, add to it, and restart.",
        (Entry("config.yaml", yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)),),
    )


def _where(adapter: Adapter[Any], invitation: Invitation, configuration: Configuration) -> str:
    addresses = Addresses(configuration.bridge.public_url, invitation.name)
    return adapter.registration_request(invitation.student_id, addresses).where if adapter.registration_request else ""


def _registered(invocation: Invocation, configuration: Configuration, name: str) -> Connection[Any]:
    with invocation.database() as engine:
        found = Connections(configuration.connections, ADAPTERS, engine).find(name)
    if found is None:
        raise click.UsageError(f"no connection is called {name}; see: ottobridge connections list")
    return found
