"""The authorization code grant on Authlib's machinery: codes that work once, for a minute, and what they buy.

A code, and the access token that it buys, are kept as hashes alone (`bridge.store.one_time`). The token follows from
the code by a keyed hash: whoever brings a code a second time takes the token back (RFC 6749, section 4.1.2).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]  # Authlib ships no types
    AuthorizationServer,
    InvalidRequestError,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bridge.contracts import Learner
from bridge.keys.own import OwnKeys
from bridge.ottolearn.settings import Oidc
from bridge.ottolearn.signin.launch_session import LaunchedLearner
from bridge.ottolearn.signin.oidc_claims import ALGORITHM, TOKEN_LIVES, claims_about, id_token
from bridge.ottolearn.signin.oidc_requests import HashedCodeChallenge, OidcClient, OidcRequest, check_openid_request
from bridge.store import learners, one_time
from bridge.store.database import Engine

if TYPE_CHECKING:
    from joserfc.jwk import KeySetSerialization

CODE_LIVES = 60
"""Seconds."""
CODE, ACCESS = "oidc code", "oidc access token"


class Reply(NamedTuple):
    """An HTTP answer as plain values; a mapping is sent as JSON."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str]


class IssuedCode(NamedTuple):
    """What a code stands for. Field by field text, as the database keeps it."""

    user_id: str
    username: str
    auth_time: str
    scope: str
    nonce: str
    redirect_uri: str
    code_challenge: str

    @property
    def code_challenge_method(self) -> str:
        """The only one there is."""
        return "S256"

    def get_redirect_uri(self) -> str:
        """For Authlib."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """For Authlib."""
        return self.scope


@dataclass(frozen=True)
class CodeIssuer:
    """What codes and tokens are made with."""

    settings: Oidc
    issuer: str
    engine: Engine
    keys: OwnKeys
    secret: bytes
    now: Callable[[], float]
    token: Callable[[], str]

    def keep_code(self, request: OidcRequest) -> str:
        """A new code for whoever `request.user` is."""
        launched: LaunchedLearner = request.user
        asked = (request.scope, *(request.given(name) for name in ("nonce", "redirect_uri", "code_challenge")))
        issued = IssuedCode(str(launched.user_id), launched.username, repr(launched.at), *asked)
        code = self.token()
        one_time.keep(self.engine, CODE, code, issued._asdict(), until=self.now() + CODE_LIVES)
        return code

    def take_code(self, code: str) -> IssuedCode | None:
        """What `code` stands for, once; a second time, the token that it bought is good no more."""
        found = one_time.take(self.engine, CODE, code, now=self.now())
        if found is None:
            one_time.take(self.engine, ACCESS, self.access_token(code), now=self.now())
            return None
        return IssuedCode(**found)

    def access_token(self, code: str) -> str:
        """The access token that `code` buys."""
        return urlsafe_b64encode(hmac.digest(self.secret, code.encode(), hashlib.sha256)).decode().rstrip("=")

    def learner(self, user_id: str) -> Learner | None:
        """The learner, as long as they may enter."""
        found = learners.learner(self.engine, int(user_id))
        return found if found and found.active else None

    def hinted(self, token: str) -> str:
        """The `sub` of an ID token that we made for the client, however long ago. Raises InvalidRequestError."""
        try:
            keys = KeySet.import_key_set(cast("KeySetSerialization", self.keys.key_set()))
            claims = jwt.decode(token, keys, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, TypeError) as error:  # TypeError: its header is JSON, and no object
            raise InvalidRequestError("The id_token_hint is not a token of this provider.") from error
        if claims.get("iss") != self.issuer or claims.get("aud") != self.settings.client_id:
            raise InvalidRequestError("The id_token_hint is not a token of this provider for this client.")
        return str(claims.get("sub", ""))

    def subject(self, launched: LaunchedLearner) -> str:
        """The `sub` of the learner who has arrived."""
        return launched.username if self.settings.username_claim == "sub" else str(launched.user_id)

    def issue(self, code: str, issued: IssuedCode, learner: Learner) -> dict[str, Any]:
        """The answer to a good token request (OpenID Connect Core 1.0, section 3.1.3.3)."""
        access_token = self.access_token(code)
        kept = {"user_id": issued.user_id, "username": issued.username, "scope": issued.scope}
        one_time.keep(self.engine, ACCESS, access_token, kept, until=self.now() + TOKEN_LIVES)
        signed = id_token(
            claims_about(learner, issued.username, self.settings.username_claim, issued.scope),
            self.keys.signing(),
            issuer=self.issuer,
            client_id=self.settings.client_id,
            now=self.now(),
            auth_time=float(issued.auth_time),
            nonce=issued.nonce,
            access_token=access_token,
        )
        bearer = {"access_token": access_token, "token_type": "Bearer", "expires_in": TOKEN_LIVES}
        return {**bearer, "id_token": signed, "scope": issued.scope}


class OidcServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server with our one client, our codes, and plain values at both ends."""

    def __init__(self, code_issuer: CodeIssuer) -> None:
        super().__init__()
        self.code_issuer = code_issuer
        self.client = OidcClient(code_issuer.settings)
        self.register_grant(_CodeGrant, [HashedCodeChallenge(required=False), _check_openid])

    def query_client(self, client_id: str) -> OidcClient | None:
        return self.client if client_id == self.client.get_client_id() else None

    def save_token(self, token: dict[str, Any], request: OidcRequest) -> None:
        """Nothing: `CodeIssuer.issue` has kept it."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: OidcRequest) -> OidcRequest:
        return request

    def handle_response(self, status: int, body: Mapping[str, Any] | str, headers: list[tuple[str, str]]) -> Reply:
        return Reply(status, body, dict(headers))


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    def generate_authorization_code(self) -> str:
        return self.server.code_issuer.keep_code(self.request)  # type: ignore[no-any-return]

    def save_authorization_code(self, code: str, request: OidcRequest) -> None:
        """Nothing: the code was kept when it was made."""

    def query_authorization_code(self, code: str, client: OidcClient) -> IssuedCode | None:
        del client  # the only one there is
        # Spent before redirect_uri and verifier are compared: nobody gets a second guess at them.
        return self.server.code_issuer.take_code(code)  # type: ignore[no-any-return]

    def delete_authorization_code(self, authorization_code: IssuedCode) -> None:
        """Nothing: it was spent by the asking."""

    def authenticate_user(self, authorization_code: IssuedCode) -> Learner | None:
        return self.server.code_issuer.learner(authorization_code.user_id)  # type: ignore[no-any-return]

    def generate_token(self, user: Learner, **_: object) -> dict[str, Any]:
        issued: IssuedCode = self.request.authorization_code
        return self.server.code_issuer.issue(self.request.given("code"), issued, user)  # type: ignore[no-any-return]


def _check_openid(grant: Any) -> None:
    def check(checked: Any, _redirect_uri: str | None) -> None:
        check_openid_request(checked.request)

    grant.register_hook("after_validate_authorization_request_payload", check)
