"""Docebo's list of users, page by page to a proven end (`GET /manage/v1/user`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from adapters.docebo.settings import Api
from bridge.contracts import clean
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.net.answers import body_excerpt
from bridge.net.http import HttpResponse, host_of
from bridge.roster.paging import ByNumber, Page, PageGuard, walk
from bridge.roster.token_response import error_words
from bridge.roster.tokens import TokenSession

Item = Mapping[str, Any]
LIST: Final = "/manage/v1/user"
_RIGHTS: Final = "check that the OAuth2 app of API and SSO is active and may use the API, and the level of its user"


def read_items(api: Api, calls: TokenSession) -> Iterator[Sequence[Item]]:
    """Users as Docebo says them, a page at a time; exhausted only when all were read.

    Raises RosterIncomplete where the end is not reached or the total disagrees, RemoteRefused, RemoteUnavailable.
    """
    sizes = _Sizes(host_of(api.url))

    def read(url: str) -> Page[Item]:
        page, size = _page(calls.get(url), url)
        sizes.note(size)
        return page

    guard = PageGuard(host_of(api.url), people="users", key="user_id")
    first_page = address(api, page=1, page_size=api.page_size, get_total_count=1, sort_attr="username", sort_dir="asc")
    return walk(first_page, read, ByNumber(size=api.page_size), guard, key_of)


def search(api: Api, calls: TokenSession, text: str) -> Sequence[Item]:
    """Users in whom Docebo finds `text`, as it looks for it: the first page."""
    url = address(api, page=1, page_size=api.page_size, search_text=text)
    return _page(calls.get(url), url)[0].rows


def read_username(api: Api, calls: TokenSession, user_id: str) -> str:
    """The username of the user with this number; empty where there is none."""
    url = f"{api.url}{LIST}/{quote(user_id, safe='')}"
    answer = calls.get(url)
    if answer.status in {400, 404}:
        return ""
    value = _data(_accepted(answer, url), url).get("user_data")
    return next((name for key in ("username", "userid") if (name := clean(_members(value).get(key)))), "")


def read_titles(api: Api, calls: TokenSession) -> Mapping[str, str]:
    """The additional fields, `field_NUMBER`, by their titles."""
    url = f"{api.url}/manage/v1/user_fields"
    items = _data(_accepted(calls.get(url), url), url).get("items")
    found = [_members(one) for one in items] if isinstance(items, list) else []
    return {f"field_{clean(one.get('id'))}": clean(one.get("title")) for one in found if clean(one.get("id"))}


def address(api: Api, **query: object) -> str:
    """The list with this query."""
    return f"{api.url}{LIST}?{urlencode(query)}"


def key_of(item: Item) -> str:
    """A lasting name of a user."""
    return clean(item.get("user_id"))


class _Sizes:
    """How large pages are: where that changes, page 2 does not begin where page 1 ended."""

    def __init__(self, host: str) -> None:
        self._host = host
        self.size: int | None = None

    def note(self, size: int | None) -> None:
        if self.size is not None and size is not None and size != self.size:
            raise RosterIncomplete(f"{self._host}: pages of {self.size} users became pages of {size} while it was read")
        self.size = self.size or size or 0


def _page(answer: HttpResponse, url: str) -> tuple[Page[Item], int | None]:
    """A page, and the size of pages where that is said."""
    data = _data(_accepted(answer, url), url)
    items = data.get("items")
    if not isinstance(items, list) or not {*map(type, items)} <= {dict}:
        raise RosterIncomplete(f"{host_of(url)}: a page holds no list of users")
    total, more = _number(data.get("total_count")), _number(data.get("has_more_data"))
    if total is None and more is None:
        raise RosterIncomplete(f"{host_of(url)}: a page says neither how many users there are nor whether more follow")
    return Page(items, total, "", None if more is None else bool(more)), _number(data.get("current_page_size"))


def _number(value: object) -> int | None:
    """A whole number, or true and false, as older versions write them in quotes."""
    if isinstance(value, bool | int):
        return int(value)
    text = clean(value)
    return int(text) if text.isascii() and text.isdigit() else {"true": 1, "false": 0}.get(text.lower())


def _accepted(answer: HttpResponse, url: str) -> HttpResponse:
    if answer.status == 200:
        return answer
    try:
        value = _members(answer.json())
    except RemoteRefused:
        value = {}
    reason = error_words(value, "error", "name", "message")
    raise RemoteRefused(
        f"{host_of(url)} answered {answer.status} to the list of users{reason}; {_RIGHTS}{body_excerpt(answer.body)}",
        status=answer.status,
    )


def _data(answer: HttpResponse, url: str) -> Mapping[str, Any]:
    try:
        value = answer.json()
    except RemoteRefused as error:
        raise RosterIncomplete(f"{host_of(url)}: a page of users cannot be read: {error}") from error
    data = _members(value).get("data")
    if not isinstance(data, dict):
        raise RosterIncomplete(f"{host_of(url)}: an answer without `data`, which is none of Docebo's")
    return data


def _members(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
