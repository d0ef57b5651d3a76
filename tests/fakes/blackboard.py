"""Blackboard's REST API on loopback, after its documentation and public clients; each trap is a switch."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from tests.fakes.serving import FakeServer, Reply, Request

KEY, SECRET = "key-of-the-app", "s3cret-of-the-app"
ROOT = "/learn/api/public/v1"
MINIMAL = {"id", "name", "userName", "contact"}
"""What is left of a user for who may only user.VIEW; the last two by the settings of the site."""


def user(number: int, **changes: Any) -> dict[str, Any]:
    """A user as the list says it to who may system.user.VIEW."""
    said = {
        "id": f"_{number}_1",
        "uuid": f"{number:032x}",
        "externalId": f"X{number:05}",
        "dataSourceId": "_2_1",
        "userName": f"zoe.{number}",
        "studentId": f"00{number}",
        "created": "2024-01-31T08:00:00.000Z",
        "institutionRoleIds": ["STUDENT"],
        "systemRoleIds": ["User"],
        "availability": {"available": "Yes"},
        "name": {"given": "Zoë", "family": f"O’Brien {number}"},
        "contact": {"email": f"zoe.{number}@example.edu"},
        "birthDate": "2001-01-31",
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


class Learn(FakeServer):
    """Serves `users` in pages."""

    def __init__(self, users: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(self._answer)
        self.users = list(users)
        self.cap = 100
        self.hides: set[str] = set()
        """The ids of users that are not shown, and counted all the same where pages end."""
        self.leaves_out: set[str] = set()
        self.only_view = False
        """Whether the integration's user may only user.VIEW."""
        self.repeats = False
        self.renames: dict[str, str] = {}
        self.dies_after = 0
        """Pages after which a token is not taken any more; 0: never."""
        self.quota: int | None = None
        """Calls that are left today."""
        self.elsewhere = ""
        self.tokens = 0
        self._served = 0

    def _answer(self, request: Request) -> Reply:
        headers = {}
        if self.quota is not None:
            if self.quota <= 0:
                return Reply(429, b'{"status": 429, "message": "Rate limit exceeded"}')
            self.quota -= 1
            headers = {"X-Rate-Limit-Remaining": str(self.quota)}
        return self._said(request)._replace(headers=headers)

    def _said(self, request: Request) -> Reply:
        if request.path == f"{ROOT}/oauth2/token":
            return self._token(request)
        dead = self.dies_after and self._served >= self.dies_after
        if dead or request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return _error(401, "API request is not authenticated.")
        self._served += 1
        asked = dict(request.parameters())
        if request.path == f"{ROOT}/users":
            return self._list(asked)
        if request.path.startswith(f"{ROOT}/users/"):
            return self._one(unquote(request.path.rpartition("/")[2]), asked)
        return _error(404, "Not found")

    def _token(self, request: Request) -> Reply:
        pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            return Reply(401, b'{"error": "invalid_client", "error_description": "Invalid client credentials"}')
        self.tokens += 1
        self._served = 0
        said = {"access_token": f"token-{self.tokens}", "token_type": "bearer", "expires_in": 3599}
        return Reply(200, json.dumps(said).encode())

    def _list(self, asked: Mapping[str, str]) -> Reply:
        limit, offset = min(int(asked.get("limit", "100")), self.cap), int(asked.get("offset", "0"))
        found = [one for one in self.users if asked.get("dataSourceId", one["dataSourceId"]) == one["dataSourceId"]]
        start = 0 if self.repeats else offset
        rows = [one for one in found[start : start + limit] if one["id"] not in self.hides]
        said: dict[str, Any] = {"results": [self._shown(one, asked) for one in rows]}
        if offset + limit < len(found):
            more = "".join(f"&{name}={value}" for name, value in asked.items() if name not in {"offset", "limit"})
            path = f"{self.elsewhere}{ROOT}/users?offset={offset + limit}&limit={limit}{more}"
            said["paging"] = {"nextPage": path}
        return Reply(200, json.dumps(said).encode())

    def _one(self, name: str, asked: Mapping[str, str]) -> Reply:
        kind, colon, value = name.partition(":")
        kind, value = (kind, value) if colon else ("id", name)
        if kind not in {"id", "externalId", "userName", "uuid"}:
            return _error(400, "Invalid ID")
        found = next((one for one in self.users if one.get(kind) == value), None)
        return _error(404, "The specified object was not found.") if found is None else self._reply(found, asked)

    def _reply(self, one: Mapping[str, Any], asked: Mapping[str, str]) -> Reply:
        return Reply(200, json.dumps(self._shown(one, asked)).encode())

    def _shown(self, one: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, Any]:
        wanted = set(asked["fields"].split(",")) if "fields" in asked else set(one)
        shown = wanted - self.leaves_out if not self.only_view else wanted & MINIMAL
        return {self.renames.get(name, name): value for name, value in one.items() if name in shown}


def _error(status: int, message: str) -> Reply:
    return Reply(status, json.dumps({"status": status, "message": message}).encode())
