"""`ottobridge people`: which record of an LMS is which OttoLearn user, and what to do when that changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.cli.tables import print_table
from bridge.contracts import FIRST_NAME, LAST_NAME
from bridge.learners import persons
from bridge.store import connections, disputes, learners
from bridge.store import people as ledger
from bridge.store.database import Engine
from bridge.store.people import Person
from bridge.sync.planfile import iso

NOBODY = 1
_of_connection = click.option("--connection", help="Whose record this is; may be left out where there is only one.")


@click.group()
def people() -> None:
    """The ledger of persons: an LMS never gives a person's own record to somebody else."""


@people.command()
@click.argument("asked", metavar="STUDENT_ID|RECORD|USER_ID")
@_of_connection
@as_json
@pass_invocation
def show(invocation: Invocation, asked: str, connection: str | None, as_json: bool) -> None:
    """Both sides: the LMS's records and the OttoLearn users; exit code 1 for none."""
    with invocation.database() as engine:
        name = _connection(invocation, engine, connection)
        user_id = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
        found = ledger.listed(engine, name, student_id=asked, record=asked, user_id=user_id)
        rows = [_row(engine, person) for person in found]
        dispute = disputes.find(engine, name, asked)
    if as_json:
        print_json({"connection": name, "people": _documents(rows), "dispute": dispute})
    elif rows:
        print_table([*rows[0]], [["" if v is None else str(v) for v in row.values()] for row in rows], ("name",))
    else:
        say(f"Nobody came to the connection {name} by that yet.")
    if dispute and not as_json:
        say(f"The last roster found {asked} in conflict ({dispute}): nobody enters by it until that is settled.")
    if not rows and not dispute:
        raise click.exceptions.Exit(NOBODY)


@people.command()
@click.argument("student_id", required=False)
@click.option("--record", help="Instead of a student ID: the LMS's own name of the person.")
@click.option("--namespace", help="Of a kind of launch, or of rosters: as `people show` has it.")
@click.option("--door", hidden=True, help="The former name of --namespace, for one release.")
@_of_connection
@as_json
@pass_invocation
def release(
    invocation: Invocation,
    student_id: str | None,
    record: str | None,
    namespace: str | None,
    door: str | None,
    connection: str | None,
    as_json: bool,
) -> None:
    """Let a record go, because the person has a new account in the LMS: whoever comes next with the ID is believed.

    Nothing is done where more than one person is meant: the message names them, and how to name one of them.
    """
    if bool(student_id) == bool(record):
        raise click.UsageError("name either a student ID or, with --record, a record of the LMS")
    with invocation.database() as engine:
        name = _connection(invocation, engine, connection)
        was_held = bool(student_id) and persons.is_held(engine, name, student_id or "")
        found = persons.release(engine, name, student_id or "", record=record or "", namespace=namespace or door or "")
        rows = [_row(engine, person) for person in found]
        ids = {student_id or "", *(person.student_id for person in found)}
        held = {one: why for one in sorted(ids) if (why := disputes.find(engine, name, one))}
    if as_json:
        print_json({"connection": name, "released": _documents(rows), "disputes": held})
    for row in rows if not as_json else ():
        say(f"{row['record']} ({row['namespace']}) is no longer OttoLearn user {row['user_id']}, {row['name']}.")
    for one, why in held.items() if not as_json else ():
        say(f"The last roster gave {one} to several people ({why}): nobody enters by it until a roster does not.")
    if not rows and was_held:
        say(f"Nobody came to the connection {name} by that; what was held because of it is let go.", err=True)
    elif not rows:
        say(f"Nobody came to the connection {name} by that, and nothing is held because of it.", err=True)
        raise click.exceptions.Exit(NOBODY)


@people.command()
@click.argument("old", metavar="OLD_ID")
@click.argument("new", metavar="NEW_ID")
@_of_connection
@as_json
@pass_invocation
def follow(invocation: Invocation, old: str, new: str, connection: str | None, as_json: bool) -> None:
    """The ID of one person has changed in the LMS: give the same OttoLearn user the new one."""
    attributes = invocation.configuration.ottolearn.username_attributes
    with invocation.database() as engine:
        name = _connection(invocation, engine, connection)
        directory = invocation.directory_over(engine)
        learner = persons.follow(directory, engine, invocation.ottolearn, name, old, new, attributes, now=time.time())
        who = _name(engine, learner.user_id)
    if as_json:
        print_json({"connection": name, "user_id": learner.user_id, "student_id": new})
    else:
        say(f"OttoLearn user {learner.user_id}, {who}, has the ID {new} now, and no longer {old}.")


def _connection(invocation: Invocation, engine: Engine, named: str | None) -> str:
    known = sorted({*invocation.configuration.connections, *(row.name for row in connections.every(engine))})
    if named is None and len(known) != 1:
        raise click.UsageError(f"name one with --connection: {', '.join(known)}")
    if named is not None and named not in known:
        raise click.UsageError(f"no connection is called {named}; there are: {', '.join(known)}")
    return named or known[0]


def _row(engine: Engine, person: Person) -> dict[str, Any]:
    who = _name(engine, person.user_id) if person.user_id is not None else ""
    times = {"first_seen": iso(person.first_seen), "last_seen": iso(person.last_seen)}
    return {
        "namespace": person.namespace,
        "record": person.record,
        "student_id": person.student_id,
        "user_id": person.user_id,
        "name": who,
        "said_by": person.origin,
        **times,
    }


def _documents(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as `--json` has them: with the former name of the namespace beside it, for one release."""
    return [{**row, "door": row["namespace"]} for row in rows]


def _name(engine: Engine, user_id: int) -> str:
    learner = learners.learner(engine, user_id)
    if learner is None:
        return "who is no longer in OttoLearn"
    return " ".join(filter(None, (learner.attributes.get(name, "") for name in (FIRST_NAME, LAST_NAME))))
