"""Blackboard's REST API: signed in as an application, within the day's calls (`/learn/api/public/v1`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from adapters.blackboard.people import ASKED, RIGHTS, User, key_of
from adapters.blackboard.settings import Api
from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.net.answers import body_excerpt
from bridge.net.http import HttpResponse, host_of
from bridge.roster.paging import ByLink, Page, PageGuard, cursor_in, walk, with_query
from bridge.roster.shared_token import token_of
from bridge.roster.token_response import error_words
from bridge.roster.tokens import TokenSession, client_credentials, fetch_token

ROOT: Final = "/learn/api/public/v1"
DAY: Final = 86_400.0
TOO_MANY: Final = 429


class Blackboard:
    """One Blackboard Learn as its application sees it. `launching`: whether a launch waits for the answer."""

    def __init__(self, api: Api, context: ReaderContext, *, launching: bool = False) -> None:
        self._api = api
        self._calls = Calls(api, context, launching=launching)
        url = f"{api.url}{ROOT}/oauth2/token"
        request = client_credentials(url, api.key, api.secret.get_secret_value())

        def fetch() -> tuple[str, float]:
            self._calls.note()
            return fetch_token(request, context.outbound)

        token = token_of(context, f"{api.key} {url}", fetch)
        self._session = TokenSession(token, context, wait=not launching, before=self._calls.note)
        self.left = ""
        """How many calls Blackboard says are left to the developer group today; empty where it does not say."""

    def get(self, path: str) -> HttpResponse:
        """The answer to a call below the API, whatever its status below 500."""
        return self.get_at(f"{self._api.url}{ROOT}{path}")

    def get_at(self, url: str) -> HttpResponse:
        """The same for a whole address. Raises RemoteUnavailable, which says so where the day's calls are used up."""
        try:
            answer = self._session.get(url)
        except RemoteUnavailable as error:
            if error.status != TOO_MANY:
                raise
            raise RemoteUnavailable(
                f"{error}: the calls of Blackboard's developer group are used up; {self._calls.usage()}. Sync less "
                "often (roster.every), or ask Anthology for more calls",
                status=error.status,
                retry_after=error.retry_after,
            ) from error
        self.left = answer.headers.get("X-Rate-Limit-Remaining", "")
        return answer

    def users(self, data_source: str = "") -> Iterator[Sequence[User]]:
        """Everybody, or everybody of a data source, a page at a time; exhausted only when all were read.

        Raises RosterIncomplete where the end is not reached or somebody is left out between two pages.
        """
        host = host_of(self._api.url)
        guard = PageGuard(host, people="users", key="id")
        source = {"dataSourceId": data_source} if data_source else {}
        query = urlencode({"limit": self._api.page_size, "offset": 0, **source, "fields": ",".join(ASKED)}, safe=",")
        first, paging = f"{self._api.url}{ROOT}/users?{query}", _Following(self._api.page_size)
        yield from walk(first, lambda url: _page(self.get_at(url), url), paging, guard, key_of)

    def user(self, kind: str, value: str) -> User | None:
        """The user with this `externalId`, `userName` or `uuid`, or with this primary id where `kind` is empty."""
        name = f"{kind}:{value}" if kind else value
        path = f"/users/{quote(name, safe=':')}?{urlencode({'fields': ','.join(ASKED)}, safe=',')}"
        answer = self.get(path)
        return None if answer.status == 404 else _json_object(answer, path)

    def usage(self) -> str:
        """How many of the day's calls were made."""
        return self._calls.usage()


class Calls:
    """The calls of a day, counted for all processes together."""

    def __init__(self, api: Api, context: ReaderContext, *, launching: bool) -> None:
        self._api = api
        self._state = context.state
        self._launching = launching

    def note(self) -> None:
        """Count one more call. Raises RosterIncomplete, before it is made, where there is none left for it."""
        if self._state is None:
            return
        if self._launching and self._state.count(LOOK_UPS, DAY) > self._api.look_ups_per_day:
            raise RemoteUnavailable(
                f"no more calls are made for launches today: {self._api.look_ups_per_day} were (api.look_ups_per_day)",
                lasting=True,
            )
        if self._state.count(ALL, DAY) > self._api.calls_per_day:
            raise RosterIncomplete(
                f"today's calls to Blackboard are used up, so the roster is not read to its end: {self.usage()}. A "
                f"roster takes one call for {self._api.page_size} people; sync less often (roster.every), narrow "
                "roster.filters, or raise api.calls_per_day where Anthology gave the developer group more"
            )

    def usage(self) -> str:
        """What was used of what there is."""
        if self._state is None:
            return "nothing counts the calls here"
        made, looked = self._state.counted(ALL, DAY), self._state.counted(LOOK_UPS, DAY)
        return (
            f"{made} of {self._api.calls_per_day} calls were made since midnight UTC (api.calls_per_day), {looked} of "
            "them for launches"
        )


ALL: Final = "calls"
LOOK_UPS: Final = "calls for launches"


@dataclass(frozen=True, slots=True)
class _Following(ByLink):
    """By the relative `paging.nextPage`, which must go on where this page ended. A full page that names no next one is
    the last only where nobody comes after it."""

    size: int
    """How many users a page was asked for."""

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        url = ByLink.following(self, position, page, guard)
        if not url and guard.all_full and page.rows and guard.count >= self.size:
            return with_query(position, {"offset": guard.count})
        (offset,) = parse_qs(urlsplit(url).query).get("offset", [""])[-1:]
        if url and offset.isascii() and offset.isdigit() and int(offset) != guard.count:
            raise guard.broken(
                f"goes on after {offset} users, and {guard.count} came: pages are cut, or some of their users are not "
                f"shown to this application. {RIGHTS}"
            )
        return url


def _page(answer: HttpResponse, url: str) -> Page[User]:
    document = _json_object(answer, url)
    users, paging = document.get("results"), document.get("paging")
    if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
        raise RosterIncomplete(f"{host_of(url)}: a page holds no list of users")
    if not isinstance(paging, dict | None):
        raise RosterIncomplete(f"{host_of(url)}: a page says in a way that cannot be read what comes next")
    return Page(users, None, cursor_in((paging or {}).get("nextPage"), host_of(url)))


def _json_object(answer: HttpResponse, url: str) -> Mapping[str, Any]:
    """What an answer says. Raises RemoteRefused, RosterIncomplete where it is no JSON."""
    host = host_of(url) if "://" in url else "Blackboard"
    try:
        document = answer.json()
    except RemoteRefused as error:
        if answer.status == 200:
            raise RosterIncomplete(f"{host}: a page of users cannot be read: {error}") from error
        document = None
    if answer.status != 200 or not isinstance(document, dict):
        usage = error_words(document, "message") if isinstance(document, dict) else ""
        raise RemoteRefused(
            f"{host} answered {answer.status} to the list of users{usage}. {RIGHTS}{body_excerpt(answer.body)}",
            status=answer.status,
        )
    return document
