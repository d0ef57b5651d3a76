"""One person of a Moodle, by the ID that their launch carries."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.moodle.api import Moodle
from adapters.moodle.people import Person, check_rights, is_active, is_deleted, member
from adapters.moodle.refusals import NotTaken
from adapters.moodle.roster import check_email
from adapters.moodle.settings import Filters, Settings
from bridge.contracts import Kind, ReaderContext, RosterMember
from bridge.errors import ConfigError


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """The people who have the ID now; two can share an idnumber. Raises what reading the roster raises.

    A token that may see nobody is told that there is nobody: then nobody is let in.
    """
    if settings.api is None:
        raise ConfigError(["looking people up in Moodle needs the key `api` in its connection, with `url` and `token`"])
    moodle = Moodle(settings.api, context)
    field = "id" if settings.student_id == "user_id" else settings.student_id
    if field == "id" and not (student_id.isascii() and student_id.isdigit()):
        return []
    # Moodle keeps user names in lower case, and refuses a question for others.
    try:
        found = moodle.people_with(field, student_id.lower() if field == "username" else student_id)
    except NotTaken:  # no user name, or no e-mail address
        return []
    for person in found:
        check_rights(person)
    people = [person for person in found if not is_deleted(person) and is_active(person)]
    if "email" in {settings.student_id, *settings.roster.attributes.values()}:
        check_email(people)
    return [member(person, field) for person in people if _is_chosen(moodle, settings.roster.filters, person)]


def record_of_launch(settings: Settings, context: ReaderContext, kind: str, record: str) -> str:
    """The number of the user whom a launch calls so: by LTI it is that number."""
    del settings, context
    return record if kind in {Kind.LTI13, Kind.LTI11} else ""


def _is_chosen(moodle: Moodle, filters: Filters, person: Person) -> bool:
    """Whether the person is in one of the courses and cohorts that the roster is of."""
    if not filters.courses and not filters.cohorts:
        return True
    if filters.courses and not set(filters.courses).isdisjoint(moodle.courses_of(person.id)):
        return True
    return any(person.id in moodle.cohort_members(cohort) for cohort in filters.cohorts)
