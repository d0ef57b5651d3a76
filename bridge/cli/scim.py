"""`ottobridge scim`: the tokens with which an identity provider pushes people."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import click

from adapters import ADAPTERS
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.cli.tables import print_table
from bridge.config.connections import Connections
from bridge.roster.settings import seconds
from bridge.scim.tokens import GRACE, NAME_LENGTH, make
from bridge.store import scim_tokens
from bridge.store.scim_tokens import TokenRow

COLUMNS = ("token", "name", "made", "last used", "state")


class _Span(click.ParamType[float]):
    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return 0.0 if value == "0" else seconds(value)
        except ValueError:
            self.fail("allowed: 0, or a number and m, h or d, such as 30m, 24h or 7d", param, ctx)


@click.group()
def scim() -> None:
    """The tokens with which Entra ID, Okta or another identity provider pushes people by SCIM 2.0."""


@scim.command()
@click.argument("connection")
@click.option(
    "--grace",
    type=_Span(),
    default=GRACE,
    show_default="7d",
    help="How long the tokens before it still work: 30m, 24h, 7d, or 0 for not at all.",
)
@click.option("--name", default="", help="Who has it, such as Entra ID; for the list of tokens.")
@as_json
@pass_invocation
def token(invocation: Invocation, connection: str, grace: float, name: str, as_json: bool) -> None:
    """A new bearer token for CONNECTION. It is shown this once."""
    url = _url(invocation, connection)
    if len(name) > NAME_LENGTH:
        raise click.UsageError(f"--name: at most {NAME_LENGTH} characters")
    with invocation.database() as engine:
        made = make(engine, connection, time.time(), grace, name)
    if as_json:
        print_json({"connection": connection, "token": made, "url": url})
        return
    say(f"Address (Tenant URL, Base URL):\n    {url}\nToken, shown only now:\n    {made}")


@scim.command()
@click.argument("connection")
@as_json
@pass_invocation
def tokens(invocation: Invocation, connection: str, as_json: bool) -> None:
    """The tokens of CONNECTION: when each was made and last used, and whether it still works."""
    _url(invocation, connection)
    with invocation.database() as engine:
        rows = scim_tokens.every(engine, connection)
    if as_json:
        print_json([_shown(row) for row in rows])
    elif rows:
        print_table(COLUMNS, [[str(value or "-") for value in _shown(row).values()] for row in rows])
    else:
        say(f"No token yet: ottobridge scim token {connection}")


@scim.command()
@click.argument("connection")
@click.argument("token_id", metavar="TOKEN")
@pass_invocation
def revoke(invocation: Invocation, connection: str, token_id: str) -> None:
    """End TOKEN of CONNECTION within a second; `ottobridge scim tokens CONNECTION` names it."""
    _url(invocation, connection)
    with invocation.database() as engine:
        if not scim_tokens.revoke(engine, connection, token_id, time.time()):
            raise click.UsageError(f"{connection} has no token {token_id} that is not revoked already.")
    say(f"The token {token_id} opens nothing any more.")


def _url(invocation: Invocation, name: str) -> str:
    with invocation.database() as engine:
        found = Connections(invocation.configuration.connections, ADAPTERS, engine).find(name)
    if found is None or not found.adapter.takes_pushes:
        raise click.UsageError(f"No connection with the adapter scim is called {name}; see ottobridge config check.")
    return f"{invocation.configuration.bridge.public_url}/scim/v2/{name}"


def _shown(row: TokenRow) -> dict[str, str | None]:
    now = time.time()
    state = "revoked" if row.revoked_at is not None else "expired" if not row.is_valid(now) else "valid"
    if state == "valid" and row.expires_at is not None:
        state = f"valid until {_iso(row.expires_at)}"
    return {
        "token": row.id,
        "name": row.name,
        "made": _iso(row.created_at),
        "last used": _iso(row.used_at),
        "state": state,
    }


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
