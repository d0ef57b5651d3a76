"""Many links at once: who is meant by what an administrator entered beside each unmatched student. In doubt nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from bridge.contracts import Learner
from bridge.errors import LearnerAmbiguous
from bridge.identifiers import key
from bridge.learners.directory import Directory
from bridge.learners.students import differ
from bridge.store import learners as directory_of
from bridge.store.database import Engine

WHY: Final = {
    "no_match": "no OttoLearn user has what was entered",
    "ambiguous": "several OttoLearn users have what was entered",
    "contradiction": "what was entered leads to two OttoLearn users",
    "inactive": "the OttoLearn user is inactive",
    "no_username": "the OttoLearn user has no Username attribute filled, so nobody can sign in as them",
    "taken": "another OttoLearn user has this student ID already",
    "twice": "another row gives the same student to another user, or the same user to another student",
    "name_differs": "the LMS and OttoLearn call them otherwise; if they are one person: --yes",
}
"""Why nobody is linked, in words."""


class LinkRequest(NamedTuple):
    """One student of a connection, and what was entered for them."""

    connection: str
    student_id: str
    """As it is looked for in OttoLearn."""
    names: str
    """First and last name as the LMS told them; for a second look, never for matching."""
    known_by: Mapping[str, str]
    """OttoLearn's attribute -> value, none of them empty."""
    user_id: int | None = None
    """Whom somebody chose, in place of `known_by`."""


class Verdict(NamedTuple):
    """Who is meant; `why` is a key of `WHY`, or empty where they may be linked."""

    user_id: int | None
    who: str
    """The user's name in OttoLearn."""
    why: str


def judge(
    engine: Engine,
    directory: Directory,
    link_requests: Sequence[LinkRequest],
    usernames: Sequence[str],
    *,
    other_names: bool,
) -> list[Verdict]:
    """A verdict on each request. `other_names`: whether people may be called otherwise in OttoLearn than in the LMS."""
    holders = _holders(engine, link_requests)
    verdicts = [
        _judge(engine, directory, link_request, holders, usernames, other_names=other_names)
        for link_request in link_requests
    ]
    return _without_doubles(link_requests, verdicts)


def _holders(engine: Engine, link_requests: Iterable[LinkRequest]) -> dict[tuple[str, str], set[int]]:
    """Who has each value that was entered, by attribute and value; OttoLearn's users are looked through once."""
    found: dict[tuple[str, str], set[int]] = {
        (name, _same(value)): set() for link_request in link_requests for name, value in link_request.known_by.items()
    }
    names = sorted({name for name, _ in found})
    if not names:
        return found
    for learners in directory_of.pages(engine):
        for learner in learners:
            for name in names:
                if (held := (name, _same(learner.attributes.get(name, "")))) in found:
                    found[held].add(learner.user_id)
    return found


def _judge(
    engine: Engine,
    directory: Directory,
    link_request: LinkRequest,
    holders: Mapping[tuple[str, str], set[int]],
    usernames: Sequence[str],
    *,
    other_names: bool,
) -> Verdict:
    chosen = [{link_request.user_id}] if link_request.user_id is not None else []
    found = chosen or [holders[name, _same(value)] for name, value in link_request.known_by.items()]
    meant = set.intersection(*found)
    if len(meant) != 1:
        several = "ambiguous" if meant else "contradiction"
        return Verdict(None, "", several if all(found) else "no_match")
    learner = directory_of.learner(engine, meant.pop())
    if learner is None:
        return Verdict(None, "", "no_match")
    return Verdict(learner.user_id, learner.name, _objection(directory, link_request, learner, usernames, other_names))


def _objection(
    directory: Directory, link_request: LinkRequest, learner: Learner, usernames: Sequence[str], other_names: bool
) -> str:
    if not learner.active:
        return "inactive"
    if not any(learner.attributes.get(name) for name in usernames):
        return "no_username"
    if _is_taken(directory, link_request.student_id, learner.user_id):
        return "taken"
    return "name_differs" if not other_names and differ(link_request.names, learner.name) else ""


def _is_taken(directory: Directory, student_id: str, user_id: int) -> bool:
    try:
        found = directory.look(student_id)
    except LearnerAmbiguous:
        return True
    return found is not None and found.learner.user_id != user_id


def _without_doubles(link_requests: Sequence[LinkRequest], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts, where rows contradict each other for none of them."""
    pairs = [
        (link_request.connection, link_request.student_id, verdict.user_id)
        for link_request, verdict in zip(link_requests, verdicts, strict=True)
    ]
    distinct = {pair for pair in pairs if pair[2] is not None}
    students = Counter((connection, student_id) for connection, student_id, _ in distinct)
    users = Counter((connection, user_id) for connection, _, user_id in distinct)
    return [
        verdict._replace(why="twice") if users[where, who] > 1 or students[where, what] > 1 else verdict
        for (where, what, who), verdict in zip(pairs, verdicts, strict=True)
    ]


def _same(value: str) -> str:
    """What is equal for values by which people are found: as IDs are, but without letter case."""
    return key(value).casefold()
