"""Brightspace's API: signed in by one-time refresh tokens, read by bookmarks (`/d2l/api/lp/VERSION`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from adapters.brightspace.people import RIGHTS, User, key_of
from adapters.brightspace.settings import Settings
from bridge.contracts import ReaderContext, clean
from bridge.errors import ConfigError, RemoteRefused, RosterIncomplete
from bridge.net.answers import body_excerpt
from bridge.net.http import HttpResponse, host_of
from bridge.roster.authorization_code import AuthorizationCodeClient
from bridge.roster.paging import ByToken, Page, PageGuard, walk
from bridge.roster.token_response import error_words
from bridge.roster.tokens import TokenSession

NEEDED: Final = "a Brightspace roster needs the key `api` in its connection: `url`, `client_id`, `client_secret`"


def oauth_client(settings: Settings) -> AuthorizationCodeClient | None:
    """The client for which an administrator consents; None where the connection has no API."""
    api = settings.api
    if api is None:
        return None
    return AuthorizationCodeClient(
        title="Brightspace",
        authorize_url=f"{api.auth_url}/oauth2/auth",
        token_url=f"{api.auth_url}/core/connect/token",
        client_id=api.client_id,
        client_secret=api.client_secret.get_secret_value(),
        scope=api.scope,
        refresh_advice="In Brightspace: Admin Tools, Manage Extensibility, OAuth 2.0: tick Enable refresh tokens",
    )


class Brightspace:
    """One Brightspace as the user sees it who consented. `launching`: whether a launch waits for the answer."""

    def __init__(self, settings: Settings, context: ReaderContext, *, launching: bool = False) -> None:
        client = oauth_client(settings)
        if settings.api is None or client is None:
            raise ConfigError([NEEDED])
        self._api = settings.api
        self._users = f"{self._api.url}/d2l/api/lp/{self._api.version}/users/"
        self._notice = context.notice
        self._session = TokenSession(client.token(context), context, wait=not launching)

    def users(self) -> Iterator[Sequence[User]]:
        """Everybody, a page at a time; exhausted only when all were read. Raises RosterIncomplete."""
        guard = PageGuard(host_of(self._api.url), people="users", key="UserId")
        yield from walk(self._users, lambda url: self._page(self._session.get(url)), ByToken("bookmark"), guard, key_of)
        if guard.uneven:
            self._notice(
                "Brightspace sent pages of different sizes: people in between may not be shown to the user who "
                f"consented; compare their number with Brightspace's own. {RIGHTS}"
            )

    def find(self, parameter: str, value: str) -> list[User]:
        """The users with this `orgDefinedId`, `userName` or `externalEmail`: a list, or one user, or 404 for nobody."""
        answer = self._session.get(f"{self._users}?{urlencode({parameter: value})}")
        if answer.status == 404 and _errors(answer):
            return []
        document = self._json(answer)
        found = document if isinstance(document, list) else [document]
        if not all(isinstance(user, dict) and "UserId" in user for user in found):
            raise RemoteRefused(f"{host_of(self._api.url)} answered with something else than users")
        return found

    def versions(self) -> tuple[str, ...]:
        """The versions of the component `lp` that the site has, the newest last; empty where it does not say."""
        document = self._json(self._session.get(f"{self._api.url}/d2l/api/lp/versions/"))
        component = (
            next((one for one in document if isinstance(one, dict)), None) if isinstance(document, list) else document
        )
        found = component.get("SupportedVersions") if isinstance(component, dict) else None
        return tuple(map(clean, found)) if isinstance(found, list) else ()

    def _page(self, answer: HttpResponse) -> Page[User]:
        try:
            document = self._json(answer)
        except RemoteRefused as error:
            if answer.status == 200:
                raise RosterIncomplete(f"a page of users cannot be read: {error}") from error
            raise
        users, paging = (
            (document.get("Items"), document.get("PagingInfo")) if isinstance(document, dict) else (None, None)
        )
        if not isinstance(users, list) or not {*map(type, users)} <= {dict}:
            raise RosterIncomplete(f"{host_of(self._api.url)}: a page holds no list of users")
        more = paging.get("HasMoreItems") if isinstance(paging, Mapping) else None
        if not isinstance(paging, Mapping) or not isinstance(more, bool):
            raise RosterIncomplete(
                f"{host_of(self._api.url)}: a page says nothing of HasMoreItems, so it may not be the last"
            )
        return Page(users, None, clean(paging.get("Bookmark")), more)

    def _json(self, answer: HttpResponse) -> Any:
        """What an answer says. Raises RemoteRefused."""
        host = host_of(self._api.url)
        if answer.status == 200:
            return answer.json()
        hint = RIGHTS
        if answer.status == 404:
            hint = f"Perhaps the site has no version {self._api.version} of its API (api.version): `ottobridge doctor`"
        elif answer.status in {401, 403}:
            hint = f"The token's scope must have users:userdata:read (api.scope). {RIGHTS}"
        raise RemoteRefused(
            f"{host} answered {answer.status} to the list of users{_errors(answer)}. {hint}{body_excerpt(answer.body)}",
            status=answer.status,
        )


def _errors(answer: HttpResponse) -> str:
    """What Brightspace says of an error, in brackets; empty where it is not Brightspace that speaks."""
    try:
        document = answer.json()
    except RemoteRefused:
        return ""
    errors = document.get("Errors") if isinstance(document, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return error_words(first, "Message") if isinstance(first, dict) else ""
