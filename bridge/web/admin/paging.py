"""Lists in pages: where a page ends is said by the key of its last row, so that no page costs more than the first."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
Key = TypeVar("Key")
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
            try:
                encoded = base64.urlsafe_b64decode(args[name] + "==")
                return Place(msgspec.json.decode(encoded, type=kind), name == "before")
            except (ValueError, binascii.Error):
                return None
    return None


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
