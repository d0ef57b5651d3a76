"""People from a Moodle: the whole site, or whoever is in some courses and cohorts.

core_user_get_users has no paging: it sends a site in one answer, 14 s for 3,065 people, and cannot be cut into
slices that are known to leave nobody out. So people are asked for by id, which is never used again: every id from 1
to the newest is asked for once, and people who come or go meanwhile shift nothing.

What proves that nobody was left out is the list of the front page, where Moodle counts everybody who is not deleted
as enrolled: it gives positions in the whole set, seen or not. If we have read n people and the n-th in that list is
the newest, there are no more than we have read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.moodle.api import Moodle
from adapters.moodle.people import GUEST, RIGHTS, Person, check_rights, is_deleted
from adapters.moodle.settings import Filters
from bridge.errors import RosterIncomplete

SLICE = 500
"""Ids asked for at once: 2 s and 260 KB in Moodle 4.5 on a small machine."""
WINDOW = 100
"""So many people may be deleted in Moodle while it is read."""
ROUNDS = 10
TRIES = 3


def site_people(moodle: Moodle, front_page: int) -> Iterator[list[Person]]:
    """Everybody on the site who is not deleted, once each, by id. Raises RosterIncomplete where one may be missing."""
    read, count, guest = 0, 0, 0
    for _ in range(ROUNDS):
        newest = _newest(moodle, front_page)
        if newest <= read:
            listed_too = guest > 0 and moodle.listed(front_page, 0, 1) == [guest]
            return _check_count(moodle, front_page, count + listed_too, newest)
        for start in range(read + 1, newest + 1, SLICE):
            people = _living(moodle.people(range(start, min(start + SLICE, newest + 1))))
            guest = next((person.id for person in people if person.username == GUEST), guest)
            count += sum(person.username != GUEST for person in people)
            yield people
        read = newest
    raise RosterIncomplete("people are added to Moodle faster than they are read; try again later")


def chosen_people(moodle: Moodle, filters: Filters) -> Iterator[list[Person]]:
    """Everybody who is active in one of the courses or is in one of the cohorts, once each, by id.

    Holds nothing but the ids of the chosen. Raises RosterIncomplete where one of them may be missing.
    """
    chosen: set[int] = set()
    for course in filters.courses:
        chosen.update(_course_members(moodle, course))
    for cohort in filters.cohorts:
        chosen.update(moodle.cohort_members(cohort))
    ids = sorted(chosen)
    for start in range(0, len(ids), SLICE):
        asked = ids[start : start + SLICE]
        people = moodle.people(asked)
        if hidden := len(set(asked) - {person.id for person in people}):
            raise RosterIncomplete(f"Moodle hides {hidden} people of the chosen courses or cohorts. {RIGHTS}")
        yield _living(people)


def _newest(moodle: Moodle, front_page: int) -> int:
    found = moodle.listed(front_page, 0, 1, sortdirection="DESC")
    if not found:
        raise RosterIncomplete(f"Moodle's front page shows nobody to the token. {RIGHTS}")
    return found[0]


def _check_count(moodle: Moodle, front_page: int, count: int, newest: int) -> None:
    """The n-th person must be the newest, and nothing behind the n-th is looked at: a token without
    moodle/user:viewdetails sees itself and teachers alone, in this list too. People deleted since we read them leave
    the newest a little earlier. Whether the guest is in the list depends on Moodle's version.
    """
    last = moodle.listed(front_page, max(0, count - WINDOW), min(count, WINDOW)) if count else []
    if last[-1:] != [newest]:
        raise RosterIncomplete(
            f"{count} people were read, and Moodle counts others: it hides people from the token, or was changed a "
            f"lot meanwhile. {RIGHTS}"
        )


def _living(people: Sequence[Person]) -> list[Person]:
    for person in people:
        check_rights(person)
    return [person for person in people if not is_deleted(person)]


def _course_members(moodle: Moodle, course: int) -> list[int]:
    for _ in range(TRIES):
        members = _walk(moodle, course)
        if members and moodle.listed(course, 0, 1, onlyactive="1", sortdirection="DESC") == members[-1:]:
            return members
    raise RosterIncomplete(
        f"course {course} has no active members, changes while it is read, or hides some from the token, whose role "
        "needs moodle/course:viewparticipants, moodle/course:enrolreview and moodle/site:accessallgroups"
    )


def _walk(moodle: Moodle, course: int) -> list[int]:
    """The active members of a course, or nobody where the list moved.

    Each page begins with the last one of the page before. It does not where somebody left meanwhile, so that the
    next one would be skipped; nor where people are hidden, as they hold positions too.
    """
    members = moodle.listed(course, 0, SLICE, onlyactive="1")
    while members:
        anchor, *more = moodle.listed(course, len(members) - 1, SLICE + 1, onlyactive="1") or [0]
        if anchor != members[-1]:
            return []
        if not more:
            return members
        members += more
    return []
