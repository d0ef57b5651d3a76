"""Requests to the OpenID Provider as Authlib takes them, and the checks that Authlib leaves to us.

What an authorization request may ask for is the table of OpenID Connect Core 1.0, section 3.1.2.1. Every check here
raises one of the errors that go back to a client whose address is known to be registered.
"""

from __future__ import annotations

import hmac
import re
from collections import defaultdict
from typing import Any

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # Authlib ships no types
    ClientMixin,
    InvalidRequestError,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]
from authlib.oidc.core.errors import (  # type: ignore[import-untyped]
    AccountSelectionRequiredError,
    ConsentRequiredError,
    RegistrationNotSupportedError,
    RequestNotSupportedError,
    RequestURINotSupportedError,
)

from bridge.contracts import LaunchRequest
from bridge.ottolearn.settings import Oidc
from bridge.ottolearn.signin.oidc_claims import SCOPES

LONGEST_NONCE = 512
"""Characters; it is kept until the code is spent."""
_PROMPTS = {"none", "login", "consent", "select_account"}
_NOT_SUPPORTED = {
    "request": RequestNotSupportedError,
    "request_uri": RequestURINotSupportedError,
    "registration": RegistrationNotSupportedError,
}


class _Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib ships no types, here and below
    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._all: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in fields:
            if value:  # "parameters sent without a value MUST be treated as if they were omitted" (RFC 6749, 3.1)
                self._all[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._all.items()}

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._all


class OidcRequest(OAuth2Request):  # type: ignore[misc]
    """One request: parameters from the query of a GET, from the form of a POST, and from nowhere else."""

    def __init__(self, request: LaunchRequest) -> None:
        authorization = request.headers.get("authorization")
        super().__init__(request.method, request.url, headers={"Authorization": authorization} if authorization else {})
        self.payload = _Payload(list(request.form if request.method == "POST" else request.query))

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a token request."""
        return dict(self.payload.data)

    def given(self, name: str) -> str:
        """One parameter, or empty."""
        return str(self.payload.data.get(name, ""))

    def require_each_once(self) -> None:
        """Refuse a repeated parameter: two readers could take two different ones (RFC 6749, section 3.1)."""
        for values in self.payload.datalist.values():
            if len(values) > 1:
                raise InvalidRequestError("A parameter is there more than once.")


class OidcClient(ClientMixin):  # type: ignore[misc]
    """OttoLearn, the one client there is."""

    def __init__(self, settings: Oidc) -> None:
        self.settings = settings

    def get_client_id(self) -> str:
        return self.settings.client_id

    def get_default_redirect_uri(self) -> None:
        """None: OpenID Connect requires the parameter."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What is granted of `scope`; scopes that nobody knows are ignored (OpenID Connect Core 1.0, 3.1.2.1)."""
        asked = (scope or "").split()
        return " ".join(known for known in SCOPES if known in asked) if "openid" in asked else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.settings.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        expected = self.settings.client_secret.get_secret_value()
        return hmac.compare_digest(client_secret.encode(), expected.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        del endpoint
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class HashedCodeChallenge(CodeChallenge):  # type: ignore[misc]
    """PKCE (RFC 7636), by S256 alone: `plain`, the default of the specification, protects nothing."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str | None) -> None:
        if grant.request.given("code_challenge") and not grant.request.given("code_challenge_method"):
            raise InvalidRequestError("Only code_challenge_method=S256 is supported.")
        super().validate_code_challenge(grant, redirect_uri)


def check_openid_request(request: OidcRequest) -> None:
    """Refuse what the specification lets a provider refuse, with the error that it names for it."""
    request.require_each_once()
    for name, error in _NOT_SUPPORTED.items():
        if request.given(name):
            raise error
    if request.given("response_mode") not in {"", "query"}:
        raise InvalidRequestError("Only response_mode=query is supported.")
    if len(request.given("nonce")) > LONGEST_NONCE:
        raise InvalidRequestError("The nonce is too long.")
    if not re.fullmatch(r"[0-9]{0,9}", request.given("max_age")):
        raise InvalidRequestError("max_age is not a number of seconds.")
    _check_prompt(set(request.given("prompt").split()))


def _check_prompt(prompts: set[str]) -> None:
    """A launch signs a learner in and asks nothing; who wants more than a sign-in cannot have it here."""
    if not prompts <= _PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise InvalidRequestError("The prompt is not one that the specification knows.")
    if "select_account" in prompts:
        raise AccountSelectionRequiredError
    if "consent" in prompts:
        raise ConsentRequiredError
