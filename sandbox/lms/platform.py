"""The LTI 1.3 platform: begins a login, checks the tool's authentication request, signs an id_token.

Follows the 1EdTech Security Framework 1.0, section 5.1, and is as strict as Canvas and Moodle 4.5 were seen to be.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from sandbox.lms.products import PRODUCTS
from sandbox.lms.settings import LtiTool
from sandbox.people import Person

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
HINT_LIFETIME = 300.0
"""Seconds between the click and the authentication request; Canvas allows as many."""
MAX_HINTS = 10_000
FIXED = {"scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none"}


class AuthRefused(Exception):
    """An authentication request that gets no token: an OAuth error word and a sentence.

    `page` says that the answer must be a page of the LMS: the address to answer to is not one we may trust.
    """

    def __init__(self, error: str, description: str, *, page: bool = False) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.page = page


class _Begun(NamedTuple):
    tool: LtiTool
    person: Person
    login_hint: str
    until: float


class Platform:
    """One signing platform; the key is made at start and lives as long as the process."""

    def __init__(self, return_url: str) -> None:
        self._return_url = return_url
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._begun: dict[str, _Begun] = {}
        self._lock = threading.Lock()

    def jwks(self) -> dict[str, Any]:
        """The public keys, as the JWKS route answers them."""
        return dict(KeySet([self._key]).as_dict(private=False))

    def begin(self, tool: LtiTool, person: Person, now: float) -> dict[str, str]:
        """The fields of a login initiation for `person`; its hint is good for one request within five minutes."""
        product = PRODUCTS[tool.product]
        fields = product.login_fields(tool, person)
        hint = product.new_hint()
        with self._lock:
            if len(self._begun) >= MAX_HINTS:
                del self._begun[next(iter(self._begun))]
            self._begun[hint] = _Begun(tool, person, fields["login_hint"], now + HINT_LIFETIME)
        return fields | {"lti_message_hint": hint}

    def authenticate(self, tool: LtiTool, request: Mapping[str, str], now: float) -> dict[str, str]:
        """The fields to post to the tool's redirect_uri: id_token and state. Raises AuthRefused."""
        if request.get("client_id") != tool.client_id:
            raise AuthRefused("unauthorized_client", "This client_id is not registered here.", page=True)
        if request.get("redirect_uri") != tool.launch_url:
            raise AuthRefused("invalid_request", "This redirect_uri is not registered.", page=True)
        for name, value in FIXED.items():
            if request.get(name) != value:
                raise AuthRefused("invalid_request", f"{name} must be {value}")
        if not request.get("nonce"):
            raise AuthRefused("invalid_request", "nonce is missing")
        begun = self._spend(request.get("lti_message_hint", ""), now)
        if begun is None or begun.tool != tool:
            raise AuthRefused("launch_no_longer_valid", "The launch has either expired or already been consumed")
        if request.get("login_hint") != begun.login_hint:
            raise AuthRefused("access_denied", "The launch was begun by somebody else.")
        answer = {"id_token": self._sign(tool, begun.person, request["nonce"], now)}
        return answer | _state(request)

    def refuse(self, request: Mapping[str, str], refused: AuthRefused) -> dict[str, str]:
        """The fields to post to the tool's redirect_uri in place of a token."""
        return {"error": refused.error, "error_description": refused.description} | _state(request)

    def _spend(self, hint: str, now: float) -> _Begun | None:
        with self._lock:
            begun = self._begun.pop(hint, None)
        return begun if begun is not None and begun.until > now else None

    def _sign(self, tool: LtiTool, person: Person, nonce: str, now: float) -> str:
        product = PRODUCTS[tool.product]
        exchange = {
            "iss": tool.issuer,
            "aud": tool.client_id,
            "nonce": nonce,
            "iat": int(now),
            "exp": int(now) + product.token_lifetime,
            CLAIM + "deployment_id": tool.deployment_id,
            CLAIM + "target_link_uri": tool.launch_url,
            CLAIM + "message_type": "LtiResourceLinkRequest",
            CLAIM + "version": "1.3.0",
        }
        claims = exchange | product.read_claims(tool, person, self._return_url)
        return jwt.encode({"typ": "JWT", "alg": "RS256", "kid": self._key.kid}, claims, self._key)


def _state(request: Mapping[str, str]) -> dict[str, str]:
    return {"state": request["state"]} if "state" in request else {}
