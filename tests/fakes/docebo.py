"""Docebo's API on loopback, after the client that was made from its own description; each trap is a switch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fakes.serving import FakeServer, Reply, Request

SORTED_BY = {
    *("username", "first_name", "status", "level", "email"),
    *("last_access_date", "expiration_date", "language", "email_validation_status"),
}
"""What the list can be sorted by; the number of a user is not among it."""
CLIENT, SECRET = "ottobridge", "s3cret-of-the-app"
API_USER, PASSWORD = "bridge.api", "pass-word-of-the-user"


def user(number: int, **changes: Any) -> dict[str, Any]:
    """A user as the list says it."""
    said = {
        "user_id": str(13000 + number),
        "username": f"zoe.{number}",
        "first_name": "Zoë",
        "last_name": f"O’Brien {number}",
        "email": f"zoe.{number}@example.com",
        "status": "1",
        "level": "User",
        "expiration_date": None,
        "field_12": f"00{number}",
        **changes,
    }
    return {name: value for name, value in said.items() if value != "-"}


class Platform(FakeServer):
    """Serves `users` in pages."""

    def __init__(self, users: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(self._answer)
        self.users = list(users)
        self.cap = 200
        self.total: int | None = None
        """What it says there are, where that is not what the user may see."""
        self.says: set[str] = {"total_count", "has_more_data", "current_page_size"}
        self.sees: set[str] | None = None
        """The user ids that are assigned to a Power User; None: everybody."""
        self.repeats = False
        self.leaves_out: set[str] = set()
        self.leaves_out_after = 0
        self.expires_in: object = 3600
        self.dies_after = 0
        """Pages after which a token is not taken any more, long before its end; 0: never."""
        self.key: RSAKey | None = None
        """Whose assertions are taken."""
        self.audience = ""
        self.assertions: list[dict[str, Any]] = []
        self.tokens = 0
        self._served = 0
        self._pages = 0

    def _answer(self, request: Request) -> Reply:
        if request.path == "/oauth2/token":
            return self._token(dict(request.parameters()))
        dead = self.dies_after and self._served >= self.dies_after
        if dead or request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return _refused(401, "Unauthorized", "The access token provided has expired")
        if request.path == "/manage/v1/user":
            self._served += 1
            return self._list(dict(request.parameters()))
        if request.path == "/manage/v1/user_fields":
            return _said({"items": [{"id": "12", "title": "Employee number"}, {"id": "13", "title": "Site"}]})
        number = request.path.rpartition("/")[2]
        found = next((one for one in self._visible() if one["user_id"] == number), None)
        if found is None:
            return _refused(404, "Not Found", "User not found")
        return _said({"user_data": {"user_id": number, "username": found["username"]}, "additional_fields": []})

    def _token(self, form: Mapping[str, str]) -> Reply:
        known = (form.get("client_id"), form.get("client_secret"), form.get("scope")) == (CLIENT, SECRET, "api")
        match form.get("grant_type"):
            case "password":
                known = known and (form.get("username"), form.get("password")) == (API_USER, PASSWORD)
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                known = known and self._is_assertion(form.get("assertion", ""))
            case "client_credentials":
                pass
            case _:
                return _refused(400, "unsupported_grant_type", "")
        if not known:
            return Reply(400, json.dumps({"error": "invalid_client", "error_description": "no such app"}).encode())
        self.tokens += 1
        self._served = 0
        said = {"access_token": f"token-{self.tokens}", "expires_in": self.expires_in, "token_type": "Bearer"}
        return Reply(200, json.dumps(said).encode())

    def _is_assertion(self, text: str) -> bool:
        assert self.key is not None
        self.assertions.append(dict(jwt.decode(text, self.key, ["RS256"]).claims))
        claims = self.assertions[-1]
        return (claims["iss"], claims["sub"]) == (CLIENT, API_USER) and claims["aud"] == self.audience

    def _visible(self) -> list[Mapping[str, Any]]:
        return [one for one in self.users if self.sees is None or one["user_id"] in self.sees]

    def _list(self, asked: Mapping[str, str]) -> Reply:
        if asked.get("sort_attr", "first_name") not in SORTED_BY:
            return _refused(400, "Bad Request", "sort_attr is not valid")
        found = self._visible()
        if text := asked.get("search_text", ""):
            searched = ("username", "email", "first_name", "last_name")
            found = [one for one in found if any(text.lower() in str(one.get(name, "")).lower() for name in searched)]
        size, page = min(int(asked["page_size"]), self.cap), int(asked["page"])
        self._pages += 1
        start = 0 if self.repeats else (page - 1) * size
        hidden = self.leaves_out if self._pages > self.leaves_out_after else set()
        items = [
            {name: value for name, value in one.items() if name not in hidden} for one in found[start : start + size]
        ]
        said = {
            "total_count": len(found) if self.total is None else self.total,
            "has_more_data": page * size < len(found),
            "current_page_size": size,
        }
        return _said({"items": items, **{name: value for name, value in said.items() if name in self.says}})


def _said(data: Mapping[str, Any]) -> Reply:
    return Reply(200, json.dumps({"data": data, "version": "1.0.0", "_links": []}).encode())


def _refused(status: int, name: str, message: str) -> Reply:
    return Reply(status, json.dumps({"name": name, "message": message, "status": status}).encode())
