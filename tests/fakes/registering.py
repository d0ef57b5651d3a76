"""An LTI platform that lets tools register themselves, as strict as Moodle 4.5 was seen to be."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.serving import FakeServer, Reply, Request

CONFIGURATION = "/mod/lti/openid-configuration.php"
REGISTRATION = "/mod/lti/openid-registration.php"
PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
TOKEN = "registration-token-1"
CLIENT = "etIUOBpd5ZgLdau"
HTML = {"Content-Type": "text/html; charset=utf-8"}
"""Moodle says so of everything but success."""


class RegisteringPlatform(FakeServer):
    """`said` replaces members of its configuration (None removes one), `answered` members of a good answer."""

    def __init__(self, *, deployment: str | None = "12", needs_token: bool = False) -> None:
        super().__init__(self._answer)
        self.deployment = deployment
        self.needs_token = needs_token
        self.said: dict[str, Any] = {}
        self.answered: dict[str, Any] = {}
        self.tools: list[dict[str, Any]] = []

    @property
    def configuration_url(self) -> str:
        """What the platform sends an administrator to the tool with."""
        return f"{self.url}{CONFIGURATION}"

    def _answer(self, request: Request) -> Reply:
        if request.path == CONFIGURATION:
            return self._configuration(request)
        if request.path == REGISTRATION:
            return self._register(request)
        return Reply(404, b"<!doctype html><title>Error</title>", HTML)

    def _configuration(self, request: Request) -> Reply:
        if self.needs_token and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, b'{"error": "Access token missing"}')
        return _json(_without_none(self._good_configuration() | self.said))

    def _good_configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "token_endpoint": f"{self.url}/mod/lti/token.php",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": f"{self.url}/mod/lti/certs.php",
            "authorization_endpoint": f"{self.url}/mod/lti/auth.php",
            "registration_endpoint": f"{self.url}{REGISTRATION}",
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            PLATFORM: {
                "product_family_code": "moodle",
                "messages_supported": [
                    {"type": "LtiResourceLinkRequest"},
                    {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
                ],
            },
        }

    def _register(self, request: Request) -> Reply:
        problem = self._problem(request)
        if problem:
            return Reply(problem[0], problem[1].encode(), HTML)
        tool = json.loads(request.body)
        self.tools.append(tool)
        configuration = {"version": "1.3.0", **tool[TOOL], "deployment_id": self.deployment}
        return _json(_without_none({"client_id": CLIENT, **tool, TOOL: _without_none(configuration)} | self.answered))

    def _problem(self, request: Request) -> tuple[int, str] | None:
        """What the recorded Moodle answered, by what was wrong."""
        if "authorization" not in request.headers:
            return 401, "missing_registration_token"
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return 404, "<!DOCTYPE html><html><body>Exception - Wrong number of segments</body></html>"
        if self.tools:
            return 401, "token_already_used"
        tool = json.loads(request.body)
        for name in ("initiate_login_uri", "redirect_uris", "client_name", "jwks_uri"):
            if not tool.get(name):
                return 400, f"missing required attribute {name}"
        if tool[TOOL]["domain"] != urlsplit(tool[TOOL]["target_link_uri"]).netloc:
            return 400, "domain_targetlinkuri_mismatch"
        if tool["token_endpoint_auth_method"] != "private_key_jwt":
            return 400, "invalid_token_endpoint_auth_method"
        return None


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _json(document: Any) -> Reply:
    return Reply(200, json.dumps(document).encode(), {"Content-Type": "application/json; charset=utf-8"})
