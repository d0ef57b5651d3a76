"""Canvas's REST API as far as a roster needs it: the people of the account, page by page, in the order of their ids.

Reports are not offered, as to a token without that right; the roster then reads this list (users_controller#api_index).
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, make_response, request

from sandbox.lms.settings import Campus
from sandbox.people import Person

USERS = "/api/v1/accounts/self/users"
PER_PAGE = 4
"""Few, so that eleven people need several pages."""


def add_canvas_api(app: Flask, campus: Campus) -> None:
    """The routes of the API, for whoever brings `campus.api_token`."""
    people = sorted(campus.people, key=lambda person: person.number)

    @app.get(USERS)
    def users() -> Response:
        if request.headers.get("Authorization") != f"Bearer {campus.api_token}":
            return _refused()
        page = request.args.get("page", 1, type=int)
        shown = people[(page - 1) * PER_PAGE : page * PER_PAGE]
        answer = make_response(jsonify([_user(person) for person in shown]))
        last = -(-len(people) // PER_PAGE)
        wanted = {"current": page, "first": 1, "last": last} | ({"next": page + 1} if page < last else {})
        links = [
            f'<{campus.url}{USERS}?sort=id&per_page={PER_PAGE}&page={at}>; rel="{name}"' for name, at in wanted.items()
        ]
        answer.headers["Link"] = ", ".join(links)
        return answer

    @app.route("/api/v1/<path:_>", methods=["GET", "POST"])
    def nothing(_: str) -> tuple[Response, int]:
        return jsonify(errors=[{"message": "The specified resource does not exist."}]), 404


def _refused() -> Response:
    answer = make_response(jsonify(errors=[{"message": "Invalid access token."}]), 401)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="canvas-lms"'
    return answer


def _user(person: Person) -> dict[str, Any]:
    surname, _, suffix = person.family.partition(", ")  # Canvas sorts Martin King, Jr. as "King, Martin, Jr."
    return {
        "id": person.number,
        "name": f"{person.given} {person.family}".strip(),
        "sortable_name": ", ".join(part for part in (surname, person.given, suffix) if part),
        "short_name": person.given,
        "sis_user_id": person.student_id or None,
        "integration_id": None,
        "login_id": person.key,
    }
