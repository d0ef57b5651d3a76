"""Step-up: a learner whom only their browser vouches for signs in at the customer's provider before they get in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request

from bridge.contracts import Assurance, Kind, Launch, Match, Student
from bridge.errors import LaunchRejected
from bridge.launch.redirect import SignInRedirect, cookie_pair
from bridge.lti.state import without_cookie
from bridge.packages.step_up import Login
from bridge.store import one_time
from bridge.web.pages import answer, go
from bridge.web.services import AppServices

PURPOSE = "step up"
LOGIN_LIVES = 600.0
"""Seconds in which the learner must have signed in."""


@dataclass(frozen=True)
class Waiting:
    """A launch that waits for its learner to sign in. All text, so that it can be kept."""

    connection: str
    kind: str
    student_id: str
    first_name: str
    last_name: str
    return_url: str
    user_id: str
    course: str
    ticket: str
    """What the package's page asks with, once the launch counts."""

    def launch(self) -> Launch:
        """The launch, now that a provider has confirmed who it is."""
        student = Student(self.student_id, self.first_name, self.last_name)
        return Launch(student, Kind(self.kind), Assurance.CONFIRMED, self.return_url, course=self.course)


def step_up_pages(services: AppServices) -> Blueprint:
    """Where providers send learners back to."""
    pages = Blueprint("step_up", __name__)

    @pages.get("/step-up/<connection>/callback")
    def come_back(connection: str) -> Response:
        return _come_back(services, connection)

    return pages


def send_to_provider(services: AppServices, waiting: Waiting) -> Response:
    """Send the browser to sign in; it is marked, so that nobody else's browser can come back in its place."""
    state, secret, name = services.token(), services.token(), waiting.connection

    with services.launches.reading(name, waiting.kind):
        settings = services.connections.named(name).step_up
        if settings is None:
            raise LaunchRejected("step_up_failed", "the connection has no step_up any more")
        login = services.step_ups.begin(settings, _callback(services, name), state)
    kept = {**vars(waiting), "nonce": login.nonce, "verifier": login.verifier, "secret": secret}
    one_time.keep(services.engine, PURPOSE, state, kept, until=services.now() + LOGIN_LIVES)
    plain, partitioned = _cookie_names(state)
    path = f"/step-up/{name}/callback"
    cookies = cookie_pair(
        plain, partitioned, secret, public_url=services.public_url, max_age=int(LOGIN_LIVES), path=path
    )
    return go(SignInRedirect(login.url, cookies))


def _come_back(services: AppServices, name: str) -> Response:
    state = request.args.get("state", "")
    kept = one_time.take(services.engine, PURPOSE, state, now=services.now())
    if kept is None or kept["connection"] != name:
        return answer(services.launches.refuse(name, "", "state_unknown"))
    login = Login("", kept.pop("nonce"), kept.pop("verifier"))
    secret, waiting = kept.pop("secret"), Waiting(**kept)

    with services.launches.reading(name, waiting.kind):
        if not _came_back(request.cookies, state, secret):
            reason = without_cookie(request.headers.get("Sec-Fetch-Dest", ""))
            raise LaunchRejected(reason, "the cookie of the sign-in did not come back")
        if "code" not in request.args:
            raise LaunchRejected("step_up_failed", f"the provider said {request.args.get('error', '')[:64]!r}")
        settings = services.connections.named(name).step_up
        found = services.step_ups.finish(settings, _callback(services, name), request.args["code"], login)
        match = services.directory.find(found)
        if match.learner.user_id != int(waiting.user_id):
            raise LaunchRejected("step_up_other_person", f"signed in as OttoLearn user {match.learner.user_id}")
    return answer(services.launches.complete(name, waiting.launch(), lambda *_: _let_in(services, waiting, match)))


def _let_in(services: AppServices, waiting: Waiting, match: Match) -> SignInRedirect:
    visit = services.reports.note(waiting.connection, waiting.launch(), match.learner.user_id, waiting.course)
    services.reports.open_ticket(waiting.ticket, visit)
    return services.sign_in_redirect(match, waiting.course)


def _callback(services: AppServices, name: str) -> str:
    return f"{services.public_url}/step-up/{name}/callback"


def _cookie_names(state: str) -> tuple[str, str]:
    mark = hashlib.sha256(state.encode()).hexdigest()[:12]
    return f"step_up_{mark}", f"step_up_p_{mark}"


def _came_back(cookies: Mapping[str, str], state: str, secret: str) -> bool:
    held = [cookies.get(name, "") for name in _cookie_names(state)]
    return any(hmac.compare_digest(one.encode(), secret.encode()) for one in held)
