"""An LMS that lists its people, on loopback: each kind of paging and of access, with what goes wrong as switches."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.serving import FakeServer, Reply, Request

KEY, SECRET, NAME, PASSWORD, CLIENT = "key-5f2c", "s3cret:é", "api.user", "pass & word", "client-1"
ACCESS = {
    "api_key": KEY,
    "secret": SECRET,
    "username": NAME,
    "password": PASSWORD,
    "client_id": CLIENT,
    "client_secret": SECRET,
}
Person = Mapping[str, Any]


def talentlms_person(number: int) -> dict[str, Any]:
    names = {"first_name": "Zoë", "last_name": f"O’Brien {number}"}
    return {"id": number, "login": f"zoe{number}", "email": f"zoe{number}@acme.example", "status": "active", **names}


def absorb_person(number: int) -> dict[str, Any]:
    return {
        "id": f"7b7e0a6e-0000-4000-8000-{number:012}",
        "username": f"zoe{number}",
        "externalId": f"E{number:05}",
        "employeeNumber": f"{number:06}",
        "firstName": "Zoë",
        "lastName": f"O’Brien {number}",
        "emailAddress": f"zoe{number}@acme.example",
        "activeStatus": 0,
    }


def litmos_person(number: int) -> dict[str, Any]:
    names = {"FirstName": "Zoë", "LastName": f"O’Brien {number}"}
    return {
        "Id": f"Ab{number}",
        "UserName": f"zoe{number}",
        "Email": f"z{number}@acme.example",
        "Active": True,
        **names,
    }


def learnupon_person(number: int) -> dict[str, Any]:
    names = {"first_name": "Zoë", "last_name": f"O’Brien {number}"}
    return {"id": number, "email": f"zoe{number}@acme.example", "username": None, "enabled": True, **names}


def cornerstone_person(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "externalId": f"zoe.{number}",
        "userName": f"zoe{number}",
        "guid": f"9c3d-{number}",
        "firstName": "Zoë",
        "lastName": f"O’Brien {number}",
        "primaryEmail": f"zoe{number}@acme.example",
        "status": "Active",
    }


@dataclass(kw_only=True)
class ListServer(FakeServer):
    """Serves `people` in pages of at most `cap`. What a subclass does not say is a plain list by number."""

    answer: Callable[[Request], Reply] = field(init=False)
    people: list[dict[str, Any]]
    preset: str = ""
    base: str = ""
    cap: int = 100
    sizes: Sequence[int] = ()
    """Sizes of the pages in their order, where they change; the last one stays."""
    pages: int = 0
    cursor_dies: bool = False
    """Whether a page token is too old when it comes back."""
    relogin: int = 0
    """Before this page somebody else signs in, so that our token ends (where tokens stand alone)."""
    tokens: int = 0

    def __post_init__(self) -> None:
        self.answer = self._answer

    @property
    def settings(self) -> dict[str, Any]:
        """The keys of a connection to this server."""
        return {"preset": self.preset, "api": {"url": self.url + self.base, **ACCESS}}

    def _answer(self, request: Request) -> Reply:
        token = self._token(request)
        if token is not None:
            return token
        if not self._knows(request):
            return Reply(401, b'{"error": "unauthorized", "message": "this key is not known"}')
        self.pages += 1
        return self._page(request, dict(request.parameters()))

    def _token(self, request: Request) -> Reply | None:
        """The answer of the token endpoint, or None where something else is asked for."""

    def _knows(self, request: Request) -> bool:
        raise NotImplementedError

    def _page(self, request: Request, query: Mapping[str, str]) -> Reply:
        raise NotImplementedError

    def _size(self, asked: str) -> int:
        """How many a page holds: what is asked for, as far as it may be."""
        wanted = min(int(asked or self.cap), self.cap)
        return self.sizes[min(self.pages, len(self.sizes)) - 1] if self.sizes else wanted

    def _bearer(self, request: Request) -> bool:
        if self.relogin and self.pages + 1 == self.relogin:
            self.relogin, self.tokens = 0, self.tokens + 1
        return request.headers.get("authorization") == f"Bearer token-{self.tokens}"

    def _basic(self, request: Request, pair: str) -> bool:
        return request.headers.get("authorization") == f"Basic {base64.b64encode(pair.encode()).decode()}"


def answered(said: Any) -> Reply:
    return Reply(200, json.dumps(said).encode(), {"Content-Type": "application/json"})


@dataclass(kw_only=True)
class TalentLms(ListServer):
    preset: str = "talentlms"
    base: str = "/api/v2"

    def _knows(self, request: Request) -> bool:
        return request.headers.get("x-api-key") == KEY and "x-api-version" in request.headers

    def _page(self, request: Request, query: Mapping[str, str]) -> Reply:
        size, number = self._size(""), int(query["page"])
        rows = self.people[(number - 1) * size : number * size]
        follows = number * size < len(self.people)
        following = f"{self.url}{request.path}?page={number + 1}" if follows else None
        return answered({"_data": rows, "_links": {"next": following}})


@dataclass(kw_only=True)
class Absorb(ListServer):
    """`_offset` counts pages; a token ends when the same user signs in again."""

    preset: str = "absorb"
    cap: int = 1000
    total: int | None = None

    def _token(self, request: Request) -> Reply | None:
        if request.path != "/authenticate":
            return None
        said = {"username": NAME, "password": PASSWORD, "privateKey": KEY}
        if json.loads(request.body) != said or request.headers.get("x-api-key") != KEY:
            return Reply(401, b'{"message": "invalid credentials"}')
        self.tokens += 1
        return answered(f"token-{self.tokens}")

    def _knows(self, request: Request) -> bool:
        return request.headers.get("x-api-key") == KEY and self._bearer(request)

    def _page(self, request: Request, query: Mapping[str, str]) -> Reply:
        size, number = self._size(query.get("_limit", "20")), int(query.get("_offset", "0"))
        rows = self.people[number * size : (number + 1) * size]
        total = len(self.people) if self.total is None else self.total
        return answered({"totalItems": total, "returnedItems": len(rows), "users": rows})


@dataclass(kw_only=True)
class Litmos(ListServer):
    preset: str = "litmos"
    base: str = "/v1.svc"
    cap: int = 1000
    total: int | None = None

    def _knows(self, request: Request) -> bool:
        return request.headers.get("apikey") == KEY

    def _page(self, request: Request, query: Mapping[str, str]) -> Reply:
        if query.get("source") != "ottobridge" or query.get("format") != "json":
            return Reply(400, b"<Error>source is missing</Error>")
        size, start = self._size(query.get("limit", "")), int(query.get("start", "0"))
        total = len(self.people) if self.total is None else self.total
        told = {"BatchParam": 0, "BatchSize": size, "Start": start, "TotalCount": total}
        return answered({"Items": self.people[start : start + size], "Pagination": told})


@dataclass(kw_only=True)
class LearnUpon(ListServer):
    preset: str = "learnupon"
    base: str = "/api/v1"
    cap: int = 500

    def _knows(self, request: Request) -> bool:
        return self._basic(request, f"{KEY}:{SECRET}")

    def _page(self, request: Request, query: Mapping[str, str]) -> Reply:
        size, number = self._size(""), int(query.get("page", "1"))
        return answered({"user": self.people[(number - 1) * size : number * size]})


@dataclass(kw_only=True)
class Cornerstone(ListServer):
    """Page tokens live for five minutes; `cursor_name` is how it spells them today."""

    preset: str = "cornerstone"
    cap: int = 50
    cursor_name: str = "nextPageToken"

    def _token(self, request: Request) -> Reply | None:
        if request.path != "/services/api/oauth2/token":
            return None
        said = {"clientId": CLIENT, "clientSecret": SECRET, "grantType": "client_credentials", "scope": "all"}
        if json.loads(request.body) != said:
            return Reply(401, b'{"error": "invalid_client"}')
        self.tokens += 1
        return answered({"access_token": f"token-{self.tokens}", "expires_in": 3600, "token_type": "Bearer"})

    def _knows(self, request: Request) -> bool:
        return self._bearer(request)

    def _page(self, request: Request, query: Mapping[str, str]) -> Reply:
        if "externalId" in query:
            found = [person for person in self.people if person.get("externalId") == query["externalId"]]
            return answered({"count": len(found), "data": found})
        if self.cursor_dies and "pageToken" in query:
            return Reply(400, b'{"error": {"message": "page token is not valid"}}')
        size, start = self._size(query.get("pageSize", "")), int(query.get("pageToken", "at-0").removeprefix("at-"))
        rows = self.people[start : start + size]
        told = {self.cursor_name: f"at-{start + size}"} if start + size < len(self.people) else {}
        return answered({"timestamp": "2026-11-28T00:00:00Z", "count": len(rows), "data": rows, **told})


SERVERS: Mapping[str, tuple[type[ListServer], Callable[[int], dict[str, Any]]]] = {
    "talentlms": (TalentLms, talentlms_person),
    "absorb": (Absorb, absorb_person),
    "litmos": (Litmos, litmos_person),
    "learnupon": (LearnUpon, learnupon_person),
    "cornerstone": (Cornerstone, cornerstone_person),
}
"""By preset: the server, and who is on it."""


def serving(preset: str, people: int, **switches: Any) -> ListServer:
    """The server of a preset with so many people."""
    kind, person = SERVERS[preset]
    return kind(people=[person(number) for number in range(1, people + 1)], **switches)
