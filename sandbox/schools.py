"""Many schools in one server: each lists its people a page at a time, behind a key, and takes its time for a page."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask, Response, abort, jsonify, request

PAGE = 50
SLOWNESS = 0.1
"""Seconds for a page."""


def create_schools(key: str, people: int) -> Flask:
    """`/SCHOOL/people?start=0&count=50`: so many people in each school, whatever its name."""
    app = Flask(__name__)

    @app.get("/<school>/people")
    def listing(school: str) -> Response:
        if request.headers.get("Authorization") != f"Token {key}":
            abort(401)
        time.sleep(SLOWNESS)
        start, count = request.args.get("start", 0, type=int), request.args.get("count", PAGE, type=int)
        numbers = range(start, min(start + count, people))
        return jsonify(data=[_person(school, number) for number in numbers], total=people)

    return app


def connection_to(url: str, key: str, school: str) -> dict[str, Any]:
    """The connection of the bridge to a school of the server at `url`."""
    return {
        "adapter": "rest-list",
        "student_id": "number",
        "api": {"url": f"{url}/{school}", "api_key": key},
        "list": {
            "path": "/people",
            "auth": {"headers": {"Authorization": "Token {api_key}"}},
            "paging": {
                "kind": "offset",
                "parameter": "start",
                "size_parameter": "count",
                "size": str(PAGE),
                "total": "total",
            },
            "items": "data",
            "key": "uuid",
            "ids": ["number", "uuid"],
            "first_name": "given",
            "last_name": "family",
        },
        "roster": {"every": "1h"},
    }


def _person(school: str, number: int) -> dict[str, str]:
    name = f"{school}-{number:05}"
    return {"uuid": name, "number": name, "given": "Sam", "family": f"of {school}, {number}"}
