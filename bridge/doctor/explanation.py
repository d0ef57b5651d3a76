"""Everything there is to say of one launch, for the administrator who has its reference."""

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
    """Whom a student ID finds now."""

    users: tuple[int, ...]
    """OttoLearn users: none, one, or several who share the ID."""
    by: str
    """The Username attribute, or `bridge.store.launches.LINK`; empty unless there is one user."""
    active: bool = True


class Explanation(NamedTuple):
    """One launch."""

    line: LaunchLine
    checks: Sequence[tuple[str, bool | None]]
    """Each step in its order, with True for held, False for failed, None for never reached."""
    advice: Reason | None
    """What is to be changed, and by whom; None where the launch got in."""
    received: dict[str, Any] | None
    """What the request said, shortened and without secrets; None where nothing was kept."""
    told: str
    """How the LMS was told of progress since, and what it said to that."""
    reached: Reached | None
    """The OttoLearn user, where it got in."""
    learner: Learner | None
    """That user, as the directory has them now."""
    finds: Finds | None
    """Whom the ID finds now; None where the launch named no ID."""


def find_launch(engine: Engine, typed: str) -> LaunchLine | None:
    """The launch that somebody means who has typed this reference."""
    found = (launches.by_reference(engine, reference) for reference in launches.readings(typed))
    return next((line for line in found if line is not None), None)


def explain(
    engine: Engine, directory: Directory, connection: Callable[[str], Connection[Any] | None], line: LaunchLine
) -> Explanation:
    """What became of a launch, why, and what to change. `connection` finds one by its name."""
    reached = read_reached(line.detail) if line.outcome == Outcome.MATCHED else None
    return Explanation(
        line=line,
        checks=checks(line.kind, line.outcome, line.reason, known=bool(line.student_id)),
        advice=REASONS.get(line.reason),
        received=received.find(engine, line.reference),
        told=_told(engine, line),
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


def _told(engine: Engine, line: LaunchLine) -> str:
    told = visits.reported_of_launch(engine, line.connection, line.kind, line.student_id, line.time)
    if told is None:
        return ""
    share = "mastered" if told.mastered else f"{told.progress:.0%}"
    return f"{share}, {told.state}" + (f": {told.detail}" if told.detail else "")
