"""Everybody SuccessFactors knows, or whom it changed, or one person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.successfactors.access import hcm_session, learning_session
from adapters.successfactors.odata import Row, ServerPaged, Skip, page_of, read_rows
from adapters.successfactors.people import PeopleReader, Properties
from adapters.successfactors.settings import Hcm, Learning, Settings
from bridge.contracts import ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.errors import RosterIncomplete
from bridge.identifiers import normalize
from bridge.net.http import DEADLINE
from bridge.roster.clock import ServiceClock
from bridge.roster.completeness import require_complete
from bridge.roster.paging import with_query
from bridge.roster.prefetch import prefetch
from bridge.roster.text_set import TextSet

LEARNING_RIGHTS = "In Learning the user of `learning.user_id` must see the students of every domain."
HCM_RIGHTS = "In the HCM suite the user of `hcm.user_id` needs the right to export every field of everybody."
EVERYBODY = "status in 't','f'"
"""Without it `User` shows only who is active."""

PREFETCHED = 2
"""Pages that are fetched while people are read."""


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The whole roster, a page at a time, then its end. Raises what `bridge.errors` names."""
    if settings.learning is not None:
        students = _students(settings, settings.learning, context)
        yield from require_complete(students, settings.student_id, LEARNING_RIGHTS)
    if settings.hcm is not None:
        clock = ServiceClock()
        users = _users(settings, settings.hcm, context, EVERYBODY, clock)
        for page in require_complete(users, settings.student_id, HCM_RIGHTS):
            yield page._replace(as_of=clock.first) if isinstance(page, RosterEnd) else page


def read_changes(settings: Settings, context: ReaderContext, since: float) -> RosterPages:
    """Whom HCM changed after `since`, by its clock, then the proof that these are all."""
    if settings.hcm is None:
        raise RosterIncomplete("Learning cannot be asked for changes; it is always read whole")
    clock, total = ServiceClock(), 0
    moment = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    changed = f"lastModifiedDateTime ge datetimeoffset'{moment}' and {EVERYBODY}"
    for page in _users(settings, settings.hcm, context, changed, clock):
        total += len(page)
        yield page
    yield RosterEnd(total, clock.first)


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """Who has this student ID now; Learning cannot be asked for one student. Raises what `bridge.errors` names."""
    hcm = settings.hcm
    if hcm is None:
        return []
    quoted = student_id.replace("'", "''")  # OData 2.0, literals
    properties = _user_properties(settings, hcm)
    url = _users_url(hcm, properties, f"{settings.student_id} eq '{quoted}' and {EVERYBODY}")
    page = page_of(hcm_session(hcm, context, DEADLINE)(url), url)
    found = PeopleReader(settings, properties, HCM_RIGHTS, "status").members(page.rows)
    return [member for member in found if member.student.student_id == student_id]


def _students(settings: Settings, learning: Learning, context: ReaderContext) -> Iterator[Sequence[RosterMember]]:
    """The inactive ones first: whoever is switched off between the two lists is on neither, and so has left, and
    whoever is switched on is on both, which is noticed."""
    names = (learning.first_name, learning.last_name)
    properties = Properties.of(settings, key="studentID", names=names, also=learning.ids)
    reader = PeopleReader(settings, properties, LEARNING_RIGHTS)
    get, inactive = learning_session(learning, context), TextSet()
    for active in (False, True):
        first = _students_url(learning, properties, active)
        rows = read_rows(first, get, Skip(learning.page_size), "studentID", ServiceClock())
        with prefetch(rows, depth=PREFETCHED) as pages:
            for page in pages:
                _require_once(page, active, inactive)
                yield reader.members(page, active)
    reader.require_fields()


def _require_once(page: Sequence[Row], active: bool, inactive: TextSet) -> None:
    """Raise RosterIncomplete where somebody of the second list is on the first."""
    ids = [normalize(row.get("studentID")) for row in page]
    if not active:
        inactive.add_all(ids)
    elif inactive.has_any(ids):
        raise RosterIncomplete("a student is active and inactive; the lists changed while they were read")


def _users(
    settings: Settings, hcm: Hcm, context: ReaderContext, which: str, clock: ServiceClock
) -> Iterator[Sequence[RosterMember]]:
    properties = _user_properties(settings, hcm)
    reader = PeopleReader(settings, properties, HCM_RIGHTS, "status")
    first = _users_url(hcm, properties, which)
    with prefetch(
        read_rows(first, hcm_session(hcm, context), ServerPaged(), "userId", clock), depth=PREFETCHED
    ) as pages:
        for page in pages:
            yield reader.members(page)
    reader.require_fields()


def _user_properties(settings: Settings, hcm: Hcm) -> Properties:
    return Properties.of(settings, key="userId", names=("firstName", "lastName"), also=hcm.ids)


def _students_url(learning: Learning, properties: Properties, active: bool) -> str:
    asked: dict[str, Any] = {
        "$filter": f"criteria/isActive eq {active}",
        "$select": ",".join(properties.wanted),
        "$count": "true",
        "$top": learning.page_size,
        "$skip": 0,
    }
    return with_query(f"{learning.url.rstrip('/')}/learning/odatav4/searchStudent/v1/Students", asked)


def _users_url(hcm: Hcm, properties: Properties, which: str) -> str:
    asked: dict[str, Any] = {
        "$format": "json",
        "$select": ",".join(dict.fromkeys([*properties.wanted, "status"])),
        "$filter": which,
        "$inlinecount": "allpages",
        "customPageSize": hcm.page_size,
    }
    return with_query(f"{hcm.url.rstrip('/')}/odata/v2/User", asked)
