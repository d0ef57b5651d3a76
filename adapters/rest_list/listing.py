"""The pages of a list, to their proven end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from adapters.rest_list.description import Description, Names, filled
from adapters.rest_list.session import Get, address, listed
from adapters.rest_list.settings import Settings
from bridge.contracts import ReaderContext, clean
from bridge.errors import RosterIncomplete
from bridge.net import answers
from bridge.net.http import HttpResponse, host_of
from bridge.roster import paging
from bridge.roster.clock import ServiceClock
from bridge.roster.paging import Page, PageGuard, walk, with_query

Item = Mapping[str, Any]

MISSING = object()
"""What a field is that an answer does not have; null is something else."""
_OLD_CURSOR = {400, 404, 410}


def read_items(
    settings: Settings, context: ReaderContext, get: Get, clock: ServiceClock, since: float | None = None
) -> Iterator[Sequence[Item]]:
    """Every person as the LMS says them, a page at a time; exhausted only when all were read.

    With `since` (seconds since 1970) only those changed after it. What time the LMS says it is goes into `clock`.
    Raises RosterIncomplete, RemoteRefused, RemoteUnavailable.
    """
    described = settings.list
    reader = _Reader(settings, context, get, clock)
    guard = PageGuard(reader.host, key=f"`{described.key}`")
    steps = _Steps(described)
    yield from walk(_first(settings, since), reader.page, steps, guard, lambda item: clean(at(item, described.key)))


def read_found(settings: Settings, get: Get, url: str) -> Sequence[Item]:
    """The people on the one page at `url`."""
    answer = listed(get(url), url, settings.list.rights)
    return _items(_parsed(answer, host_of(url)), settings.list, host_of(url))


def at(document: Any, path: str) -> Any:
    """What stands at `path`, a dot going one level down; MISSING where nothing does."""
    if path and "." not in path:  # nearly always
        return document.get(path, MISSING) if isinstance(document, dict) else MISSING
    for name in path.split(".") if path else ():
        document = document.get(name, MISSING) if isinstance(document, dict) else MISSING
    return document


def _first(settings: Settings, since: float | None) -> str:
    described, values = settings.list, settings.api.values
    wanted = dict(described.query)
    if since is not None:
        wanted |= described.changes
        values["moment"] = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked: dict[str, Any] = {name: filled(text, values) for name, text in wanted.items()}
    page = described.paging
    if page.size_parameter:
        asked[page.size_parameter] = page.size
    if page.kind == "number":
        asked[page.parameter] = page.first
    if page.kind == "offset":
        asked[page.parameter] = 0
    url = address(settings, described.path)
    return with_query(url, asked) if asked else url


@dataclass
class _Steps:
    """How one described list goes on."""

    described: Description
    _has_total: bool = field(default=False)

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        asked = self.described.paging
        self._has_total = self._has_total or page.more is not None or guard.total is not None
        if asked.kind == "none":
            return ""
        if asked.kind in {"token", "link"}:
            self._require_end_stated(page, guard)
        if asked.kind == "token":
            return paging.ByToken(asked.parameter).following(position, page, guard)
        if asked.kind == "link" or page.cursor:
            return paging.ByLink().following(position, page, guard)
        if not page.more and asked.more == () and 0 < asked.size <= len(page.rows):
            page = page._replace(more=None)  # a full page is the last only where the next one is empty
        kind = paging.ByNumber if asked.kind == "number" else paging.ByOffset
        return kind(asked.parameter, asked.size).following(position, page, guard)

    def _require_end_stated(self, page: Page[Any], guard: PageGuard) -> None:
        """Refuse a full first page that names no next one and never said that it would."""
        size = self.described.paging.size
        if not self._has_total and 0 < size <= len(page.rows):
            names = " or ".join(self.described.paging.cursor) or "a Link header"
            raise guard.broken(
                f"begins with a full page and says nothing of the next one ({names}). If there are exactly {size} "
                "people, change `list.paging.size`; otherwise say in `list.paging.cursor` where it stands"
            )


class _Reader:
    """Asks for one page after the other."""

    def __init__(self, settings: Settings, context: ReaderContext, get: Get, clock: ServiceClock) -> None:
        self._clock = clock
        self.host = host_of(settings.api.url)
        self._described = settings.list
        self._now = context.now
        self._get = get
        self._came: float | None = None

    def page(self, url: str) -> Page[Item]:
        answer = self._get(url)
        self._check_age(answer)
        listed(answer, url, self._described.rights)
        self._came = self._now()
        self._clock.observe(answer)
        document = _parsed(answer, self.host)
        rows = _items(document, self._described, self.host)
        has_cursor, cursor = self._cursor(document, answer)
        more = _flag(_first_of(document, self._described.paging.more))
        return Page(rows, self._total(document, answer), cursor, bool(cursor) if more is None and has_cursor else more)

    def _check_age(self, answer: HttpResponse) -> None:
        """Say so where a page token may have died of age."""
        minutes = self._described.paging.cursor_minutes
        old = self._came is not None and minutes and self._now() - self._came > minutes * 60
        if answer.status in _OLD_CURSOR and old:
            raise RosterIncomplete(
                f"{self.host}: the token of the next page ended after {minutes:g} minutes, before the page was asked "
                "for; nothing can be read from the middle, the next run reads everything again"
            )

    def _cursor(self, document: Any, answer: HttpResponse) -> tuple[bool, str]:
        """Whether the answer says where it goes on, and what it says."""
        if answer.next_url or paging.tells_pages(answer.headers.get("Link", "")):
            return True, answer.next_url
        found = _first_of(document, self._described.paging.cursor)
        return found is not MISSING, paging.cursor_in(found, self.host) if found is not MISSING else ""

    def _total(self, document: Any, answer: HttpResponse) -> int | None:
        described = self._described.paging
        if described.total_header:
            text = answer.headers.get(described.total_header, "")
        else:
            found = _first_of(document, described.total)
            text = clean(found) if found is not MISSING else ""
        return int(text) if text.isascii() and text.isdigit() else None


def _first_of(document: Any, names: Names) -> Any:
    return next((found for name in names if (found := at(document, name)) is not MISSING), MISSING)


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = clean(value).lower() if value is not MISSING else ""
    return {"true": True, "1": True, "false": False, "0": False}.get(text)


def _parsed(answer: HttpResponse, host: str) -> Any:
    try:
        return answers.read(answer.body)
    except answers.NotJson as error:
        raise RosterIncomplete(f"{host}: a page of people cannot be read: {error}") from error


def _items(document: Any, described: Description, host: str) -> Sequence[Item]:
    names = described.items or ("",)
    found = next((rows for name in names if isinstance(rows := at(document, name), list)), None)
    if found is None or not all(isinstance(item, dict) for item in found):
        where = " or ".join(f"`{name}`" if name else "the answer itself" for name in names)
        raise RosterIncomplete(
            f"{host}: a page holds no list of people at {where}{_members(document)}; set `list.items` to its path"
        )
    return found


def _members(document: Any) -> str:
    """The names that an answer has, for somebody who has to find the right one."""
    names = sorted(name for name in document if name.isidentifier())[:20] if isinstance(document, dict) else []
    return f" (it has {', '.join(names)})" if names else ""
