"""`ottobridge privacy`: what is kept of one student, for them to see, or to be forgotten."""

from __future__ import annotations

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.saying import say
from bridge.store import privacy as kept

connection_option = click.option("--connection", help="Of this connection alone; without it, of every one.")


@click.group()
def privacy() -> None:
    """Show or erase what is kept of one student (docs/privacy.md)."""


@privacy.command()
@click.argument("student_id")
@connection_option
@pass_invocation
def export(invocation: Invocation, student_id: str, connection: str | None) -> None:
    """Print everything that is kept of STUDENT_ID, by table, as one JSON document."""
    with invocation.database(invocation.description[0]) as engine:
        found = kept.everything_of(engine, student_id, connection)
    print_json({"student_id": student_id, "connection": connection, "users": found.users, "kept": found.tables})


@privacy.command()
@click.argument("student_id")
@connection_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_invocation
def erase(invocation: Invocation, student_id: str, connection: str | None, yes: bool, as_json: bool) -> None:
    """Forget STUDENT_ID: records of launches, what was received, progress, links, and what syncs remember.

    OttoLearn's own user stays, here and there, until it is deleted in OttoLearn and the list is read again. Exit 1
    where a sync under way still needs some of it.
    """
    with invocation.database(invocation.description[0]) as engine:
        if not yes:
            found = kept.everything_of(engine, student_id, connection)
            rows = sum(len(rows) for name, rows in found.tables.items() if name != "learner")
            click.confirm(f"{rows} record(s) of this ID are erased for ever. Go on?", abort=True, err=True)
        done = kept.erase(engine, student_id, connection)
    if as_json:
        print_json(done._asdict())
    else:
        _tell(done)
    if done.under_way:
        raise click.exceptions.Exit(1)


def _tell(done: kept.Erased) -> None:
    for table, count in done.tables.items():
        say(f"{table}: {count}")
    if not done.tables:
        say("Nothing was kept of this ID.")
    if done.users:
        users = ", ".join(map(str, done.users))
        say(f"OttoLearn's list still has the user {users}; delete it there, then: ottobridge learners refresh")
    if done.under_way:
        say(f"A sync under way needs {done.under_way} record(s): erase again when it has ended.")
