"""Launches of packages: what a SCORM page posts, AICC's address, and the one-time address both lead to."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, abort, jsonify, make_response, request

from bridge.contracts import Kind, Launch
from bridge.directory import Match
from bridge.errors import LaunchRejected
from bridge.launch import Landing
from bridge.store import learners, one_time
from bridge.wayin import WayIn
from bridge.web.house import House, connection_named
from bridge.web.pages import answer, go, json_answer
from bridge.web.requests import read_request

CODE_LIVES = 60.0
"""Seconds between a package's launch and its one-time address."""
PURPOSE = "launch code"


def package_pages(house: House) -> Blueprint:
    """The routes of package launches."""
    pages = Blueprint("packages", __name__)

    @pages.route("/scorm/<connection>/launch", methods=["POST", "OPTIONS"], provide_automatic_options=False)
    def scorm(connection: str) -> Response:
        if request.method == "OPTIONS":
            return _open_to_any_origin(make_response("", 204))
        body, status = json_answer(_land_page(house, connection))
        return _open_to_any_origin(make_response(jsonify(body), status))

    @pages.get("/aicc/<connection>/launch")
    def aicc(connection: str) -> Response:
        return answer(_land_aicc(house, connection))

    @pages.get("/l/<code>")
    def spend_code(code: str) -> Response:
        if request.method == "HEAD":  # a link scanner must not spend what the learner is about to open
            abort(405)
        return _spend_code(house, code)

    return pages


def _open_to_any_origin(response: Response) -> Response:
    """Let the package's page read the answer. Which origin may launch is checked by the adapter, where it is refused
    in words; no cookie or other credential of the browser's is involved.
    """
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Access-Control-Allow-Methods"] = "POST"
    return response


def _land_page(house: House, name: str) -> Landing:
    kind = Kind.SCORM2004 if b"scorm2004" in request.get_data(cache=True) else Kind.SCORM12

    def read() -> Launch:
        connection, plain = connection_named(house, name), read_request(request, house.public_url)
        if connection.adapter.read_page is None:
            raise LaunchRejected("not_allowed_here", f"{name} takes no package launches")
        return connection.adapter.read_page(plain, connection.settings)

    return house.arrivals.land(name, kind, read, partial(_one_time_address, house))


def _land_aicc(house: House, name: str) -> Landing:
    def read() -> Launch:
        connection, plain = connection_named(house, name), read_request(request, house.public_url)
        if connection.adapter.read_aicc is None:
            raise LaunchRejected("not_allowed_here", f"{name} takes no AICC launches")
        return connection.adapter.read_aicc(plain, connection.settings, house.outbound)

    # The launch URL holds the AICC session, so the browser leaves it for a clean address at once.
    return house.arrivals.land(name, Kind.AICC, read, partial(_one_time_address, house))


def _one_time_address(house: House, match: Match, launch: Launch) -> WayIn:
    code = house.token()
    payload = {"user_id": str(match.learner.user_id), "attribute": match.attribute, "course": launch.course}
    one_time.keep(house.engine, PURPOSE, code, payload, until=house.now() + CODE_LIVES)
    return WayIn(f"{house.public_url}/l/{code}")


def _spend_code(house: House, code: str) -> Response:
    kept = one_time.take(house.engine, PURPOSE, code, now=house.now())
    learner = learners.learner(house.engine, int(kept["user_id"])) if kept else None
    if kept is None or learner is None:
        return answer(house.arrivals.refuse("", "", "code_unknown"))
    return go(house.way_in(Match(learner, kept["attribute"]), kept["course"]))
