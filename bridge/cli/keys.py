"""`ottobridge keys`: the keys the bridge signs with."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.keys.own import OwnKeys, TooEarly
from bridge.store import connections
from bridge.store.own_keys import CURRENT, NEXT, KeyRow

PURPOSES = ("lti", "oidc")
HELD_BACK = 3
STATES = {CURRENT: "signs", NEXT: "signs next", None: "signed"}

_purpose = click.option(
    "--purpose", type=click.Choice(PURPOSES), default="lti", show_default=True, help="What the keys are for."
)


@click.group()
def keys() -> None:
    """The bridge's own signing keys."""


@keys.command("list")
@_purpose
@as_json
@pass_invocation
def list_(invocation: Invocation, purpose: str, as_json: bool) -> None:
    """Every published key, oldest first."""
    with invocation.database() as engine:
        rows = OwnKeys(engine, _secret(invocation), purpose, time.time).listed()
    if as_json:
        print_json([_shown(row) for row in rows])
    else:
        for row in rows:
            until = f", published until {_iso(row.published_until)}" if row.published_until else ""
            say(f"{row.kid}  {STATES[row.stage]}, made {_iso(row.made_at)}{until}")


@keys.command()
@_purpose
@click.option("--now", is_flag=True, help="Withdraw all keys at once: one leaked, or bridge.secret_key was changed.")
@as_json
@pass_invocation
def rotate(invocation: Invocation, purpose: str, now: bool, as_json: bool) -> None:
    """Let the next key sign, and publish the one after it. Once or twice a year is enough."""
    with invocation.database() as engine:
        own = OwnKeys(engine, _secret(invocation), purpose, time.time)
        try:
            kid = own.replace() if now else own.rotate()
        except TooEarly as error:
            say(f"{error}. --now withdraws all keys instead.", err=True)
            raise click.exceptions.Exit(HELD_BACK) from error
    if as_json:
        print_json({"purpose": purpose, "kid": kid})
    else:
        say(f"{kid} signs now.")


@keys.command()
@click.option(
    "--earlier",
    envvar="OTTOBRIDGE_EARLIER_SECRET_KEY",
    prompt="The earlier bridge.secret_key",
    hide_input=True,
    help="The key before; better by the environment variable, or typed when it is asked for.",
    show_envvar=True,
)
@as_json
@pass_invocation
def reencrypt(invocation: Invocation, earlier: str, as_json: bool) -> None:
    """After bridge.secret_key was changed: encrypt what the database keeps by the new key. While nothing is served."""
    from bridge.cli.reencryption import LOST, count, reencrypt_all  # noqa: PLC0415 -- needed by this command alone

    with invocation.database() as engine:
        configured = invocation.configuration.connections
        names = sorted({*configured, *(row.name for row in connections.every(engine))})
        counted = count(reencrypt_all(engine, earlier, _secret(invocation), names))
    if as_json:
        print_json(counted)
    else:
        for what, became in counted.items():
            say(f"{what}: {', '.join(f'{number} {word}' for word, number in sorted(became.items()))}")
        if not counted:
            say("Nothing is kept encrypted.")
    if any(became[LOST] for became in counted.values()):
        say("Neither key opens what is undecryptable: was the earlier key another one?", err=True)
        raise click.exceptions.Exit(1)


def _secret(invocation: Invocation) -> str:
    return invocation.bridge.secret_key.get_secret_value()


def _shown(row: KeyRow) -> dict[str, Any]:
    until = _iso(row.published_until) if row.published_until else None
    return {"kid": row.kid, "purpose": row.purpose, "state": STATES[row.stage], "made": _iso(row.made_at)} | {
        "published_until": until
    }


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
