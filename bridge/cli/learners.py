"""`ottobridge learners`: who in OttoLearn has a student ID."""

from __future__ import annotations

import time

import click

from bridge.cli.invocation import NUMBER, Invocation, as_json, pass_invocation, print_json
from bridge.cli.learners_find import find, links, search_
from bridge.cli.output import say
from bridge.learners import linking
from bridge.learners.directory import DirectoryShrunk
from bridge.store import disputes

HELD_BACK = 3


@click.group()
def learners() -> None:
    """Ask the directory of OttoLearn's users."""


for _command in (find, search_, links):
    learners.add_command(_command)


@learners.command()
@click.option("--accept-fewer", is_flag=True, help="Believe a list with far fewer users than before.")
@as_json
@pass_invocation
def refresh(invocation: Invocation, accept_fewer: bool, as_json: bool) -> None:
    """Read OttoLearn's users again."""
    with invocation.database() as engine:
        directory = invocation.directory_over(engine)
        try:
            state = directory.refresh(accept_fewer=accept_fewer)
        except DirectoryShrunk as error:
            say(f"Held back: {error}", err=True)
            raise click.exceptions.Exit(HELD_BACK) from error
        invocation.unmatched_over(engine).settle()
    if as_json:
        print_json({"learners": state.learners})
    else:
        say(f"The directory holds {state.learners} OttoLearn users.")


@learners.command()
@click.argument("student_id")
@click.argument("user_id", type=NUMBER)
@click.option("--connection", help="Whose ID this is; may be left out where only one named it.")
@click.option("--write", "attribute", help="Instead: write the ID into this Username attribute in OttoLearn.")
@click.option("--yes", is_flag=True, help="Link though the names have no word in common, or the ID is another user's.")
@as_json
@pass_invocation
def link(
    invocation: Invocation,
    student_id: str,
    user_id: int,
    connection: str | None,
    attribute: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Let STUDENT_ID in as the OttoLearn user USER_ID: by a link in the bridge, or by writing it into OttoLearn.

    Shows what the LMS and OttoLearn call this person; where these names have no word in common, or the ID is another
    user's in OttoLearn, nothing is done without --yes.
    """
    configuration = invocation.configuration
    known, attributes = tuple(configuration.connections), configuration.ottolearn.username_attributes
    if attribute is not None and (attribute not in attributes or connection is not None):
        raise click.UsageError(f"--write takes one of {', '.join(attributes)}, and holds for every connection")
    with invocation.database() as engine:
        if attribute is None:
            connection = connection or linking.connection_for(engine, student_id, known)
        learner = linking.user(engine, student_id, user_id)
        names = linking.names_given(engine, connection, student_id, known)
        if not yes:
            linking.require_same_name(learner, names)
            linking.require_nobody_else(
                invocation.directory_over(engine), student_id, user_id, unless="; add --yes if the link is to win"
            )
        if attribute is not None:
            directory = invocation.directory_over(engine)
            linking.write(directory, engine, invocation.ottolearn, student_id, user_id, attribute)
        elif connection is not None:
            linking.link(engine, connection, student_id, user_id, attributes, now=time.time())
        held = disputes.find(engine, connection, student_id) if connection is not None else ""
        others = linking.others_who_are(engine, connection, student_id, user_id) if connection is not None else []
    if as_json:
        linked = {"student_id": student_id, "user_id": user_id}
        named = {"lms_names": names, "ottolearn_name": learner.name}
        print_json({**linked, "connection": connection, "attribute": attribute, **named})
    else:
        where = f"in OttoLearn's {attribute}" if attribute else f"for the connection {connection}"
        say(f"{student_id} is OttoLearn user {user_id} now, {where}.")
        say(f"In the LMS: {', '.join(names) or 'no name'}. In OttoLearn: {learner.name or 'no name'}.")
    if held and not as_json:
        say(f"The last roster found {student_id} in conflict ({held}): nobody enters by it until that is settled.")
    for other in others if not as_json else ():
        say(
            f"The LMS record {other.record} with the ID {other.student_id} is this user already; another record is let "
            f"in only after: ottobridge people release --connection {connection} --record {other.record} "
            f"--namespace {other.namespace}"
        )


@learners.command()
@click.argument("student_id")
@click.option("--connection", help="Whose ID this is; may be left out where there is only one connection.")
@pass_invocation
def unlink(invocation: Invocation, student_id: str, connection: str | None) -> None:
    """Undo a link kept in the bridge. What was written into OttoLearn is changed there."""
    with invocation.database() as engine:
        name = connection or linking.connection_for(engine, student_id, tuple(invocation.configuration.connections))
        if not linking.unlink(engine, name, student_id):
            raise linking.LinkRefused(f"the connection {name} has no link for this ID")
    say(f"{student_id} is not linked any more for the connection {name}.")
