"""OttoLearn's REST API as the bridge understands it: docs/ottolearn-api.md says what is seen and what assumed."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.ottolearn.attributes import READ_ONLY, Attributes, Refused
from sandbox.ottolearn.faults import Faults
from sandbox.ottolearn.sessions import Sessions
from sandbox.ottolearn.users import User, Users

Refusal = tuple[Response, int]


@dataclass(frozen=True, slots=True)
class Account:
    """The API user."""

    organization_id: int
    username: str
    password: str = field(repr=False)

    def admits(self, given: dict[str, Any]) -> bool:
        """Whether a login names this user and knows the password."""
        return (
            given.get("organizationId") == self.organization_id
            and given.get("username") == self.username
            and hmac.compare_digest(str(given.get("password")).encode(), self.password.encode())
        )


@dataclass(frozen=True, slots=True)
class Api:
    """The calls, over the users of one organisation."""

    account: Account
    users: Users
    attributes: Attributes
    sessions: Sessions
    faults: Faults
    now: Callable[[], float]
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def blueprint(self) -> Blueprint:
        """The routes, ready to be registered."""
        api = Blueprint("api", __name__)
        api.before_request(self._admit)
        api.register_error_handler(Refused, _refusal)
        api.register_error_handler(HTTPException, _http_error)
        for method, rule, view in (
            ("POST", "/authenticate/login", self.login),
            ("GET", "/v1/rest/user", self.list_users),
            ("POST", "/v1/rest/user", self.create_user),
            ("GET", "/v1/rest/user/<int:user_id>", self.read_user),
            ("PUT", "/v1/rest/user/<int:user_id>", self.update_user),
            ("GET", "/v1/rest/attribute", self.list_attributes),
        ):
            api.add_url_rule(rule, view.__name__, view, methods=[method])
        return api

    def login(self) -> Response:
        """Trade the API user's password for a session token."""
        if not self.account.admits(_body()):
            raise Refused(403, "forbidden", "wrong credentials, or the user is not active")
        token = self.sessions.begin()
        return jsonify(userId=1, organizationId=self.account.organization_id, sessionToken=token)

    def list_users(self) -> Response:
        """Every user in one array, streamed."""
        return Response(self._array(), mimetype="application/json")

    def read_user(self, user_id: int) -> Response:
        """One user."""
        return jsonify(self._existing(user_id))

    def create_user(self) -> tuple[Response, int]:
        """Add a user; the password is asked for, as OttoLearn does, and thrown away."""
        body = _body()
        if not isinstance(body.pop("password", None), str):
            raise Refused(400, "missing_password", "every user needs a password")
        with self._writing:
            self.attributes.check(body.get("attribute"), self.users)
            created = datetime.fromtimestamp(self.now(), UTC).date().isoformat()
            attribute = {**body["attribute"], READ_ONLY: created}
            user = self.users.add({"active": _active(body), "attribute": attribute})
        return jsonify(user), 201

    def update_user(self, user_id: int) -> Response:
        """Put what was sent in the place of what was there: what is left out is gone."""
        body = _body()
        with self._writing:
            before = self._existing(user_id)
            self.attributes.check(body.get("attribute"), self.users, before)
            kept = {READ_ONLY: before["attribute"][READ_ONLY]} if READ_ONLY in before["attribute"] else {}
            user = {**body, "id": user_id, "active": _active(body), "attribute": {**body["attribute"], **kept}}
            self.users.replace(user)
        return jsonify(user)

    def list_attributes(self) -> Response:
        """What is recorded of each user."""
        return jsonify(self.attributes.listed())

    def _admit(self) -> Refusal | None:
        endpoint = (request.endpoint or "").rpartition(".")[2]
        failing = self.faults.ask(f"{request.method} {endpoint}")
        if self.faults.latency:
            time.sleep(self.faults.latency)
        if failing:
            return self._failure()
        if endpoint != "login" and not self.sessions.use(request.headers.get("Authorization", "")):
            return _refusal(Refused(403, "forbidden", "invalid session token"))
        return None

    def _failure(self) -> Refusal:
        answer, status = _refusal(Refused(self.faults.fail_status, "failed", "failing on purpose"))
        if self.faults.retry_after is not None:
            answer.headers["Retry-After"] = str(self.faults.retry_after)
        return answer, status

    def _existing(self, user_id: int) -> User:
        if user := self.users.find(user_id):
            return user
        raise Refused(404, "unknown_user", "no user has this id")

    def _array(self) -> Iterator[bytes]:
        left, before = self.faults.truncate_after, b"["
        for page in self.users.pages():
            if left is not None and left < len(page):
                yield before + b",".join([*page[:left], page[left][:20]])
                return
            left = None if left is None else left - len(page)
            yield before + b",".join(page)
            before = b","
        yield b"]" if before == b"," else b"[]"


def _body() -> dict[str, Any]:
    try:
        body = msgspec.json.decode(request.get_data())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, "invalid_json", "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refused(400, "invalid_json", "the body is not a JSON object")
    return body


def _active(body: dict[str, Any]) -> bool:
    active = body.get("active", True)
    if not isinstance(active, bool):
        raise Refused(400, "invalid_active", "active must be true or false")
    return active


def _refusal(error: Refused) -> Refusal:
    return jsonify(error=error.error, message=str(error)), error.status


def _http_error(error: HTTPException) -> Refusal:
    return jsonify(error=error.name, message=error.description), error.code or 500
