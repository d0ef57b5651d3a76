"""One person of OneRoster, by the ID that their launch carries."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.oneroster.people import matches_filters, read_user
from adapters.oneroster.rest import find_users
from adapters.oneroster.settings import USER_IDS, Settings
from bridge.contracts import ReaderContext, RosterMember
from bridge.errors import ConfigError
from bridge.identifiers import normalize


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """The people who have the ID now. Raises what reading the roster raises.

    Services may ignore a filter, so what they answer is looked through again.
    """
    if settings.api is None:
        raise ConfigError(["nobody can be looked up in a zip: OneRoster needs `api`"])
    if "'" in student_id:
        return []  # OneRoster knows no way to ask for such a value
    filters = settings.roster.filters
    field = "userIds.identifier" if settings.student_id.startswith(USER_IDS) else settings.student_id
    found = find_users(settings.api, filters, context, field, student_id)
    by_role = bool(filters.roles or filters.orgs)
    members = [read_user(user, settings.student_id) for user in found if not by_role or matches_filters(user, filters)]
    return [member for member in members if member.student.student_id == normalize(student_id)]
