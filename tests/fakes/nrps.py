"""An LTI platform's token endpoint and member lists, on loopback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

from bridge.lti.nrps import SCOPE
from tests.fakes.serving import FakeServer, Reply, Request

CLIENT = "10000000000004"
TOKEN = "opaque-token-1"


def member(number: int, **changes: Any) -> dict[str, Any]:
    """One member; None takes a key away."""
    said = {
        "status": "Active",
        "user_id": f"user-{number}",
        "lis_person_sourcedid": f"S{number:05}",
        "given_name": "Zoë",
        "family_name": f"O’Brien {number}",
        "name": f"Zoë O’Brien {number}",
        "email": f"zoe{number}@example.edu",
        "roles": ["Learner"],
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


class Platform(FakeServer):
    """Serves `courses`: path -> pages of members. Only a good assertion gets a token, only a token gets members."""

    def __init__(self, key: RSAKey, courses: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]) -> None:
        super().__init__(self._answer)
        self.key = key
        self.courses = courses
        self.assertions: list[jwt.Token] = []
        self.expires_in: object = 3600
        self.next_links: dict[str, str] = {}
        """Page -> what its `next` link says instead of the truth."""

    def _answer(self, request: Request) -> Reply:
        if request.path == "/mod/lti/token.php":
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, b'{"status": 401, "reason": "Unauthorized"}')
        return self._members(request)

    def _token(self, request: Request) -> Reply:
        form = dict(request.parameters())
        self.assertions.append(jwt.decode(form["client_assertion"], self.key, algorithms=["RS256"]))
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert form["scope"] == SCOPE
        said = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": self.expires_in, "scope": SCOPE}
        return Reply(200, json.dumps(said).encode(), {"Content-Type": "text/html; charset=utf-8"})  # as Moodle does

    def _members(self, request: Request) -> Reply:
        pages = self.courses.get(request.path)
        if pages is None:
            return Reply(404, b"<html>not here</html>", {"Content-Type": "text/html"})
        at = int(parse_qs(request.query).get("from", ["0"])[0])
        body = json.dumps({"id": f"{self.url}{request.path}", "context": {"id": "2"}, "members": pages[at]}).encode()
        link = f"{self.url}{request.path}?limit=2&from={at + 1}" if at + 1 < len(pages) else ""
        link = self.next_links.get(f"{request.path}#{at}", link)
        headers = {"Link": f'<{self.url}/first>; rel="first", <{link}>; rel="next"'} if link else {}
        return Reply(200, body, {"Content-Type": "application/vnd.ims.lti-nrps.v2.membershipcontainer+json", **headers})
