"""Everybody on a Moodle roster, after a look at what the token may do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from adapters.moodle.api import Moodle, SiteInfo
from adapters.moodle.listing import chosen_people, site_people
from adapters.moodle.people import RIGHTS, Person, is_active, member
from adapters.moodle.refusals import BY_FIELD, COHORT_MEMBERS, ENROLLED
from adapters.moodle.settings import Api, Filters, Settings
from bridge.contracts import ReaderContext, RosterMember, RosterPages
from bridge.errors import ConfigError, RemoteRefused, RosterIncomplete
from bridge.roster.completeness import require_complete


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The roster of a connection, a page at a time, then its end.

    Raises what `bridge.errors` names: RosterIncomplete for anything that would make the roster look shorter or
    emptier than it is, RemoteRefused with what to change in Moodle, RemoteUnavailable where Moodle stays away.
    """
    if settings.api is None:
        raise ConfigError(["a Moodle roster needs the key `api` in its connection, with `url` and `token`"])
    return require_complete(_pages(settings, settings.api, context), settings.student_id, RIGHTS)


def _pages(settings: Settings, api: Api, context: ReaderContext) -> Iterator[Sequence[RosterMember]]:
    moodle, filters = Moodle(api, context), settings.roster.filters
    site = moodle.site_info()
    _check_token(moodle, site, filters)
    chosen = filters.courses or filters.cohorts
    source = chosen_people(moodle, filters) if chosen else site_people(moodle, site.siteid)
    id_field = "id" if settings.student_id == "user_id" else settings.student_id
    needs_email = "email" in {settings.student_id, *settings.roster.attributes.values()}
    for people in source:
        if needs_email:
            check_email(people)
        yield [member(person, id_field) for person in people if is_active(person)]


def _check_token(moodle: Moodle, site: SiteInfo, filters: Filters) -> None:
    """The token may call what we need, and sees at least itself: without rights Moodle answers "nobody"."""
    needed = {BY_FIELD} if filters.cohorts and not filters.courses else {BY_FIELD, ENROLLED}
    needed |= {COHORT_MEMBERS} if filters.cohorts else set()
    missing = sorted(needed - {function.name for function in site.functions})
    if missing:
        raise RemoteRefused(f"the token's service lacks {', '.join(missing)}: add them to it in Moodle", status=200)
    if [person.id for person in moodle.people([site.userid])] != [site.userid]:
        raise RosterIncomplete(f"the token does not even see its own user. {RIGHTS}")


def check_email(people: Sequence[Person]) -> None:
    """Raise RosterIncomplete where Moodle hides the e-mail address of anybody."""
    if any(person.email is UNSET for person in people):
        raise RosterIncomplete(
            "Moodle hides e-mail addresses from the token: allow moodle/site:viewuseridentity and add the e-mail "
            "address to Site administration > Users > Permissions > User policies > Show user identity"
        )
