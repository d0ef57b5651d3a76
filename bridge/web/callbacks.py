"""Launches that we ask the LMS about: AICC and cmi5. The address of such a launch holds a session, so the browser
leaves it at once for one that holds none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from bridge.contracts import Adapter, Kind, Launch, Match, Outcome
from bridge.errors import LaunchRejected
from bridge.launch.rate_limits import LAUNCHES_OF_STUDENT, UNKNOWN_SESSIONS
from bridge.launch.redirect import SignInRedirect
from bridge.launch.service import LaunchResult
from bridge.store import one_time
from bridge.store.packages import PackageRow
from bridge.web.packages import BY_ADDRESS, keep_code
from bridge.web.pages import answer
from bridge.web.requests import current_request, note_reader, read_request
from bridge.web.services import AppServices

SESSION_BOUND = 86_400.0
"""Seconds for which a session stays bound to the learner it was first seen with."""
NOBODY = -1
"""Stands for the user of a session that was begun for a student whom nobody was found for: it must be ended, too."""
_NOBODYS = {Outcome.NO_MATCH, Outcome.AMBIGUOUS, Outcome.INACTIVE}
Reader = Callable[..., Launch]


def callback_pages(services: AppServices) -> Blueprint:
    """The routes of AICC and cmi5 launches."""
    pages = Blueprint("callbacks", __name__)

    @pages.get("/aicc/<connection>/launch")
    def aicc(connection: str) -> Response:
        return answer(_complete(services, connection, Kind.AICC, lambda adapter: adapter.read_aicc))

    @pages.get("/cmi5/<connection>/launch")
    def cmi5(connection: str) -> Response:
        return answer(_complete(services, connection, Kind.CMI5, lambda adapter: adapter.read_cmi5))

    return pages


def _complete(
    services: AppServices, name: str, kind: Kind, reader: Callable[[Adapter[Any]], Reader | None]
) -> LaunchResult:
    with services.launches.reading(name, kind):
        launch = _read(services, name, kind, reader)
        package = services.packages.find(name, launch.package_token) if launch.package_token else None
    result = services.launches.complete(name, launch, partial(_sign_in_redirect, services, name, package))
    if launch.kind is Kind.CMI5 and launch.takes_progress and result.outcome in _NOBODYS:
        services.reports.note(name, launch, NOBODY, "")
    return result


def _read(services: AppServices, name: str, kind: Kind, reader: Callable[[Adapter[Any]], Reader | None]) -> Launch:
    connection = services.connections.named(name)
    ask = reader(connection.adapter)
    if ask is None:
        raise LaunchRejected("not_allowed_here", f"{name} takes no {kind} launches")
    plain = read_request(current_request(), services.public_url)
    launch = _ask(services, name, lambda: ask(plain, connection.settings, services.callback_context(name)))
    note_reader(partial(str, launch.locale))
    services.limits.count(LAUNCHES_OF_STUDENT, name, launch.student.student_id)
    _bind_session(services, name, launch)
    return launch


def _sign_in_redirect(
    services: AppServices, name: str, package: PackageRow | None, match: Match, launch: Launch
) -> SignInRedirect:
    if launch.takes_progress:
        services.reports.note(name, launch, match.learner.user_id, package.course if package else "")
    code = keep_code(services, match, launch, origin="", redirect=BY_ADDRESS, package=package)
    return SignInRedirect(f"{services.public_url}/l/{code}")


def _bind_session(services: AppServices, name: str, launch: Launch) -> None:
    """One session of an LMS is one learner's: an LMS that gives it to a second one is not believed about either."""
    session = msgspec.json.encode(dict(launch.channel), order="sorted").decode()
    until = services.now() + SESSION_BOUND
    if one_time.bind(services.engine, f"session of {name}", session, launch.student.student_id, until=until) != (
        launch.student.student_id
    ):
        raise LaunchRejected("session_of_another", "the LMS gave this session to another student before")


def _ask(services: AppServices, name: str, ask: Callable[[], Launch]) -> Launch:
    """The launch; an address that brought too many sessions the LMS does not know may not try further ones through us.

    Otherwise whoever counts session ids up would have in us a way to find a living one.
    """
    with services.limits.against_guesses(UNKNOWN_SESSIONS, name, services.address_of(request)):
        return ask()
