"""Lists of OData, version 2 and 4, as SuccessFactors answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.identifiers import normalize
from bridge.net import answers
from bridge.net.answers import body_excerpt
from bridge.net.http import HttpResponse, host_of
from bridge.roster.clock import ServiceClock
from bridge.roster.paging import ByLink, ByOffset, Page, PageGuard, cursor_in, walk
from bridge.roster.token_response import error_words

Row = Mapping[str, Any]
Get = Callable[[str], HttpResponse]


class Skip:
    """By `$skip`, unless the service names the next page itself."""

    def __init__(self, size: int) -> None:
        self._offset = ByOffset("$skip", size)

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        if page.cursor:
            return ByLink().following(position, page, guard)
        return self._offset.following(position, page, guard)


class ServerPaged:
    """By `__next` alone, with its `$skiptoken`."""

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        return ByLink().following(position, page, guard)


def read_rows(
    first: str, get: Get, paging: Skip | ServerPaged, key: str, clock: ServiceClock
) -> Iterator[Sequence[Row]]:
    """The rows of every page from `first` on; exhausted only when all came, each with its own `key`.

    Raises RosterIncomplete, RemoteRefused, RemoteUnavailable.
    """
    guard = PageGuard(host_of(first), key=f"`{key}`")

    def read(url: str) -> Page[Row]:
        answer = get(url)
        clock.observe(answer)
        return page_of(answer, url)

    yield from walk(first, read, paging, guard, lambda row: normalize(row.get(key)))


def page_of(answer: HttpResponse, url: str) -> Page[Row]:
    """One page of either version."""
    document = _answered(answer, url)
    inner = document.get("d", document)
    inner = {"results": inner} if isinstance(inner, list) else inner
    found = inner.get("results", inner.get("value")) if isinstance(inner, dict) else None
    if not isinstance(found, list) or not {*map(type, found)} <= {dict}:
        raise RosterIncomplete(f"{host_of(url)}: a page holds no list of people")
    total = normalize(inner.get("__count", inner.get("@odata.count")))
    link = inner.get("__next", inner.get("@odata.nextLink"))
    known = int(total) if total.isascii() and total.isdigit() else None
    return Page(found, known, cursor_in(link, host_of(url)))


def _answered(answer: HttpResponse, url: str) -> dict[str, Any]:
    """What the service says. Learning answers errors with 200, too."""
    document = _read(answer, url) if answer.status == 200 else _read_error(answer)
    error = document.get("error") if isinstance(document, dict) else None
    if answer.status != 200 or error:
        raise RemoteRefused(
            f"{host_of(url)} answered {answer.status} to the list of people{_words(error)}; {_advice(answer.status)}"
            f"{body_excerpt(answer.body)}",
            status=answer.status,
        )
    return document if isinstance(document, dict) else {}


def _read(answer: HttpResponse, url: str) -> Any:
    try:
        return answers.read(answer.body)
    except answers.NotJson as error:
        raise RosterIncomplete(f"{host_of(url)}: a page of people cannot be read: {error}") from error


def _read_error(answer: HttpResponse) -> Any:
    try:
        return answers.read(answer.body)
    except answers.NotJson:
        return None


def _words(error: object) -> str:
    """Code and message; version 2 has the message as `{"lang": …, "value": …}`."""
    if not isinstance(error, dict):
        return error_words({"error": error}, "error")
    message = error.get("message")
    document = {**error, "message": message.get("value") if isinstance(message, dict) else message}
    return error_words(document, "code", "message")


def _advice(status: int) -> str:
    if status in {401, 403}:
        return "check who the bridge signs in as, and the rights of that user and of the client"
    return "check the address, and whether `student_id`, `ids` and roster.attributes name properties that exist"
