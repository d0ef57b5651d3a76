"""`ottobridge setup consent`: an administrator lets the bridge read an LMS's API, once, from any terminal."""

from __future__ import annotations

import secrets
import time

import click

from adapters import ADAPTERS
from bridge.cli.invocation import Invocation, pass_invocation
from bridge.cli.output import say
from bridge.config.connections import Connections
from bridge.errors import OttoBridgeError
from bridge.install.guide import Addresses
from bridge.roster.authorization_code import SECRET, AuthorizationCodeClient, read_redirect
from bridge.roster.shared_token import StoredToken, read_stored
from bridge.store.database import Engine

WALK = """\
1. In a browser, signed in to {title} as the user whom the bridge shall read people as, open

   {url}

2. Consent. The browser ends at an address that begins with {redirect}; it does not matter what the page shows.
3. Paste that whole address here within a few minutes.
"""


@click.command()
@click.argument("connection")
@pass_invocation
def consent(invocation: Invocation, connection: str) -> None:
    """Let an administrator consent that the bridge reads the API of CONNECTION. Replaces an earlier consent."""
    with invocation.database() as engine:
        client = _client(invocation, engine, connection)
        if client is None:
            raise click.UsageError(f"{connection} needs no consent")
        walk(invocation, engine, connection, client)


def walk(invocation: Invocation, engine: Engine, connection: str, client: AuthorizationCodeClient) -> None:
    """Print where to consent, take what the administrator pastes, and keep the tokens before anything is read."""
    redirect = Addresses(invocation.configuration.bridge.public_url, connection).consent
    state = secrets.token_urlsafe(32)
    say(WALK.format(title=client.title, url=client.consent_url(redirect, state), redirect=redirect), err=True)
    code = _ask_for_code(state)
    try:
        token = client.trade_code(invocation.outbound, code, redirect, time.time)
        with invocation.syncs_over(engine).readers.state(connection).secret(SECRET) as secret:
            secret.replace(token.to_text())
    except OttoBridgeError as error:
        raise click.ClickException(f"{error}. Nothing was kept; begin again") from error
    say(f"{client.title} is consented to for {connection}. Try it: ottobridge doctor {connection}")


def consented(invocation: Invocation, engine: Engine, connection: str) -> bool:
    """Whether a refresh token is kept."""
    with invocation.syncs_over(engine).readers.state(connection).secret(SECRET) as secret:
        return read_stored(secret.read()) != StoredToken()


def client_of(invocation: Invocation, connection: str) -> AuthorizationCodeClient | None:
    """The OAuth client of a connection of the file that must be consented to; None for any other."""
    found = invocation.configuration.connections.get(connection)
    return found.adapter.consent(found.settings) if found and found.adapter.consent else None


def _client(invocation: Invocation, engine: Engine, connection: str) -> AuthorizationCodeClient | None:
    configured = invocation.configuration.connections
    secret_key = invocation.configuration.bridge.secret_key.get_secret_value()
    found = Connections(configured, ADAPTERS, engine, secret_key=secret_key).find(connection)
    if found is None:
        raise click.UsageError(f"no connection is called {connection}; see: ottobridge connections list")
    return found.adapter.consent(found.settings) if found.adapter.consent else None


def _ask_for_code(state: str) -> str:
    while True:
        pasted = click.prompt("The address", err=True)
        try:
            return read_redirect(pasted, state)
        except ValueError as error:
            say(f"{error}.", err=True)
