"""The REST binding (OneRoster 1.2 Rostering Service, 1.1 section 3): users, page after page, to the proven end."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import oauthlib.oauth1

from adapters.oneroster.settings import Api, Filters
from bridge.answers import instead
from bridge.contracts import Means, clean
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.http import Answer, host_of
from bridge.lti.service_token import EARLY, read_token, words_of
from bridge.patience import patiently
from bridge.rosters import next_page

User = Mapping[str, Any]

SCOPES = {
    "1.2": "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly",
    "1.1": "https://purl.imsglobal.org/spec/or/v1p1/scope/roster-core.readonly",
}
MAX_PAGES = 100_000
MAX_PAGE_BYTES = 32 * 1024 * 1024
PAGE_SECONDS = 120.0


class ServiceClock:
    """What time a service says it is."""

    def __init__(self) -> None:
        self.first: float | None = None
        """Seconds since 1970, when it sent the first page; None where it did not say."""
        self._pages = 0

    def hear(self, answer: Answer) -> None:
        """Note the time of the first page."""
        self._pages += 1
        if self._pages == 1:
            with suppress(ValueError, OverflowError):
                # Always in GMT (RFC 9110 section 5.6.7).
                said = parsedate_to_datetime(answer.headers.get("Date", ""))
                self.first = said.replace(tzinfo=UTC).timestamp()


def read_users(
    api: Api, filters: Filters, means: Means, clock: ServiceClock, since: float | None = None
) -> Iterator[Sequence[User]]:
    """Users as the service says them, a page at a time; exhausted only when all were read.

    With `since` (seconds since 1970) only those changed after it; services may ignore that, or be late by a clock.
    What the service says the time is at its first page goes into `clock`.
    Raises RosterIncomplete where the end is not reached or the total disagrees, RemoteRefused, RemoteUnavailable.
    """
    reading = _Reading(host_of(api.url))
    session = _Session(api, means)
    following = _first_page(api, filters, since)
    while following:
        reading.open(following)
        answer = session.get(following)
        clock.hear(answer)
        page = _users(answer, reading.host)
        reading.note(page, answer)
        if page:
            yield page
        following = reading.following(following, answer, page, api, filters, since)


def _first_page(api: Api, filters: Filters, since: float | None) -> str:
    return _page_at(0, api, filters, since)


def _page_at(offset: int, api: Api, filters: Filters, since: float | None) -> str:
    """`/students` where only students are asked for, else `/users`; sorted, so that pages do not shift."""
    people = "students" if {role.lower() for role in filters.roles} == {"student"} else "users"
    asked = {"limit": api.page_size, "offset": offset, "sort": "sourcedId", "orderBy": "asc"}
    changed = {} if since is None else {"filter": f"dateLastModified>'{_moment(since)}'"}
    return f"{api.url.rstrip('/')}/{people}?{urlencode({**asked, **changed}, quote_via=quote)}"


def _moment(since: float) -> str:
    return datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _users(answer: Answer, host: str) -> list[User]:
    try:
        said = answer.json()
    except RemoteRefused as error:
        raise RosterIncomplete(f"{host}: a page of users cannot be read: {error}") from error
    users = said.get("users") if isinstance(said, dict) else None
    if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
        raise RosterIncomplete(f"{host}: a page holds no list of users")
    return users


class _Reading:
    """What has been read, and what the service said there would be."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._pages: set[str] = set()
        self._people: set[str] = set()
        self._total: int | None = None

    def open(self, url: str) -> None:
        """Refuse a page that leads in a circle, or on for ever."""
        if url in self._pages:
            raise RosterIncomplete(f"{self.host}: the list of users leads back to a page that was read")
        if len(self._pages) >= MAX_PAGES:
            raise RosterIncomplete(f"{self.host}: the list of users has more than {MAX_PAGES} pages")
        self._pages.add(url)

    def note(self, page: Sequence[User], answer: Answer) -> None:
        """Count people. Somebody who comes twice means that the pages shifted, and that somebody else was missed."""
        for user in page:
            sourced_id = clean(user.get("sourcedId"))
            if sourced_id in self._people:
                raise RosterIncomplete(f"{self.host}: a user came twice; the list changed while it was read")
            self._people.add(sourced_id)
        total = answer.headers.get("X-Total-Count", "")
        if total.isascii() and total.isdigit():
            self._total = int(total)

    def following(
        self, url: str, answer: Answer, page: Sequence[User], api: Api, filters: Filters, since: float | None
    ) -> str:
        """The next page, or empty at the end: by `Link`, else by the total, else by an empty page."""
        if answer.next_url:
            return next_page(url, answer.next_url)
        done = "Link" in answer.headers or not page or len(self._people) == self._total
        if not done:
            return _page_at(len(self._people), api, filters, since)
        if self._total is not None and len(self._people) != self._total:
            raise RosterIncomplete(f"{self.host}: {len(self._people)} users came where it says {self._total}")
        return ""


class _Session:
    """Signed calls to one service."""

    def __init__(self, api: Api, means: Means) -> None:
        self._api = api
        self._means = means
        self._token = ""
        self._until = 0.0

    def get(self, url: str) -> Answer:
        answer = patiently(lambda: self._called(url), self._means)
        if answer.status != 200:
            raise RemoteRefused(
                f"{host_of(url)} answered {answer.status} to the list of users{_words(answer)}; "
                f"check the client's rights for OneRoster rostering, and `url` and `version`{instead(answer.body)}",
                status=answer.status,
            )
        return answer

    def _called(self, url: str) -> Answer:
        headers = self._signed(url) if self._api.sign_in == "oauth1" else self._bearer()
        return self._means.outbound.request(
            "GET",
            url,
            headers={"Accept": "application/json", **headers},
            deadline=PAGE_SECONDS,
            max_bytes=MAX_PAGE_BYTES,
        )

    def _signed(self, url: str) -> dict[str, str]:
        """OAuth 1.0a with a consumer key alone (OneRoster 1.1 section 4.1)."""
        client = oauthlib.oauth1.Client(
            self._api.client_id,
            client_secret=self._api.client_secret.get_secret_value(),
            signature_method=oauthlib.oauth1.SIGNATURE_HMAC_SHA256,
            timestamp=str(int(self._means.now())),
        )
        _, headers, _ = client.sign(url)
        return dict(headers)

    def _bearer(self) -> dict[str, str]:
        if self._api.sign_in == "bearer":
            return {"Authorization": f"Bearer {self._api.token.get_secret_value()}"}
        if self._means.now() >= self._until:
            self._token, seconds = self._ask_token()
            self._until = self._means.now() + seconds - EARLY
        return {"Authorization": f"Bearer {self._token}"}

    def _ask_token(self) -> tuple[str, float]:
        url = self._api.token_url or ""
        secret = self._api.client_secret.get_secret_value()
        scope = SCOPES[self._api.version] if self._api.scope is None else self._api.scope
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        headers = {"Accept": "application/json"}
        if self._api.client_auth == "body":
            form |= {"client_id": self._api.client_id, "client_secret": secret}
        else:
            pair = f"{quote(self._api.client_id, safe='')}:{quote(secret, safe='')}"  # RFC 6749 section 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        try:
            return read_token(self._means.outbound.request("POST", url, data=form, headers=headers), url)
        except RemoteRefused as error:
            raise RemoteRefused(f"{error}{_hint(str(error), scope)}", status=error.status) from error


def _hint(said: str, scope: str) -> str:
    """What to change where a token endpoint did not take the client or the scope."""
    if "invalid_scope" in said:
        return f"; asked for the scope {scope or '(none)'}: give the client that right, or set `scope`"
    return "; or it wants the client in the form: `client_auth: body`" if "invalid_client" in said else ""


def _words(answer: Answer) -> str:
    """What a service says of its refusal (OneRoster 1.2, 3.8.3 `imsx_StatusInfo`; OAuth 2.0, RFC 6750 section 3)."""
    try:
        said = answer.json()
    except RemoteRefused:
        return ""
    return words_of(said, "error", "error_description", "imsx_description") if isinstance(said, dict) else ""
