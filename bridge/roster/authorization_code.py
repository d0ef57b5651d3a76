"""APIs for which an administrator consents once in a browser (RFC 6749 section 4.1), with one-time refresh tokens.

A refresh token that was sent and whose answer was lost is dead at the LMS and not replaced here: the administrator must
consent again, and the message says so. Nothing else of a crash costs anything.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused
from bridge.net.http import Outbound, host_of
from bridge.roster.services import StoredSecret
from bridge.roster.shared_token import SharedToken, StoredToken
from bridge.roster.token_response import EARLY, Grant, error_words, read_grant
from bridge.roster.tokens import TokenRequest, ask_for_token

NO_CODE: Final = "there is no code in it: paste the whole address that the browser shows"
SECRET: Final = "refresh token"  # noqa: S105 -- the name of a secret
AGAIN: Final = "an administrator must consent again, with `ottobridge setup consent` and the name of the connection"

_QUERY: Final = re.compile(r"[a-z]+://|\??(code|state|error|error_description)=", re.IGNORECASE)
_CODE: Final = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AuthorizationCodeClient:
    """The bridge as an OAuth client of an LMS."""

    title: str
    """The name of the LMS, for messages."""
    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    refresh_advice: str
    """What to change in the LMS where it gives no refresh token."""

    def consent_url(self, redirect_uri: str, state: str) -> str:
        """The address at which the administrator consents."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.scope,
            "state": state,
        }
        return f"{self.authorize_url}?{urlencode(asked)}"

    def trade_code(self, outbound: Outbound, code: str, redirect_uri: str, now: Callable[[], float]) -> StoredToken:
        """The first tokens. Raises RemoteRefused where the code is not taken or no refresh token comes with it."""
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        grant = self._ask(outbound, asked)
        if not grant.refresh:
            raise RemoteRefused(f"{host_of(self.token_url)} gave no refresh token. {self.refresh_advice}")
        return StoredToken(self._name, grant.access, now() + grant.seconds - EARLY, grant.refresh)

    def token(self, context: ReaderContext) -> SharedToken:
        """The token for a reading. Raises RemoteRefused where nothing can be kept."""
        if context.state is None:
            raise RemoteRefused(f"{self.title} gives one-time refresh tokens, and there is no database to keep them in")

        def renew(secret: StoredSecret, stored: StoredToken) -> StoredToken:
            return self._refresh(secret, stored, context)

        return SharedToken(context.state, SECRET, self._name, renew, context.now)

    def _refresh(self, secret: StoredSecret, stored: StoredToken, context: ReaderContext) -> StoredToken:
        if not stored.refresh:
            raise RemoteRefused(
                f"nobody has consented yet that the bridge reads {self.title}: run `ottobridge setup consent` with the "
                "name of the connection"
            )
        if stored.client != self._name:
            raise RemoteRefused(f"the consent was given to another client ID, or at another address; {AGAIN}")
        secret.replace(stored._replace(access="", refreshing_since=context.now()).to_text())
        try:
            grant = self._ask(context.outbound, {"grant_type": "refresh_token", "refresh_token": stored.refresh})
        except RemoteRefused as error:
            if "invalid_grant" in str(error):
                raise RemoteRefused(self._why_dead(stored, str(error)), status=error.status) from error
            if 400 <= error.status < 500:  # it said no, so the refresh token is as it was
                secret.replace(stored._replace(access="").to_text())
            raise
        until = context.now() + grant.seconds - EARLY
        fresh = StoredToken(self._name, grant.access, until, grant.refresh or stored.refresh)
        secret.replace(fresh.to_text())  # before the access token is used
        return fresh

    def _why_dead(self, stored: StoredToken, error: str) -> str:
        if stored.refreshing_since:
            return f"{error}: the refresh token was sent before, and its answer was lost on the way; {AGAIN}"
        return (
            f"{error}: the refresh token was withdrawn, has expired, or was used by another program (a copy of the "
            f"database?); {AGAIN}"
        )

    @property
    def _name(self) -> str:
        return f"{self.client_id} {self.token_url}"

    def _ask(self, outbound: Outbound, asked: dict[str, str]) -> Grant:
        request = TokenRequest(self.token_url, asked, (self.client_id, self.client_secret))
        return ask_for_token(request, outbound, read_grant)


def read_redirect(pasted: str, state: str) -> str:
    """The code in what an administrator pasted: the address that the browser ended at, or the code alone.

    Raises ValueError, in words, for the address of another consent, or of one that was refused.
    """
    text = pasted.strip()
    if not _QUERY.match(text):
        if not _CODE.fullmatch(text):
            raise ValueError(NO_CODE)
        return text
    parameters = parse_qs(urlsplit(text).query if "://" in text else text.removeprefix("?"))
    if "error" in parameters:
        reason = error_words({name: values[0] for name, values in parameters.items()}, "error", "error_description")
        raise ValueError(f"the consent was refused{reason}")
    if len(parameters.get("code", [])) != 1:
        raise ValueError(NO_CODE)
    if not hmac.compare_digest("".join(parameters.get("state", [])).encode(), state.encode()):
        raise ValueError("it is the answer to another request: open the address above, and paste where it leads")
    return parameters["code"][0]
