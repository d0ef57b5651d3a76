"""`ottobridge admin`: accounts for the administrators' pages."""

from __future__ import annotations

import getpass
import sys
import time

import click

from bridge.admin.accounts import NAME, Accounts
from bridge.admin.passwords import fault
from bridge.admin.roles import Role
from bridge.admin.trail import COMMAND_LINE, Trail
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.cli.tables import print_table
from bridge.cli.timestamps import iso
from bridge.store import admin_accounts
from bridge.store.database import Engine
from bridge.store.rates import Limits

ROLES = click.Choice([role.value for role in Role])
COLUMNS = ("name", "role", "made", "last used")


@click.group()
def admin() -> None:
    """Accounts for the pages at /admin."""


@admin.command()
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help="viewer sees, operator links and approves, owner configures.")
@pass_invocation
def create(invocation: Invocation, name: str, role: str) -> None:
    """Make the account NAME. Its password is asked for, or read from standard input."""
    name = _name(name)
    with invocation.database() as engine:
        if admin_accounts.find(engine, name):
            raise click.UsageError(f"An account is called {name} already.")
        password = _password(name)
        if not _accounts(engine).create(name, Role(role), password):
            raise click.UsageError(f"An account is called {name} already.")
        _note(engine, "create_account", account=name, to=role)
    say(f"{name} can sign in at {invocation.bridge.public_url}/admin")


@admin.command("list")
@as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """Every account, by name."""
    with invocation.database() as engine:
        rows = admin_accounts.every(engine)
    shown = [(row.name, row.role, iso(row.made_at), iso(row.used_at)) for row in rows]
    if as_json:
        print_json([dict(zip(COLUMNS, row, strict=True)) for row in shown])
    elif rows:
        print_table(COLUMNS, [[cell or "-" for cell in row] for row in shown])
    else:
        say("No account yet: ottobridge admin create NAME --role owner")


@admin.command()
@click.argument("name")
@pass_invocation
def password(invocation: Invocation, name: str) -> None:
    """Give NAME another password. Whoever is signed in as NAME is signed out."""
    name = _name(name)
    with invocation.database() as engine:
        _known(engine, name)
        if not _accounts(engine).change_password(name, _password(name)):
            raise _unknown(name)
        _note(engine, "change_password", account=name)
    say(f"{name} has another password, and every session of {name} is over.")


@admin.command()
@click.argument("name")
@click.argument("role", type=ROLES)
@pass_invocation
def role(invocation: Invocation, name: str, role: str) -> None:
    """Give NAME another ROLE, at once."""
    name = _name(name)
    with invocation.database() as engine:
        if not admin_accounts.change_role(engine, name, role, time.time()):
            raise _unknown(name)
        _note(engine, "change_role", account=name, to=role)
    say(f"{name} is {role}.")


@admin.command()
@click.argument("name")
@pass_invocation
def remove(invocation: Invocation, name: str) -> None:
    """Forget NAME, and sign them out."""
    name = _name(name)
    with invocation.database() as engine:
        if not admin_accounts.remove(engine, name):
            raise _unknown(name)
        _note(engine, "remove_account", account=name)
    say(f"{name} can sign in no more.")


def _accounts(engine: Engine) -> Accounts:
    return Accounts(engine, Limits(engine, time.time), time.time)


def _note(engine: Engine, act: str, **details: str) -> None:
    Trail(engine, time.time).note(getpass.getuser(), COMMAND_LINE, act, **details)


def _name(name: str) -> str:
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise click.UsageError("Allowed as a name: letters a to z, digits and . _ @ + -, at most 64.")
    return name


def _known(engine: Engine, name: str) -> None:
    if admin_accounts.find(engine, name) is None:
        raise _unknown(name)


def _unknown(name: str) -> click.UsageError:
    return click.UsageError(f"No account is called {name}; see: ottobridge admin list")


def _password(name: str) -> str:
    """Asked for twice at a terminal, else the first line of standard input: never an argument, which others can see."""
    if sys.stdin.isatty():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    if problem := fault(typed, name):
        raise click.UsageError(f"This is no password: {problem}.")
    return typed
