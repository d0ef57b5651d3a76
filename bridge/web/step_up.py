"""Step-up: a learner whom only their browser vouches for signs in at the customer's provider before they get in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from bridge.contracts import Assurance, Connection, Kind, Launch, Student
from bridge.errors import LaunchRejected
from bridge.launch import Landing
from bridge.learners.directory import Match
from bridge.lti.state import without_cookie
from bridge.packages.step_up import Login
from bridge.store import one_time
from bridge.wayin import WayIn, cookie_pair
from bridge.web.house import House, connection_named
from bridge.web.pages import answer, go

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


def step_up_of(connection: Connection[Any]) -> Any:
    """The connection's `step_up`, or None."""
    return getattr(connection.settings, "step_up", None)


def step_up_pages(house: House) -> Blueprint:
    """Where providers send learners back to."""
    pages = Blueprint("step_up", __name__)

    @pages.get("/step-up/<connection>/callback")
    def come_back(connection: str) -> Response:
        return _come_back(house, connection)

    return pages


def send_to_provider(house: House, waiting: Waiting) -> Response:
    """Send the browser to sign in; it is marked, so that nobody else's browser can come back in its place."""
    state, secret, name = house.token(), house.token(), waiting.connection

    def begin() -> Login:
        settings = step_up_of(connection_named(house, name))
        if settings is None:
            raise LaunchRejected("step_up_failed", "the connection has no step_up any more")
        return house.step_ups.begin(settings, _callback(house, name), state)

    login = house.arrivals.attempt(name, waiting.kind, begin)
    if isinstance(login, Landing):
        return answer(login)
    kept = {**vars(waiting), "nonce": login.nonce, "verifier": login.verifier, "secret": secret}
    one_time.keep(house.engine, PURPOSE, state, kept, until=house.now() + LOGIN_LIVES)
    plain, partitioned = _cookie_names(state)
    path = f"/step-up/{name}/callback"
    cookies = cookie_pair(plain, partitioned, secret, public_url=house.public_url, max_age=int(LOGIN_LIVES), path=path)
    return go(WayIn(login.url, cookies))


def _come_back(house: House, name: str) -> Response:
    state = request.args.get("state", "")
    kept = one_time.take(house.engine, PURPOSE, state, now=house.now())
    if kept is None or kept["connection"] != name:
        return answer(house.arrivals.refuse(name, "", "state_unknown"))
    login = Login("", kept.pop("nonce"), kept.pop("verifier"))
    secret, waiting = kept.pop("secret"), Waiting(**kept)

    def prove() -> Match:
        if not _came_back(request.cookies, state, secret):
            reason = without_cookie(request.headers.get("Sec-Fetch-Dest", ""))
            raise LaunchRejected(reason, "the cookie of the sign-in did not come back")
        if "code" not in request.args:
            raise LaunchRejected("step_up_failed", f"the provider said {request.args.get('error', '')[:64]!r}")
        settings = step_up_of(connection_named(house, name))
        found = house.step_ups.finish(settings, _callback(house, name), request.args["code"], login)
        match = house.directory.find(found)
        if match.learner.user_id != int(waiting.user_id):
            raise LaunchRejected("step_up_other_person", f"signed in as OttoLearn user {match.learner.user_id}")
        return match

    proved = house.arrivals.attempt(name, waiting.kind, prove)
    if isinstance(proved, Landing):
        return answer(proved)
    match = proved
    return answer(house.arrivals.admit(name, waiting.launch(), lambda *_: _let_in(house, waiting, match)))


def _let_in(house: House, waiting: Waiting, match: Match) -> WayIn:
    visit = house.reports.note(waiting.connection, waiting.launch(), match.learner.user_id, waiting.course)
    house.reports.open_ticket(waiting.ticket, visit)
    return house.way_in(match, waiting.course)


def _callback(house: House, name: str) -> str:
    return f"{house.public_url}/step-up/{name}/callback"


def _cookie_names(state: str) -> tuple[str, str]:
    mark = hashlib.sha256(state.encode()).hexdigest()[:12]
    return f"step_up_{mark}", f"step_up_p_{mark}"


def _came_back(cookies: Mapping[str, str], state: str, secret: str) -> bool:
    held = [cookies.get(name, "") for name in _cookie_names(state)]
    return any(hmac.compare_digest(one.encode(), secret.encode()) for one in held)
