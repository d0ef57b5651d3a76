"""`ottobridge learners`: who in OttoLearn has a student ID."""

from __future__ import annotations

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.contracts import Outcome
from bridge.directory import Directory
from bridge.errors import LearnerAmbiguous, LearnerInactive, LearnerNotFound


@click.group()
def learners() -> None:
    """Ask the directory of OttoLearn's users."""


@learners.command()
@click.argument("student_id")
@as_json
@pass_invocation
def find(invocation: Invocation, student_id: str, as_json: bool) -> None:
    """Who STUDENT_ID matches, and by which attribute."""
    with invocation.directory() as directory:
        found = _find(directory, student_id)
    if as_json:
        print_json({"student_id": student_id, **found})
    else:
        click.echo(f"{student_id}: {found['outcome']}" + (f", {found['detail']}" if found["detail"] else ""))


@learners.command()
@as_json
@pass_invocation
def refresh(invocation: Invocation, as_json: bool) -> None:
    """Read OttoLearn's users again."""
    with invocation.directory() as directory:
        state = directory.refresh()
    if as_json:
        print_json({"learners": state.learners})
    else:
        click.echo(f"The directory holds {state.learners} OttoLearn users.")


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
