"""A OneRoster REST service on loopback, 1.1 and 1.2, with what services differ in as switches."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

from tests.fakes.serving import FakeServer, Reply, Request

CLIENT, SECRET, TOKEN = "district & co", "s3cret/é:more", "opaque-token-1"
BASE = "/ims/oneroster/rostering/v1p2"


def user(number: int, **changes: Any) -> dict[str, Any]:
    """A user as 1.2 says it."""
    said = {
        "sourcedId": f"id-{number:05}",
        "status": "active",
        "dateLastModified": f"2026-01-{number % 28 + 1:02}T00:00:00.000Z",
        "enabledUser": "true",
        "username": f"zoe{number}",
        "userIds": [{"type": "LDAP", "identifier": f"ldap{number}"}, {"type": "SIS", "identifier": f"00{number}"}],
        "givenName": "Zoë",
        "familyName": f"O’Brien {number}",
        "identifier": f"S{number:05}",
        "email": f"zoe{number}@example.edu",
        "roles": [{"roleType": "primary", "role": "student", "org": {"sourcedId": "school-1", "type": "org"}}],
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


class Service(FakeServer):
    """Serves `users` in pages. `cap` is the largest page; `total` what it says there are."""

    def __init__(self, users: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(self._answer)
        self.users = list(users)
        self.cap = 100
        self.total: int | None = len(self.users)
        self.links = False
        self.oauth1 = False
        self.expires_in = 3600
        self.now: float | None = None
        """What time it says it is, in seconds since 1970; None: it does not say."""
        self.date: str | None = None
        """Said as the time instead of `now`."""
        self.ignores_filters = False
        self.client_in_body = False
        self.scopes: tuple[str, ...] | None = None
        """Those it knows; None: any."""

    def change(self, number: int, **changes: Any) -> None:
        """Change a user, or make it, now."""
        assert self.now is not None
        said = user(number, **{"dateLastModified": _moment(self.now), **changes})
        self.users = [*(other for other in self.users if other["sourcedId"] != said["sourcedId"]), said]
        self.total = len(self.users)

    def _answer(self, request: Request) -> Reply:
        if request.path == "/token":
            return self._token(request)
        known = self._signed(request) if self.oauth1 else request.headers.get("authorization") == f"Bearer {TOKEN}"
        if not known:
            return Reply(401, b'{"imsx_codeMajor": "failure"}')
        return self._page(request) if request.path.startswith(BASE) else Reply(404)

    def _token(self, request: Request) -> Reply:
        pair = "district%20%26%20co:s3cret%2F%C3%A9%3Amore"
        form = dict(request.parameters())
        basic = request.headers.get("authorization") == f"Basic {base64.b64encode(pair.encode()).decode()}"
        posted = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if not (posted if self.client_in_body else basic):
            return Reply(401, b'{"error": "invalid_client"}')
        if self.scopes is not None and form.get("scope", "") not in self.scopes:
            said = {"error": "invalid_scope", "error_description": f"{form.get('scope')} is not granted to this client"}
            return Reply(400, json.dumps(said).encode())
        return Reply(
            200, json.dumps({"access_token": TOKEN, "token_type": "bearer", "expires_in": self.expires_in}).encode()
        )

    def _signed(self, request: Request) -> bool:
        endpoint = SignatureOnlyEndpoint(_OneKey())
        url = f"{self.url}{request.path}?{request.query}"
        headers = {"Authorization": request.headers.get("authorization", "")}
        return bool(endpoint.validate_request(url, "GET", None, headers)[0])

    def _page(self, request: Request) -> Reply:
        query = dict(parse_qsl(request.query))
        since = query.get("filter", "").removeprefix("dateLastModified>'").rstrip("'")
        if self.ignores_filters:
            since = ""
        name, equals, value = query.get("filter", "").partition("='")
        if equals and not self.ignores_filters:
            return self._filtered(name, value.removesuffix("'"))
        users = [said for said in self.users if not since or said["dateLastModified"] > since]
        limit, offset = min(int(query["limit"]), self.cap), int(query["offset"])
        page = users[offset : offset + limit]
        headers = {} if self.total is None else {"X-Total-Count": str(len(users) if since else self.total)}
        if self.now is not None:
            headers["Date"] = formatdate(self.now, usegmt=True) if self.date is None else self.date
        if self.links:
            following = f"{self.url}{request.path}?limit={limit}&offset={offset + limit}"
            last = f'<{self.url}/last>; rel="last"'
            headers["Link"] = f'<{following}>; rel="next", {last}' if offset + limit < len(users) else last
        return Reply(200, json.dumps({"users": page}).encode(), headers)

    def _filtered(self, name: str, value: str) -> Reply:
        one = name.removeprefix("userIds.")
        found = [
            said
            for said in self.users
            if said.get(name) == value or (one != name and value in [own[one] for own in said["userIds"]])
        ]
        return Reply(200, json.dumps({"users": found}).encode(), {"X-Total-Count": str(len(found))})


def _moment(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class _OneKey(RequestValidator):
    """Knows one consumer and no tokens (OneRoster 1.1 signs without one)."""

    enforce_ssl = False
    timestamp_lifetime = 10**9  # the tests set the clock
    allowed_signature_methods = ("HMAC-SHA256",)
    dummy_client = "dummy-client"

    def check_client_key(self, client_key):
        return True

    def check_nonce(self, nonce):
        return True

    def validate_timestamp_and_nonce(self, *_, **__):
        return True

    def validate_client_key(self, client_key, request):
        return client_key == CLIENT

    def get_client_secret(self, client_key, request):
        return SECRET
