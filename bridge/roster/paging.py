"""Paged lists: how the address of the next page is found, and the proof that the list was read to its end.

A list is whole when no page came twice, nobody came twice (pages that shift leave somebody out), the pages ended by
themselves, and as many people came as the source says there are. Anything else raises RosterIncomplete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from bridge.contracts import clean
from bridge.errors import RosterIncomplete
from bridge.roster.completeness import next_page
from bridge.roster.text_set import TextSet

MAX_PAGES = 100_000
_PAGES = re.compile(r"[;\s]rel\s*=\s*\"?[^\",;]*\b(first|prev|previous|next|last)\b", re.IGNORECASE)

Row = TypeVar("Row")


class Page(NamedTuple, Generic[Row]):
    """One page, and what the source says of the list."""

    rows: Sequence[Row]
    total: int | None = None
    """The total that the source says."""
    cursor: str = ""
    """The cursor to the next page: a link, a token, a bookmark; empty for none."""
    more: bool | None = None
    """Whether there are more pages; None where the source does not say."""


class PageGuard:
    """The checks of one list while it is read: counts, totals, repeated pages."""

    def __init__(self, source: str, *, people: str = "people", key: str = "a key", max_pages: int = MAX_PAGES) -> None:
        """`source`: the sender of the list; `people`: what its rows are; `key`: what identifies a row. For messages."""
        self.source = source
        self.people = people
        self.count = 0
        """Rows read so far."""
        self.total: int | None = None
        """The total, as the source said last."""
        self.uneven = False
        """Whether a page other than the last one was of another size than the first."""
        self.shrank = False
        """Whether the total became smaller while the list was read."""
        self.first_size = -1
        """Rows of the first page; -1 before it."""
        self.empty = 0
        """Empty pages."""
        self._key = key
        self._max_pages = max_pages
        self._short = False
        self._pages = TextSet()
        self._keys = TextSet()

    def open(self, position: str) -> None:
        """Raise for a page that was read before, and for a list without end."""
        if len(self._pages) >= self._max_pages:
            raise self.broken(f"has more than {self._max_pages} pages")
        if not self._pages.add(position):
            raise self.broken("leads back to a page that was read")

    def note(self, page: Page[Any], keys: Sequence[str]) -> None:
        """Count a page, given one lasting key of each person on it."""
        if len(keys) != len(page.rows) or not all(keys):
            raise self.broken(f"holds somebody without {self._key}")
        if not self._keys.add_all(keys):
            raise RosterIncomplete(
                f"{self.source}: somebody in the list of {self.people} came twice; the list changed while it was read, "
                "or a page was repeated"
            )
        self.count += len(keys)
        self._compare(len(keys))
        if page.total is not None:
            self.shrank = self.shrank or (self.total is not None and page.total < self.total)
            self.total = page.total

    def _compare(self, size: int) -> None:
        if self.first_size < 0:
            self.first_size = size
        self.empty += not size
        self.uneven = self.uneven or size > self.first_size or (self._short and size > 0)
        self._short = self._short or size < self.first_size

    @property
    def all_full(self) -> bool:
        """Whether every page that held somebody was as large as the first."""
        return self.first_size > 0 and self.count % self.first_size == 0 and not self.uneven

    def end(self) -> None:
        """Refuse a list that ended before as many came as the source says there are."""
        if self.total is not None and self.count != self.total:
            raise RosterIncomplete(f"{self.source}: {self.count} {self.people} came where it says {self.total}")

    def broken(self, how: str) -> RosterIncomplete:
        """The error that says `how` the list is broken."""
        return RosterIncomplete(f"{self.source}: the list of {self.people} {how}")


class Paging(Protocol):
    """How the next page is found."""

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        """The address of the page after the one at `position`, or empty at the end."""


def walk(
    first: str,
    read: Callable[[str], Page[Row]],
    paging: Paging,
    guard: PageGuard,
    key: Callable[[Row], str],
) -> Iterator[Sequence[Row]]:
    """The rows of every page, to the proven end. `key` is a lasting name of a row. Raises RosterIncomplete."""
    position = first
    while position:
        guard.open(position)
        page = read(position)
        guard.note(page, [key(row) for row in page.rows])
        if page.rows:
            yield page.rows
        position = paging.following(position, page, guard)
    guard.end()


@dataclass(frozen=True, slots=True)
class ByLink:
    """The cursor is the address of the next page, whole or relative; it stays at the same host."""

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        if page.more and not page.cursor:
            raise guard.broken("goes on, and it is not said where")
        return next_page(position, page.cursor)


@dataclass(frozen=True, slots=True)
class ByToken:
    """The cursor is a token that goes into the query. Where the source says whether there are more, that decides."""

    parameter: str

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        if page.more and not page.cursor:
            raise guard.broken("goes on, and it is not said where")
        if not page.cursor or page.more is False:
            return ""
        if not page.rows:
            raise guard.broken("goes on after a page without anybody: some are not shown")
        return with_query(position, {self.parameter: page.cursor})


@dataclass(frozen=True, slots=True)
class ByOffset:
    """The query says how many people were read already."""

    parameter: str = "offset"
    size: int = 0
    """How many people a page was asked for: a total that a whole first page reaches may be the total of the page
    alone, so another one is asked for. 0: the total is believed."""

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        return "" if ends(page, guard, self.size) else with_query(position, {self.parameter: guard.count})


@dataclass(frozen=True, slots=True)
class ByNumber:
    """The query numbers the pages, one by one. Where nobody says how many people there are, all pages but the last
    must be of the same size: one that is not was cut, and what is missing would be on no other page. And an empty page
    ends it only where the one before was not full, or the next one is empty too."""

    parameter: str = "page"
    size: int = 0
    """As in ByOffset."""

    def following(self, position: str, page: Page[Any], guard: PageGuard) -> str:
        if guard.total is None and guard.uneven:
            raise guard.broken("changed the size of its pages while it was read")
        once_more = page.more is None and guard.total is None and guard.empty == 1 and guard.all_full
        if ends(page, guard, self.size) and not once_more:
            return ""
        number = dict(parse_qsl(urlsplit(position).query)).get(self.parameter, "")
        if not (number.isascii() and number.isdigit()):
            raise guard.broken(f"goes on at a page without the number `{self.parameter}`")
        return with_query(position, {self.parameter: int(number) + 1})


def ends(page: Page[Any], guard: PageGuard, size: int = 0) -> bool:
    """Whether a list ended that is read by offset or by number: the source says so, or the total is reached, or a page
    is empty. Raises RosterIncomplete where the list became shorter, so that somebody may have moved to a page that was
    read already, or where it ends with more to come.
    """
    if guard.shrank:
        raise guard.broken("became shorter while it was read, and somebody may have been passed over")
    if page.more and not page.rows:
        raise guard.broken("goes on by its own words, and its next page is empty")
    if page.more is not None:
        return not page.more
    reached = guard.count == guard.total
    first_and_full = len(page.rows) == guard.count and 0 < size <= guard.count
    return not page.rows or (reached and not first_and_full)


def cursor_in(value: object, source: str) -> str:
    """What an answer says of where a list goes on: text or a number; empty where it says null or nothing.

    Raises RosterIncomplete where it is anything else: that is no end.
    """
    if value is None or isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return clean(value)
    raise RosterIncomplete(f"{source}: a page says where the list goes on in a way that cannot be read")


def with_query(url: str, parameters: dict[str, Any]) -> str:
    """`url` with these parameters of its query set, each in the place where it stood. `$` stays as OData writes it."""
    parts, left = urlsplit(url), {name: str(value) for name, value in parameters.items()}
    known = parse_qsl(parts.query, keep_blank_values=True)
    query = [(name, value) for name, value in known if name not in parameters]
    for place, (name, _) in enumerate(known):
        if name in left:
            query.insert(place, (name, left.pop(name)))
    return urlunsplit(parts._replace(query=urlencode([*query, *left.items()], quote_via=quote, safe="$")))


def tells_pages(link: str) -> bool:
    """Whether a `Link` header speaks of pages, so that it would name a next one; others speak of styles and schemas."""
    return _PAGES.search(link) is not None
