"""Brightspace's API and D2L's authorization server on loopback, after their documentation and public clients.

Each trap is a switch. `url` is both: a connection's `api.url` and `api.auth_url`.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.serving import FakeServer, Reply, Request

CLIENT, SECRET = "0f9e2c4a-client", "s3cret-of-the-app"
USERS = "/d2l/api/lp/1.50/users/"


def user(number: int, **changes: Any) -> dict[str, Any]:
    """A user as UserData has it."""
    return {
        "OrgId": 6606,
        "UserId": 100 + number,
        "FirstName": "Zoë",
        "MiddleName": None,
        "LastName": f"O’Brien {number}",
        "UserName": f"zoe.{number}",
        "ExternalEmail": f"zoe.{number}@example.edu",
        "OrgDefinedId": f"00{number}",
        "UniqueIdentifier": f"zoe.{number}",
        "Activation": {"IsActive": True},
        "DisplayName": f"Zoë O’Brien {number}",
        "LastAccessedDate": None,
        "Pronouns": "",
        **changes,
    }


class Site(FakeServer):
    """Serves `users` in pages to whoever has a token of a consent."""

    def __init__(self, users: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(self._answer)
        self.users = list(users)
        self.size = 10
        self.hides: set[int] = set()
        """The numbers of users that are not shown."""
        self.without: set[str] = set()
        """Fields that are left out."""
        self.hidden: set[str] = set()
        """Fields that are null."""
        self.renames: dict[str, str] = {}
        self.repeats = False
        self.stands_still = False
        """Whether a page leads to itself."""
        self.more: object = None
        """What HasMoreItems says instead; None: the truth."""
        self.dies_after = 0
        """Pages after which an access token is not taken any more; 0: never."""
        self.gives_refresh = True
        self.hangs_after_refresh = threading.Event()
        """Set: the answer to a refresh is never sent, though the refresh token is spent."""
        self.hangs_at_users = threading.Event()
        """Set: a list of users is never sent."""
        self.hanging = threading.Event()
        """Set by whoever hangs."""
        self.released = threading.Event()
        self.refreshes = 0
        self.reused = 0
        """How often a refresh token came that was spent."""
        self._codes: set[str] = set()
        self._refresh: set[str] = set()
        self._spent: set[str] = set()
        self._access: dict[str, int] = {}
        self._lock = threading.Lock()

    def __exit__(self, *exception: object) -> None:
        self.released.set()
        super().__exit__(*exception)

    def consent(self, url: str) -> str:
        """Where the browser of an administrator ends who consents at `url`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        code = f"code-{len(self._codes)}={asked['scope']}"
        self._codes.add(code)
        return f"{asked['redirect_uri']}?code={code.replace('=', '%3D')}&state={asked['state']}"

    def revoke(self) -> None:
        """Take every consent back."""
        with self._lock:
            self._refresh, self._access = set(), {}

    def _answer(self, request: Request) -> Reply:
        if request.path == "/core/connect/token":
            return self._token(request)
        with self._lock:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            served = self._access.get(token)
            if served is None or (self.dies_after and served >= self.dies_after):
                return _errors(401, "Invalid token")
            self._access[token] = served + 1
        if request.path == "/d2l/api/lp/versions/":
            said = {"ProductCode": "lp", "LatestVersion": "1.63", "SupportedVersions": ["1.43", "1.50", "1.63"]}
            return Reply(200, json.dumps(said).encode())
        if request.path != USERS:
            return _errors(404, "Resource Not Found")
        if self.hangs_at_users.is_set():
            self._hang()
        return self._users(dict(request.parameters()))

    def _hang(self) -> None:
        self.hanging.set()
        self.released.wait(60)

    def _token(self, request: Request) -> Reply:
        pair = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {pair}":
            return Reply(400, b'{"error": "invalid_client"}')
        asked = dict(request.parameters())
        with self._lock:
            if asked["grant_type"] == "authorization_code":
                good = asked["code"] in self._codes and asked["redirect_uri"].endswith("/consent")
                self._codes.discard(asked["code"])
            else:
                self.refreshes += 1
                good = asked["refresh_token"] in self._refresh
                self.reused += asked["refresh_token"] in self._spent
                self._refresh.discard(asked["refresh_token"])
                self._spent.add(asked["refresh_token"])
            if not good:
                return Reply(400, b'{"error": "invalid_grant"}')
            number = len(self._access) + 1
            refresh = {"refresh_token": f"refresh-{number}"} if self.gives_refresh else {}
            self._refresh |= {*refresh.values()}
            self._access[f"access-{number}"] = 0
        if self.hangs_after_refresh.is_set():
            self._hang()
        said = {"access_token": f"access-{number}", "token_type": "Bearer", "expires_in": 3600, **refresh}
        return Reply(200, json.dumps(said).encode())

    def _users(self, asked: Mapping[str, str]) -> Reply:
        shown = [one for one in self.users if one["UserId"] not in self.hides]
        for parameter, field in (("orgDefinedId", "OrgDefinedId"), ("externalEmail", "ExternalEmail")):
            if parameter in asked:
                found = [self._shown(one) for one in shown if one.get(field) == asked[parameter]]
                return Reply(200, json.dumps(found).encode()) if found else _errors(404, "Resource Not Found")
        if "userName" in asked:
            one = next((one for one in shown if one["UserName"].lower() == asked["userName"].lower()), None)
            return Reply(200, json.dumps(self._shown(one)).encode()) if one else _errors(404, "Resource Not Found")
        after = 0 if self.repeats else int(asked.get("bookmark") or 0)
        rest = [one for one in shown if one["UserId"] > after]
        rows = rest[: self.size]
        last = str(rows[-1]["UserId"]) if rows else str(after)
        bookmark = asked.get("bookmark", last) if self.stands_still else last
        more = len(rest) > self.size if self.more is None else self.more
        paging = {"Bookmark": bookmark, "HasMoreItems": more}
        said = {"PagingInfo": paging, "Items": [self._shown(one) for one in rows]}
        return Reply(200, json.dumps(said).encode())

    def _shown(self, one: Mapping[str, Any]) -> dict[str, Any]:
        return {
            self.renames.get(name, name): None if name in self.hidden else value
            for name, value in one.items()
            if name not in self.without
        }


def _errors(status: int, message: str) -> Reply:
    return Reply(status, json.dumps({"Errors": [{"Message": message}]}).encode())
