"""`ottobridge learners`: who in OttoLearn has a student ID."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.contracts import Outcome
from bridge.errors import LearnerAmbiguous, LearnerInactive, LearnerNotFound
from bridge.learners import linking, student_ids
from bridge.learners.directory import Directory, DirectoryShrunk
from bridge.learners.student_ids import Rule
from bridge.store import aliases

HELD_BACK = 3


@click.group()
def learners() -> None:
    """Ask the directory of OttoLearn's users."""


@learners.command()
@click.argument("student_id")
@click.option("--connection", "name", help="Whose `student_id_rules` to apply first.")
@click.option("--explain", is_flag=True, help="Show what each rule makes of the ID.")
@as_json
@pass_invocation
def find(invocation: Invocation, student_id: str, name: str | None, explain: bool, as_json: bool) -> None:
    """Who STUDENT_ID matches, and by which attribute."""
    rules = _rules(invocation, name)
    steps = student_ids.explain(student_id, rules)
    with invocation.directory() as directory:
        found = _find(directory, student_ids.shape(student_id, rules))
    shown = {"explain": [{"rule": rule, "student_id": after} for rule, after in steps]} if explain else {}
    if as_json:
        print_json({"student_id": student_id, **found, **shown})
        return
    for rule, after in steps if explain else ():
        click.echo(f"  {rule}: {after}")
    if explain and not steps:
        click.echo("  no rules: it is looked up as it is, first exactly, then without outer blanks and case")
    click.echo(f"{student_id}: {found['outcome']}" + (f", {found['detail']}" if found["detail"] else ""))


@learners.command()
@click.option("--accept-fewer", is_flag=True, help="Believe a list with far fewer users than before.")
@as_json
@pass_invocation
def refresh(invocation: Invocation, accept_fewer: bool, as_json: bool) -> None:
    """Read OttoLearn's users again."""
    with invocation.directory() as directory:
        try:
            state = directory.refresh(accept_fewer=accept_fewer)
        except DirectoryShrunk as error:
            click.echo(f"Held back: {error}", err=True)
            raise click.exceptions.Exit(HELD_BACK) from error
    if as_json:
        print_json({"learners": state.learners})
    else:
        click.echo(f"The directory holds {state.learners} OttoLearn users.")


@learners.command()
@click.argument("student_id")
@click.argument("user_id", type=click.IntRange(1))
@click.option("--connection", help="Whose ID this is; may be left out where only one named it.")
@click.option("--write", "attribute", help="Instead: write the ID into this Username attribute in OttoLearn.")
@as_json
@pass_invocation
def link(
    invocation: Invocation, student_id: str, user_id: int, connection: str | None, attribute: str | None, as_json: bool
) -> None:
    """Let STUDENT_ID in as the OttoLearn user USER_ID: by a link in the bridge, or by writing it into OttoLearn."""
    configuration = invocation.configuration
    known, attributes = tuple(configuration.connections), configuration.ottolearn.username_attributes
    if attribute is not None and (attribute not in attributes or connection is not None):
        raise click.UsageError(f"--write takes one of {', '.join(attributes)}, and holds for every connection")
    with invocation.database() as engine:
        if attribute is not None:
            directory = invocation.directory_over(engine)
            linking.write(directory, engine, invocation.ottolearn, student_id, user_id, attribute)
        else:
            connection = connection or linking.connection_for(engine, student_id, known)
            linking.link(engine, connection, student_id, user_id, attributes, now=time.time())
    if as_json:
        linked = {"student_id": student_id, "user_id": user_id}
        print_json({**linked, "connection": connection, "attribute": attribute})
    else:
        where = f"in OttoLearn's {attribute}" if attribute else f"for the connection {connection}"
        click.echo(f"{student_id} is OttoLearn user {user_id} now, {where}.")


@learners.command()
@click.argument("student_id")
@click.option("--connection", help="Whose ID this is; may be left out where there is only one connection.")
@pass_invocation
def unlink(invocation: Invocation, student_id: str, connection: str | None) -> None:
    """Undo a link kept in the bridge. What was written into OttoLearn is changed there."""
    with invocation.database() as engine:
        name = connection or linking.connection_for(engine, student_id, tuple(invocation.configuration.connections))
        if not aliases.drop(engine, name, student_id):
            raise linking.LinkRefused(f"the connection {name} has no link for this ID")
    click.echo(f"{student_id} is not linked any more for the connection {name}.")


def _rules(invocation: Invocation, name: str | None) -> Sequence[Rule]:
    """The rules of the connection `name`; of none where it is not given."""
    if name is None:
        return ()
    connection = invocation.configuration.connections.get(name)
    if connection is None:
        raise click.UsageError(f"No connection is called {name}.")
    return connection.id_rules


def _find(directory: Directory, student_id: str) -> dict[str, str | int | None]:
    nobody: dict[str, str | int | None] = {"user_id": None, "attribute": None}
    try:
        match = directory.find(student_id)
    except LearnerNotFound as error:
        return {"outcome": Outcome.NO_MATCH, **nobody, "detail": str(error)}
    except LearnerAmbiguous as error:
        return {"outcome": Outcome.AMBIGUOUS, **nobody, "detail": str(error)}
    except LearnerInactive as error:
        return {"outcome": Outcome.INACTIVE, **nobody, "user_id": error.user_id, "detail": str(error)}
    detail = f"OttoLearn user {match.learner.user_id}, by {match.attribute}"
    return {
        "outcome": Outcome.MATCHED,
        "user_id": match.learner.user_id,
        "attribute": match.attribute,
        "detail": detail,
    }
