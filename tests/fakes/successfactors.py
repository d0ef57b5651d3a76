"""SuccessFactors on loopback: Learning (OData v4) and the HCM suite (OData v2), with what goes wrong as switches."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from cryptography import x509
from lxml import etree
from signxml.verifier import XMLVerifier

from tests.fakes.serving import FakeServer, Reply, Request

CLIENT, SECRET, ADMIN, COMPANY, PASSWORD = "acme", "s3cret:/+", "BRIDGE", "AcmeCorp", "pass & wörd"
STUDENTS = "/learning/odatav4/searchStudent/v1/Students"
USERS = "/odata/v2/User"
NOW = 1_800_000_000.0


def student(number: int) -> dict[str, Any]:
    return {
        "studentID": f"{number:06}",
        "personGUID": f"guid-{number}",
        "firstName": "Zoë",
        "lastName": f"O’Brien {number}",
        "emailAddress": f"zoe{number}@acme.example",
        "active": True,
    }


def user(number: int) -> dict[str, Any]:
    return {
        "userId": f"u{number:05}",
        "username": f"zoe{number}",
        "empId": f"{number:06}",
        "firstName": "Zoë",
        "lastName": f"O’Brien {number}",
        "email": f"zoe{number}@acme.example",
        "status": "t",
        "lastModifiedDateTime": 1_700_000_000 + number,
    }


@dataclass(kw_only=True)
class SuccessFactors(FakeServer):
    """Both services. A person is what `student` or `user` says."""

    answer: Callable[[Request], Reply] = field(init=False)
    students: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    certificate: x509.Certificate | None = None
    """Of the client that signs assertions."""
    cap: int = 100
    tokens: int = 0
    total: int | None = None
    """What it says there are, where that is not so."""
    counts: bool = True
    """Whether it says how many there are."""
    now: float | None = NOW
    assertion: etree._Element | None = None
    """The last one that was verified."""
    on_page: Callable[[int], None] = lambda _: None
    """Hears of each page of students before it is made, by its number from 1."""
    pages: int = 0

    def __post_init__(self) -> None:
        self.answer = self._answer

    def _answer(self, request: Request) -> Reply:
        headers = {} if self.now is None else {"Date": formatdate(self.now, usegmt=True)}
        return self._routed(request)._replace(headers=headers)

    def _routed(self, request: Request) -> Reply:
        if request.path == "/learning/oauth-api/rest/v1/token":
            return self._learning_token(request)
        if request.path == "/oauth/token":
            return self._hcm_token(request)
        signed = request.headers.get("authorization", "")
        pair = base64.b64encode(f"{ADMIN}@{COMPANY}:{PASSWORD}".encode()).decode()
        if signed not in {f"Bearer token-{self.tokens}", f"Basic {pair}"}:
            return Reply(401, b'{"error": {"code": "LGN0011", "message": {"lang": "en-US", "value": "not signed in"}}}')
        query = dict(request.parameters())
        return self._students(query) if request.path == STUDENTS else self._users(query, request)

    def _learning_token(self, request: Request) -> Reply:
        pair = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        scope = {"userId": ADMIN, "companyId": COMPANY, "userType": "admin", "resourceType": "learning_public_api"}
        sound = json.loads(request.body) == {"grant_type": "client_credentials", "scope": scope}
        if request.headers.get("authorization") != f"Basic {pair}" or not sound:
            return Reply(400, b'{"error": "invalid_client"}')
        return self._token()

    def _hcm_token(self, request: Request) -> Reply:
        form = dict(request.parameters())
        grant = "urn:ietf:params:oauth:grant-type:saml2-bearer"
        if (form["client_id"], form["company_id"], form["grant_type"]) != (CLIENT, COMPANY, grant):
            return Reply(400, b'{"error": "invalid_request"}')
        root = etree.fromstring(base64.b64decode(form["assertion"]))
        found = XMLVerifier().verify(root, x509_cert=self.certificate, id_attribute="ID")
        self.assertion = found.signed_xml
        return self._token()

    def _token(self) -> Reply:
        self.tokens += 1
        return answered({"access_token": f"token-{self.tokens}", "expires_in": 1800, "token_type": "Bearer"})

    def _students(self, query: Mapping[str, str]) -> Reply:
        self.pages += 1
        self.on_page(self.pages)
        wanted = query["$filter"] == "criteria/isActive eq True"
        found = [person for person in self.students if person["active"] is wanted]
        start, top = int(query["$skip"]), min(int(query["$top"]), self.cap)
        rows = [_selected(person, query["$select"]) for person in found[start : start + top]]
        total = len(found) if self.total is None or not wanted else self.total
        return answered({**({"@odata.count": total} if self.counts else {}), "value": rows})

    def _users(self, query: Mapping[str, str], request: Request) -> Reply:
        asked = query["$filter"]
        found = list(self.users)
        if "'f'" not in asked:
            found = [person for person in found if person.get("status") == "t"]
        if since := re.search(r"lastModifiedDateTime ge datetimeoffset'([^']*)'", asked):
            found = [person for person in found if _moment(person["lastModifiedDateTime"]) >= since[1]]
        if one := re.match(r"(\w+) eq '((?:[^']|'')*)'", asked):
            found = [person for person in found if person.get(one[1]) == one[2].replace("''", "'")]
        start, size = int(query.get("$skiptoken", "0")), min(int(query["customPageSize"]), self.cap)
        rows = [_selected(person, query["$select"]) for person in found[start : start + size]]
        said: dict[str, Any] = {"results": rows}
        if self.counts and query.get("$inlinecount") == "allpages":
            said["__count"] = str(len(found) if self.total is None else self.total)
        if start + size < len(found):
            following = request.query.partition("&$skiptoken")[0]
            said["__next"] = f"{self.url}{USERS}?{following}&$skiptoken={start + size}"
        return answered({"d": said})


def answered(said: Any) -> Reply:
    return Reply(200, json.dumps(said).encode())


def _selected(person: Mapping[str, Any], select: str) -> dict[str, Any]:
    return {name: person[name] for name in select.split(",") if name in person}


def _moment(time: float) -> str:

    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
