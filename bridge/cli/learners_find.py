"""`ottobridge learners find`, `search` and `links`: who an ID leads to, and why."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

import click

from adapters import ADAPTERS
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.cli.tables import print_table
from bridge.config.connections import Connections
from bridge.contracts import FIRST_NAME, LAST_NAME, Connection, Learner, Outcome
from bridge.errors import LearnerAmbiguous, LearnerInactive, LearnerNotFound
from bridge.learners import students
from bridge.learners.search import EMAIL, search
from bridge.store import aliases, identity_lookup, learners
from bridge.store.database import Engine
from bridge.store.identity_lookup import LaunchIdentity
from bridge.sync.planfile import iso

NOBODY: Final = 1
"""The exit code where nobody would be let in."""

Found = dict[str, str | int | None]


@click.command()
@click.argument("student_id")
@click.option("--connection", "name", help="As which LMS to ask: its links, its `student_id_rules`, its letter case.")
@click.option("--explain", is_flag=True, help="Show what each rule makes of the ID.")
@as_json
@pass_invocation
def find(invocation: Invocation, student_id: str, name: str | None, explain: bool, as_json: bool) -> None:
    """Who a launch with STUDENT_ID would reach, and by what; exit code 1 where that is nobody.

    Without --connection the only connection is asked as, or, of several, none.
    """
    with invocation.database() as engine:
        connection = _connection(invocation, engine, name)
        found = _find(invocation, engine, student_id, connection)
    steps = students.explain(student_id, connection.id_rules if connection else ())
    if as_json:
        shown = {"explain": [{"rule": rule, "student_id": after} for rule, after in steps]} if explain else {}
        asked = {"student_id": student_id, "connection": connection.name if connection else None}
        print_json({**asked, **found, **shown})
    else:
        for rule, after in steps if explain else ():
            say(f"  {rule}: {after}")
        if explain and not steps:
            say("  no rules: it is looked up as it is")
        say(f"{student_id}: {found['outcome']}" + (f", {found['detail']}" if found["detail"] else ""))
    if found["outcome"] != Outcome.MATCHED:
        raise click.exceptions.Exit(NOBODY)


@click.command("search")
@click.argument("text")
@click.option("--last", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@as_json
@pass_invocation
def search_(invocation: Invocation, text: str, last: int, as_json: bool) -> None:
    """Users of OttoLearn in whose name, e-mail address or IDs TEXT stands; exit code 1 for none."""
    attributes = invocation.configuration.ottolearn.username_attributes
    with invocation.database() as engine:
        rows = [_row(learner, attributes) for learner in islice(search(engine, text, attributes), last)]
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"Nobody in OttoLearn like {text!r}; after a change there: ottobridge learners refresh")
    else:
        words = {True: "yes", False: "no"}
        cells = [[words.get(value, str(value)) for value in row.values()] for row in rows]
        print_table([*rows[0]], cells, folding=("first_name", "last_name"))
    if not rows:
        raise click.exceptions.Exit(NOBODY)


@click.command()
@click.option("--connection", help="Only the links of this connection.")
@as_json
@pass_invocation
def links(invocation: Invocation, connection: str | None, as_json: bool) -> None:
    """The links kept in the bridge: which ID of which connection is whom; `learners unlink` undoes one."""
    with invocation.database() as engine:
        found = aliases.every(engine, connection)
        rows = [{**link._asdict(), "made_at": iso(link.made_at), "who": _who(engine, link.user_id)} for link in found]
    if as_json:
        print_json(rows)
    elif not rows:
        say("No link yet.")
    else:
        print_table([*rows[0]], [[str(value) for value in row.values()] for row in rows], folding=("who",))


def _connection(invocation: Invocation, engine: Engine, name: str | None) -> Connection[Any] | None:
    """The connection to ask as: the one named, or the only one there is."""
    known = Connections(invocation.configuration.connections, ADAPTERS, engine)
    if name is None:
        every = [*invocation.configuration.connections.values(), *known.registered()]
        return every[0] if len(every) == 1 else None
    connection = known.find(name)
    if connection is None:
        raise click.UsageError(f"No connection is called {name}; `ottobridge connections list` shows them.")
    return connection


def _find(invocation: Invocation, engine: Engine, sent: str, connection: Connection[Any] | None) -> Found:
    """What a launch with the ID `sent` finds, by the steps of `bridge.learners.matching`."""
    asked = connection.shape(sent) if connection else sent
    ignore_case = connection is not None and connection.ignore_case
    if connection is not None and (known := _known(invocation, engine, sent, asked, connection)):
        return known
    try:
        match = invocation.directory_over(engine).find(asked, ignore_case=ignore_case)
    except LearnerNotFound as error:
        return _found(Outcome.NO_MATCH, f"{error}{_then(connection)}")
    except LearnerAmbiguous as error:
        return _found(Outcome.AMBIGUOUS, str(error))
    except LearnerInactive as error:
        return _found(Outcome.INACTIVE, str(error), error.user_id)
    user_id = match.learner.user_id
    return _found(Outcome.MATCHED, f"OttoLearn user {user_id}, by {match.attribute}", user_id, match.attribute)


def _then(connection: Connection[Any] | None) -> str:
    """What a launch would do now, by `on_no_match`."""
    if connection is not None and connection.provisioning is not None:
        return "; a launch makes a user (on_no_match)"
    if connection is not None and connection.look_up is not None:
        return "; a launch asks the LMS for the person (on_no_match)"
    return ""


def _known(invocation: Invocation, engine: Engine, sent: str, asked: str, connection: Connection[Any]) -> Found | None:
    """What a dispute or a link says before anybody is looked up."""
    identity = LaunchIdentity(connection.name, "", "", sent, asked, connection.ignore_case)
    known = identity_lookup.of_launch(engine, identity, candidates=False)
    if known.dispute:
        return _found(Outcome.REJECTED, f"identity_disputed: the last roster found it in conflict: {known.dispute}")
    linked = learners.learner(engine, known.linked) if known.linked is not None else None
    usernames = invocation.configuration.ottolearn.username_attributes
    if linked is None or not any(linked.attributes.get(name) for name in usernames):
        return None
    outcome = Outcome.MATCHED if linked.active else Outcome.INACTIVE
    return _found(outcome, f"OttoLearn user {linked.user_id}, by a link in the bridge", linked.user_id)


def _found(outcome: str, detail: str, user_id: int | None = None, attribute: str | None = None) -> Found:
    return {"outcome": outcome, "user_id": user_id, "attribute": attribute, "detail": detail}


def _row(learner: Learner, attributes: tuple[str, ...]) -> dict[str, Any]:
    names = {"first_name": learner.attributes.get(FIRST_NAME, ""), "last_name": learner.attributes.get(LAST_NAME, "")}
    shown = {name: learner.attributes.get(name, "") for name in dict.fromkeys((EMAIL, *attributes))}
    return {"user_id": learner.user_id, "active": learner.active, **names, **shown}


def _who(engine: Engine, user_id: int) -> str:
    learner = learners.learner(engine, user_id)
    if learner is None:
        return "nobody in OttoLearn any more"
    return " ".join(filter(None, (learner.attributes.get(FIRST_NAME), learner.attributes.get(LAST_NAME))))
