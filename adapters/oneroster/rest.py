"""The REST binding (OneRoster 1.2 Rostering Service, 1.1 section 3): users, page after page, to the proven end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import oauthlib.oauth1

from adapters.oneroster.settings import Api, Filters
from bridge.contracts import ReaderContext, clean
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.net.answers import body_excerpt
from bridge.net.http import HttpResponse, host_of
from bridge.net.retry import with_retries
from bridge.roster.clock import ServiceClock
from bridge.roster.paging import ByLink, ByOffset, Page, PageGuard, tells_pages, walk
from bridge.roster.shared_token import token_of
from bridge.roster.token_response import LONGEST, error_words
from bridge.roster.tokens import (
    MAX_PAGE_BYTES,
    PAGE_SECONDS,
    AccessToken,
    TokenSession,
    client_credentials,
    fetch_token,
)

User = Mapping[str, Any]

SCOPES = {
    "1.2": "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly",
    "1.1": "https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly",
}


MOST_ALIKE = 20
"""People with one ID who are believed."""


def read_users(
    api: Api, filters: Filters, context: ReaderContext, clock: ServiceClock, since: float | None = None
) -> Iterator[Sequence[User]]:
    """Users as the service says them, a page at a time; exhausted only when all were read.

    With `since` (seconds since 1970) only those changed after it; services may ignore that, or be late by a clock.
    What the service says the time is at its first page goes into `clock`.
    Raises RosterIncomplete where the end is not reached or the total disagrees, RemoteRefused, RemoteUnavailable.
    """
    host, get = host_of(api.url), _session(api, context)

    def read(url: str) -> Page[User]:
        answer = _listed(get(url), url)
        clock.observe(answer)
        total = answer.headers.get("X-Total-Count", "")
        more = False if tells_pages(answer.headers.get("Link", "")) and not answer.next_url else None
        known = int(total) if total.isascii() and total.isdigit() else None
        return Page(_users(answer, host), known, answer.next_url, more)

    guard = PageGuard(host, people="users", key="sourcedId")
    yield from walk(_first_page(api, filters, since), read, _Paging(), guard, lambda user: clean(user.get("sourcedId")))


def find_users(api: Api, filters: Filters, context: ReaderContext, field: str, value: str) -> Sequence[User]:
    """Those whose `field` is `value` by the service's filter (section 3.4.4), in one question.

    Raises RosterIncomplete where it goes on after one page: the service does not know the filter.
    """
    asked = {"limit": MOST_ALIKE, "offset": 0, "filter": f"{field}='{value}'"}
    url = f"{api.url.rstrip('/')}/{_people(filters)}?{urlencode(asked, quote_via=quote)}"
    answer = _listed(_session(api, context)(url), url)
    found = _users(answer, host_of(api.url))
    if answer.next_url or len(found) >= MOST_ALIKE:
        raise RosterIncomplete(f"{host_of(api.url)} does not filter users by {field}: nobody can be looked up")
    return found


def _listed(answer: HttpResponse, url: str) -> HttpResponse:
    if answer.status != 200:
        raise RemoteRefused(
            f"{host_of(url)} answered {answer.status} to the list of users{_words(answer)}; "
            f"check the client's rights for OneRoster rostering, and `url` and `version`{body_excerpt(answer.body)}",
            status=answer.status,
        )
    return answer


def _first_page(api: Api, filters: Filters, since: float | None) -> str:
    """`/students` where only students are asked for, else `/users`; sorted, so that pages do not shift."""
    people = _people(filters)
    asked = {"limit": api.page_size, "offset": 0, "sort": "sourcedId", "orderBy": "asc"}
    changed = {} if since is None else {"filter": f"dateLastModified>'{_moment(since)}'"}
    return f"{api.url.rstrip('/')}/{people}?{urlencode({**asked, **changed}, quote_via=quote)}"


def _people(filters: Filters) -> str:
    return "students" if {role.lower() for role in filters.roles} == {"student"} else "users"


def _moment(since: float) -> str:
    return datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _users(answer: HttpResponse, host: str) -> list[User]:
    try:
        document = answer.json()
    except RemoteRefused as error:
        raise RosterIncomplete(f"{host}: a page of users cannot be read: {error}") from error
    users = document.get("users") if isinstance(document, dict) else None
    if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
        raise RosterIncomplete(f"{host}: a page holds no list of users")
    return users


class _Paging:
    """By `Link` where the service sends it, else by offset (OneRoster 1.1 and 1.2, section 3.4)."""

    def following(self, position: str, page: Page[User], guard: PageGuard) -> str:
        return (ByLink() if page.cursor else ByOffset()).following(position, page, guard)


def _session(api: Api, context: ReaderContext) -> Callable[[str], HttpResponse]:
    if api.sign_in == "oauth1":
        return _OneLegged(api, context).get
    if api.sign_in == "bearer":
        return TokenSession(AccessToken(lambda: (api.token.get_secret_value(), LONGEST), context.now), context).get
    scope = SCOPES[api.version] if api.scope is None else api.scope
    secret, url = api.client_secret.get_secret_value(), api.token_url or ""
    request = client_credentials(url, api.client_id, secret, scope=scope, client_auth=api.client_auth)
    token = token_of(context, f"{api.client_id} {scope} {url}", lambda: fetch_token(request, context.outbound))
    return TokenSession(token, context).get


class _OneLegged:
    """Calls that are signed one by one."""

    def __init__(self, api: Api, context: ReaderContext) -> None:
        self._api = api
        self._context = context

    def get(self, url: str) -> HttpResponse:
        return with_retries(lambda: self._called(url), self._context)

    def _called(self, url: str) -> HttpResponse:
        return self._context.outbound.request(
            "GET",
            url,
            headers={"Accept": "application/json", **self._signed(url)},
            deadline=PAGE_SECONDS,
            max_bytes=MAX_PAGE_BYTES,
        )

    def _signed(self, url: str) -> dict[str, str]:
        """OAuth 1.0a with a consumer key alone (OneRoster 1.1 section 4.1)."""
        client = oauthlib.oauth1.Client(
            self._api.client_id,
            client_secret=self._api.client_secret.get_secret_value(),
            signature_method=oauthlib.oauth1.SIGNATURE_HMAC_SHA256,
            timestamp=str(int(self._context.now())),
        )
        _, headers, _ = client.sign(url)
        return dict(headers)


def _words(answer: HttpResponse) -> str:
    """What a service says of its refusal (OneRoster 1.2, 3.8.3 `imsx_StatusInfo`; OAuth 2.0, RFC 6750 section 3)."""
    try:
        document = answer.json()
    except RemoteRefused:
        return ""
    return error_words(document, "error", "error_description", "imsx_description") if isinstance(document, dict) else ""
