"""The explanation of one launch for an administrator, by its reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bridge.contracts import Connection, Learner, Outcome
from bridge.doctor.explain import checks
from bridge.errors import LearnerAmbiguous
from bridge.learners.directory import Directory
from bridge.reasons import REASONS, Reason
from bridge.store import aliases, launches, learners, received, visits
from bridge.store.database import Engine
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import LINK, Reached, read_reached


class Finds(NamedTuple):
    """The users whom a student ID finds now."""

    users: tuple[int, ...]
    """OttoLearn users: none, one, or several who share the ID."""
    by: str
    """The Username attribute, or `bridge.store.launches.LINK`; empty unless there is one user."""
    active: bool = True


class Explanation(NamedTuple):
    """The explanation of one launch."""

    line: LaunchLine
    checks: Sequence[tuple[str, bool | None]]
    """Each step in its order, with True for held, False for failed, None for never reached."""
    advice: Reason | None
    """What to change, and who can; None where the launch got in."""
    received: dict[str, Any] | None
    """The fields of the request, shortened and without secrets; None where they were not kept."""
    progress: str
    """How the last report of progress to the LMS ended; empty where there was none."""
    reached: Reached | None
    """The OttoLearn user, where it got in."""
    learner: Learner | None
    """That user, as the directory has them now."""
    finds: Finds | None
    """Whom the ID finds now; None where the launch named no ID."""


def find_launch(engine: Engine, typed: str) -> LaunchLine | None:
    """The launch with this reference as an administrator typed it."""
    found = (launches.by_reference(engine, reference) for reference in launches.readings(typed))
    return next((line for line in found if line is not None), None)


def explain(
    engine: Engine, directory: Directory, connection: Callable[[str], Connection[Any] | None], line: LaunchLine
) -> Explanation:
    """The explanation of a launch. `connection` finds a connection by its name."""
    reached = read_reached(line.detail) if line.outcome == Outcome.MATCHED else None
    return Explanation(
        line=line,
        checks=checks(line.kind, line.outcome, line.reason, known=bool(line.student_id)),
        advice=REASONS.get(line.reason),
        received=received.find(engine, line.reference),
        progress=_progress(engine, line),
        reached=reached,
        learner=None if reached is None else learners.learner(engine, reached.user_id),
        finds=_finds(engine, directory, connection(line.connection), line) if line.student_id else None,
    )


def _finds(engine: Engine, directory: Directory, connection: Connection[Any] | None, line: LaunchLine) -> Finds:
    student_id = connection.shape(line.student_id) if connection else line.student_id
    linked = aliases.find(engine, line.connection, line.student_id)
    learner = learners.learner(engine, linked) if linked is not None else None
    if learner is not None:
        return Finds((learner.user_id,), LINK, learner.active)
    try:
        match = directory.look(student_id, ignore_case=bool(connection and connection.ignore_case))
    except LearnerAmbiguous as error:
        return Finds(tuple(error.user_ids), "")
    return Finds((), "") if match is None else Finds((match.learner.user_id,), match.attribute, match.learner.active)


def _progress(engine: Engine, line: LaunchLine) -> str:
    reported = visits.reported_of_launch(engine, line.connection, line.kind, line.student_id, line.time)
    if reported is None:
        return ""
    share = "mastered" if reported.mastered else f"{reported.progress:.0%}"
    return f"{share}, {reported.state}" + (f": {reported.detail}" if reported.detail else "")
