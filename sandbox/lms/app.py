"""The sandbox LMS as a Flask app: its start page, its launches, and its ends of LTI 1.3 and HACP."""

from __future__ import annotations

import mimetypes
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Flask, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from bridge.contracts import Kind, Outcome
from sandbox.lms import cmi5
from sandbox.lms.canvas_api import add_canvas_api
from sandbox.lms.cmi5 import Cmi5Sessions
from sandbox.lms.consumer import SIGNATURES, sign_launch
from sandbox.lms.doors import DOORS, Door, find_door
from sandbox.lms.hacp import Sessions
from sandbox.lms.platform import AuthRefused, Platform
from sandbox.lms.settings import Campus, LtiTool
from sandbox.people import Person, find_person

OUTCOMES = {
    Outcome.MATCHED: "Arrives in OttoLearn",
    Outcome.NO_MATCH: "Unknown learner",
    Outcome.AMBIGUOUS: "Ambiguous: two learners",
    Outcome.INACTIVE: "Inactive learner",
    Outcome.REJECTED: "No student ID: refused",
}
"""What the start page says will happen."""


class _Lms(NamedTuple):
    campus: Campus
    platform: Platform
    sessions: Sessions
    cmi5: Cmi5Sessions
    clock: Callable[[], float]

    @property
    def return_url(self) -> str:
        return f"{self.campus.url}/"


def create_lms(
    campus: Campus,
    *,
    clock: Callable[[], float] = time.time,
    token: Callable[[], str] = lambda: secrets.token_urlsafe(15),
) -> Flask:
    """The LMS of `campus`, ready to serve at `campus.url`."""
    app = Flask(__name__)
    tokens = campus.package_tokens
    courses = Cmi5Sessions(campus.cmi5_url, f"{campus.url}/", token, tokens.get("cmi5", ""))
    lms = _Lms(campus, Platform(f"{campus.url}/"), Sessions(token, tokens.get("aicc", "")), courses, clock)
    _add_pages(app, lms)
    _add_platform(app, lms)
    _add_courses(app, lms)
    _add_cmi5(app, lms)
    add_canvas_api(app, campus)
    _add_headers(app, campus)
    return app


def _add_pages(app: Flask, lms: _Lms) -> None:
    @app.get("/")
    def start() -> str:
        return render_template(
            "start.html",
            people=lms.campus.people,
            doors=DOORS,
            outcomes=OUTCOMES,
            signatures=SIGNATURES,
            sent_back=request.args.get("lti_errormsg", ""),  # LTI 1.1 implementation guide, section 3
        )

    @app.get("/launch")
    def launch() -> str | AnyResponse:
        person = find_person(request.args.get("person", ""), lms.campus.people)
        door = find_door(request.args.get("kind", ""))
        if person is None or door is None:
            abort(400, "Choose a person and a launch kind on the start page.")
        if door.kind is Kind.AICC:
            sid = lms.sessions.begin(person, lms.clock())
            # Moodle appends aicc_url as it is, not percent-encoded.
            return redirect(f"{lms.campus.aicc_launch_url}?aicc_sid={sid}&aicc_url={lms.campus.aicc_url}")
        if door.kind is Kind.CMI5:
            return redirect(f"{lms.campus.cmi5_launch_url}?{urlencode(lms.cmi5.begin(person))}")
        if door.kind in lms.campus.packages:
            return redirect(url_for("play", kind=door.key, person=person.key))
        return _lti_form(lms, door, person)

    @app.errorhandler(HTTPException)
    def fail(error: HTTPException) -> tuple[str, int]:
        return render_template("message.html", message=error.description), error.code or 500


def _lti_form(lms: _Lms, door: Door, person: Person) -> str:
    tool = lms.campus.tools.get(door.connection)
    if tool is None:
        abort(404, "This LMS has no such tool.")
    if door.kind is Kind.LTI13:
        fields = lms.platform.begin(tool, person, lms.clock())
        method = "get" if request.args.get("login") == "get" else "post"
        return _posting_itself(tool.login_url, fields.items(), method)
    signature = request.args.get("signature", SIGNATURES[0])
    if signature not in SIGNATURES:
        abort(400, f"Choose one of the signatures {', '.join(SIGNATURES)}.")
    signed = sign_launch(tool, person, lms.return_url, lms.clock(), signature)
    return _posting_itself(tool.launch_url, signed)


def _posting_itself(action: str, fields: Iterable[tuple[str, str]], method: str = "post") -> str:
    return render_template("posting.html", action=action, fields=fields, method=method)


def _add_platform(app: Flask, lms: _Lms) -> None:
    @app.get("/platform/<product>/jwks.json")
    def jwks(product: str) -> dict[str, Any]:
        _find_tool(lms, product)
        return lms.platform.jwks()

    @app.route("/platform/<product>/auth", methods=["GET", "POST"])
    def auth(product: str) -> str:
        tool = _find_tool(lms, product)
        asked = request.values.to_dict()
        try:
            answer = lms.platform.authenticate(tool, asked, lms.clock())
        except AuthRefused as refused:
            if refused.page:
                abort(400, refused.description)
            answer = lms.platform.refuse(asked, refused)
        return _posting_itself(tool.launch_url, answer.items())


def _find_tool(lms: _Lms, product: str) -> LtiTool:
    tool = next((tool for tool in lms.campus.tools.values() if tool.product == product), None)
    if tool is None:
        abort(404, "This LMS has no such tool.")
    return tool


def _add_courses(app: Flask, lms: _Lms) -> None:
    @app.get("/play/<kind>/<person>")
    def play(kind: str, person: str) -> str:
        door, learner = find_door(kind), find_person(person, lms.campus.people)
        package = lms.campus.packages.get(door.kind) if door else None
        if package is None or learner is None:
            abort(404, "There is no such course, or no such person.")
        path, mark, query = package.entry.partition("?")
        address = url_for("content", kind=kind, name=path) + mark + query
        return render_template("play.html", door=door, person=learner, package=package, address=address)

    @app.get("/content/<kind>/<path:name>")
    def content(kind: str, name: str) -> Response:
        door = find_door(kind)
        package = lms.campus.packages.get(door.kind) if door else None
        if package is None or name not in package.files:
            abort(404, "The package holds no such file.")
        return Response(package.files[name], mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream")

    @app.post("/aicc")
    def aicc() -> Response:
        reply = lms.sessions.answer(request.form.items(multi=True), lms.clock())
        text = render_template("message.html", message=reply.page) if reply.page else reply.text
        return Response(text, reply.status, mimetype="text/html")


def _add_cmi5(app: Flask, lms: _Lms) -> None:
    @app.post("/cmi5/fetch")
    def fetch() -> Response:
        return _as_json(lms.cmi5.fetch(request.args.get("k", "")))

    @app.route("/cmi5/activities/state", methods=["GET", "PUT", "POST", "DELETE"])
    def state() -> Response:
        return _as_json(lms.cmi5.launch_data(request.args, dict(request.headers), request.method))

    @app.get("/cmi5/agents/profile")
    def profile() -> Response:
        return _as_json(lms.cmi5.profile(request.args, dict(request.headers)))

    @app.get("/cmi5/statements")
    def known() -> Response:
        return _as_json(lms.cmi5.statement(request.args.get("statementId", ""), dict(request.headers)))

    @app.put("/cmi5/statements")
    def statement() -> Response:
        number = request.args.get("statementId", "")
        return _as_json(lms.cmi5.put_statement(number, request.get_json(), dict(request.headers)))


def _as_json(reply: cmi5.Reply) -> Response:
    return make_response(reply.body if reply.body is not None else "", reply.status)


def _add_headers(app: Flask, campus: Campus) -> None:
    own = " ".join(("'self'", *campus.destinations))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'self'; frame-src {own}; form-action {own}"
    )

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.endpoint == "content":
            return response  # a package's page brings its own policy, as in any LMS
        response.headers["Content-Security-Policy"] = policy
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response
