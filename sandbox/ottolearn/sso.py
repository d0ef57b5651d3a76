"""Single sign-on by OpenID Connect, as OttoLearn's administrators set it up: the bridge is the provider.

The client is Authlib's: it keeps state, nonce and PKCE verifier in the browser's session, and checks the ID token.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import requests
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]  # Authlib ships no types
from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]
from flask import Flask, Response, request
from joserfc.errors import JoseError

from sandbox.ottolearn.learn import TurnedAway, greet, let_in
from sandbox.ottolearn.users import User, Users

CALLBACK = "/learn/callback"
TIMEOUT = (5.0, 15.0)
"""Seconds to connect to the provider, seconds between two bytes."""


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """What OttoLearn's form for a provider takes (its article 209); the addresses follow from the issuer."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    username_claim: str = "preferred_username"


class SsoDoor:
    """Sends who comes to the provider, and lets in whom the provider names."""

    def __init__(self, app: Flask, settings: SingleSignOn, users: Users, username_attributes: tuple[str, ...]) -> None:
        self._settings = settings
        self._users = users
        self._username_attributes = username_attributes
        self._provider = OAuth(app).register(
            "bridge",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid profile", "code_challenge_method": "S256", "default_timeout": TIMEOUT},
        )
        app.add_url_rule(CALLBACK, "sso_callback", self.arrive)

    def begin(self) -> Response:
        """Ask the provider who this is."""
        try:
            answer: Response = self._provider.authorize_redirect(request.host_url.rstrip("/") + CALLBACK)
        except requests.RequestException as error:
            raise TurnedAway(502, "The sign-in service does not answer. Please try again later.") from error
        return answer

    def arrive(self) -> str:
        """Greet whom the provider names."""
        user, username = self._learner(self._claim())
        return greet(let_in(user), username)

    def _claim(self) -> str:
        try:
            token = self._provider.authorize_access_token()
        except OAuthError as error:
            raise TurnedAway(401, f"The sign-in service did not let you in ({error.error}).") from error
        except (requests.RequestException, JoseError, ValueError) as error:
            raise TurnedAway(502, "The sign-in service gave an answer that does not hold.") from error
        return str(token.get("userinfo", {}).get(self._settings.username_claim) or "")

    def _learner(self, username: str) -> tuple[User, str]:
        found = {holder for name in self._username_attributes for holder in self._users.holders(name, username)}
        user = self._users.find(found.pop()) if len(found) == 1 else None
        if user is None:
            raise TurnedAway(404, "Nobody here, or not one person alone, has the username that came.")
        return user, username
