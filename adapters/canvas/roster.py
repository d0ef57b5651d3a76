"""Everybody on a Canvas roster: by report, by list where reports are not permitted, or by enrollment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter

from msgspec import UNSET

from adapters.canvas.api import Canvas, NotPermitted
from adapters.canvas.listing import account_users, course_users, enrolled_users
from adapters.canvas.logins import read_people
from adapters.canvas.people import RIGHTS, CanvasUser, member
from adapters.canvas.report import fetch_report
from adapters.canvas.settings import Api, Settings
from bridge.contracts import ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.errors import ConfigError, RosterIncomplete
from bridge.roster.completeness import require_complete

REPORTS = "the right to run reports"
ALWAYS_SENT = {"sis_user_id", "integration_id", "email"}
"""Keys that Canvas sends for every person, null where there is none: without the right for it the key is absent."""


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """The roster of a connection, a page at a time, then its end.

    Raises what `bridge.errors` names: RosterIncomplete for anything that would make the roster look shorter or
    emptier than it is, RemoteRefused for a token Canvas does not take, RemoteUnavailable where Canvas stays away.
    """
    if settings.api is None:
        raise ConfigError(["a Canvas roster needs the key `api` in its connection, with `url` and `token`"])
    return _whole(settings, settings.api, context)


def _whole(settings: Settings, api: Api, context: ReaderContext) -> RosterPages:
    lacking: list[str] = []
    for page in require_complete(_pages(settings, api, context, lacking), settings.student_id, RIGHTS):
        yield page._replace(lacks=", ".join(lacking)) if isinstance(page, RosterEnd) else page


def _pages(
    settings: Settings, api: Api, context: ReaderContext, lacking: list[str]
) -> Iterator[Sequence[RosterMember]]:
    canvas, filters = Canvas(api, context), settings.roster.filters
    wanted = {settings.student_id, *settings.roster.attributes.values()} & ALWAYS_SENT
    if not (filters.courses or filters.sections):
        source = _account(canvas, api.account, context, lacking)
    else:
        source = (course_users if settings.needs_email else enrolled_users)(canvas, filters)
    for page in source:
        require_fields(page, wanted)
        yield [member(user, settings.student_id) for user in page]


def _account(
    canvas: Canvas, account: str, context: ReaderContext, lacking: list[str]
) -> Iterator[Sequence[CanvasUser]]:
    """Everybody. The list names people whose logins are suspended like everybody else: the report tells them apart."""
    try:
        with fetch_report(canvas, account, context) as path:
            yield from read_people(path)
    except NotPermitted:
        context.notice("the Canvas token may not run reports; its list of users is read instead, which takes longer")
        lacking.append(REPORTS)
        yield from account_users(canvas, account)


def require_fields(page: Sequence[CanvasUser], wanted: set[str]) -> None:
    """Raise RosterIncomplete where Canvas leaves out of anybody what it sends of everybody."""
    if missing := [name for name in sorted(wanted) if UNSET in map(attrgetter(name), page)]:
        names = ", ".join(missing)
        raise RosterIncomplete(f"Canvas leaves {names} out; the token's user may not read it. {RIGHTS}")
