"""What a learner might be recognised by when a student ID finds nobody: for suggestions, never for matching.

A key is a 64-bit digest, so that a million learners cost little; whoever finds somebody by one compares the record.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, Self

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner
from bridge.identifiers import is_student_id, loose_key

BUCKETS: Final = 256
IN_MEMORY: Final = 2 * 512
"""Numbers of a bucket that are kept in memory before they are written to the disk: two for each hint."""
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
    return _digest(f"value {loose_key(value)}") if _LIKE_AN_ID.search(value) and is_student_id(value) else None


def keys(person: Learner, username_attributes: Sequence[str]) -> set[int]:
    """The keys of a learner: of the name, and of IDs outside the Username attributes."""
    found = {name_key(person.attributes.get(FIRST_NAME, ""), person.attributes.get(LAST_NAME, ""))}
    for name, value in person.attributes.items():
        if name not in _NAMES and name not in username_attributes:
            found.add(value_key(value))
    return {key for key in found if key is not None}


class Gathered:
    """The hints of a whole reading, given out in the order of their keys; nearly all of them wait on the disk.

    Digests come in no order; written as they come, each would land on another page of the table, and a million
    learners would take minutes. Used in a `with` block, which takes the disk's part away again.
    """

    def __init__(self) -> None:
        self._hints = [array("q") for _ in range(BUCKETS)]
        """By the first bits of the key: keys and user ids in turn."""
        self._places: list[list[int]] = [[] for _ in range(BUCKETS)]
        """By bucket: where in the file more of them are."""
        self._file = tempfile.TemporaryFile(prefix="ottobridge-")  # noqa: SIM115 -- closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, person: Learner, username_attributes: Sequence[str]) -> None:
        """Take in one learner."""
        for key in keys(person, username_attributes):
            bucket = (key >> _SHIFT) + BUCKETS // 2
            hints = self._hints[bucket]
            hints.extend((key, person.user_id))
            if len(hints) == IN_MEMORY:
                self._places[bucket].append(self._file.tell())
                hints.tofile(self._file)
                del hints[:]

    def pieces(self) -> Iterator[list[tuple[int, int]]]:
        """Key and user id, some thousands at a time. Nothing can be added afterwards."""
        for hints, places in zip(self._hints, self._places, strict=True):
            for place in places:
                self._file.seek(place)
                hints.fromfile(self._file, IN_MEMORY)
            if hints:
                yield sorted(zip(hints[::2], hints[1::2], strict=True))
            del hints[:]


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), signed=True)
