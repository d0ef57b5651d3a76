"""What a learner might be recognised by when a student ID finds nobody: for suggestions, never for matching.

A key is a 64-bit digest, so that a million learners cost little; whoever finds somebody by one compares the record.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final

from bridge.contracts import Learner
from bridge.ottolearn.api import FIRST_NAME, LAST_NAME
from bridge.store.text import fold, matchable

BUCKETS: Final = 256
_SHIFT: Final = 64 - BUCKETS.bit_length() + 1
_LIKE_AN_ID: Final = re.compile("[0-9@]")
_NAMES: Final = {FIRST_NAME, LAST_NAME}


def name_words(first: str, last: str) -> list[str]:
    """The words of a name without case, accents and order: what two systems write in two ways."""
    plain = unicodedata.normalize("NFKD", f"{first} {last}".casefold())
    kept = "".join(c for c in plain if not unicodedata.combining(c)) if not plain.isascii() else plain
    return sorted(kept.split())


def name_key(first: str, last: str) -> int | None:
    """The key of a name; None where there is no name."""
    words = name_words(first, last)
    return _digest(f"name {' '.join(words)}") if words else None


def value_key(value: str) -> int | None:
    """The key of a value that may be an ID, which is one with a digit or an at-sign; None for any other."""
    return _digest(f"value {fold(value)}") if _LIKE_AN_ID.search(value) and matchable(value) else None


def keys(person: Learner, username_attributes: Sequence[str]) -> set[int]:
    """The keys of a learner: of the name, and of IDs outside the Username attributes."""
    found = {name_key(person.attributes.get(FIRST_NAME, ""), person.attributes.get(LAST_NAME, ""))}
    for name, value in person.attributes.items():
        if name not in _NAMES and name not in username_attributes:
            found.add(value_key(value))
    return {key for key in found if key is not None}


class Gathered:
    """The hints of a whole reading, 12 bytes each, given out in the order of their keys.

    Digests come in no order; written as they come, each would land on another page of the table, and a million
    learners would take minutes.
    """

    def __init__(self) -> None:
        self._keys = [array("q") for _ in range(BUCKETS)]
        self._users = [array("i") for _ in range(BUCKETS)]

    def add(self, person: Learner, username_attributes: Sequence[str]) -> None:
        """Take in one learner."""
        for key in keys(person, username_attributes):
            bucket = (key >> _SHIFT) + BUCKETS // 2
            self._keys[bucket].append(key)
            self._users[bucket].append(person.user_id)

    def pieces(self) -> Iterator[list[tuple[int, int]]]:
        """Key and user id, some thousands at a time."""
        for bucket in zip(self._keys, self._users, strict=True):
            yield sorted(zip(*bucket, strict=True))


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), signed=True)
