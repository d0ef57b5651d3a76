"""Lists in pages: where a page ends is said by the key of its last row, so that no page costs more than the first."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
Key = TypeVar("Key")
MOST = 2**63
"""What no integer of a database reaches."""
ROWS = 50
"""Rows of a page."""


@dataclass(frozen=True)
class Place(Generic[Key]):
    """Where in the list a page is: behind the row with this key, or in front of it."""

    key: Key
    is_backward: bool = False


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows in the list's order, and where those before and behind begin; empty where there are none."""

    rows: Sequence[T]
    before: str = ""
    after: str = ""


def read_place(args: Mapping[str, str], kind: type[Key] | Any) -> Place[Key] | None:
    """The place that `?after=` or `?before=` names, with a key of this type; None for the beginning, or nonsense."""
    for name in ("after", "before"):
        if name in args:
            key = read_written(args[name], kind)
            return None if key is None else Place(key, name == "before")
    return None


def read_written(text: str, kind: type[Key] | Any) -> Any:
    """The key that `written` made a word of; None for nonsense, and for what stands in no database."""
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(text + "=="), type=kind)
    except (ValueError, RecursionError, binascii.Error):
        return None
    return found if all(map(_is_storable, found if isinstance(found, tuple) else (found,))) else None


def _is_storable(value: object) -> bool:
    """Whether a column can hold it: an integer of 64 bits, a number that is one, text without U+0000."""
    if isinstance(value, str):
        return "\0" not in value
    return not isinstance(value, int | float) or abs(value) < MOST


def written(key: Any) -> str:
    """A key as it stands in an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def page_of(found: Sequence[T], place: Place[Any] | None, key: Callable[[T], Any], size: int = ROWS) -> Page[T]:
    """The page of what was found at `place`: up to `size` + 1 rows, nearest first, so that it shows whether more is."""
    more = len(found) > size
    rows = list(found[:size])
    backward = place is not None and place.is_backward
    if backward:
        rows.reverse()
    has_before, has_after = (more, True) if backward else (place is not None, more)
    return Page(
        rows,
        written(key(rows[0])) if rows and has_before else "",
        written(key(rows[-1])) if rows and has_after else "",
    )


def page_of_sorted(rows: Sequence[T], place: Place[Any] | None, key: Callable[[T], Any], size: int = ROWS) -> Page[T]:
    """The page at `place` of rows that stand in the order of their keys."""
    if place is not None and place.is_backward:
        end = bisect_left(rows, place.key, key=key)
        return page_of(rows[max(0, end - size - 1) : end][::-1], place, key, size)
    start = bisect_right(rows, place.key, key=key) if place is not None else 0
    return page_of(rows[start : start + size + 1], place, key, size)
