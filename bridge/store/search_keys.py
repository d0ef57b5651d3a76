"""Search keys of learners: digests of names, and of values that look like IDs, outside the Username attributes.

They find near misses and serve searches, and are never used to match a launch. A key is 64 bits long, so that a
million learners take little space; two values may share one, so the caller compares what it finds with the record.
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
"""Numbers of a bucket that are kept in memory before they are written to the disk: two for each pair."""
_SHIFT: Final = 64 - BUCKETS.bit_length() + 1
_LIKE_AN_ID: Final = re.compile("[0-9@]")
_NAMES: Final = {FIRST_NAME, LAST_NAME}


def name_words(first: str, last: str) -> list[str]:
    """The words of a name, case-folded, without accents, sorted: equal for two spellings of one name."""
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


def of_learner(person: Learner, username_attributes: Sequence[str]) -> set[int]:
    """All search keys of a learner: that of the name, and those of ID-like values outside the Username attributes."""
    found = {name_key(person.attributes.get(FIRST_NAME, ""), person.attributes.get(LAST_NAME, ""))}
    for name, value in person.attributes.items():
        if name not in _NAMES and name not in username_attributes:
            found.add(value_key(value))
    return {key for key in found if key is not None}


class KeySorter:
    """An external bucket sort of (search key, user id), for a complete list of learners; it spills to a temporary file.

    Digests come in random order: inserted as they come, each would touch another page of the table, and a million
    learners would take minutes. A context manager; leaving it deletes the file.
    """

    def __init__(self) -> None:
        self._buckets = [array("q") for _ in range(BUCKETS)]
        """By the first bits of the key: keys and user ids alternate."""
        self._places: list[list[int]] = [[] for _ in range(BUCKETS)]
        """By bucket: where in the file more of them are."""
        self._file = tempfile.TemporaryFile(prefix="ottobridge-")  # noqa: SIM115 -- closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, person: Learner, username_attributes: Sequence[str]) -> None:
        """Add the search keys of one learner."""
        for key in of_learner(person, username_attributes):
            bucket = (key >> _SHIFT) + BUCKETS // 2
            pairs = self._buckets[bucket]
            pairs.extend((key, person.user_id))
            if len(pairs) == IN_MEMORY:
                self._places[bucket].append(self._file.tell())
                pairs.tofile(self._file)
                del pairs[:]

    def batches(self) -> Iterator[list[tuple[int, int]]]:
        """Sorted batches of (key, user id), some thousands each. Nothing can be added afterwards."""
        for pairs, places in zip(self._buckets, self._places, strict=True):
            for place in places:
                self._file.seek(place)
                pairs.fromfile(self._file, IN_MEMORY)
            if pairs:
                yield sorted(zip(pairs[::2], pairs[1::2], strict=True))
            del pairs[:]


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), signed=True)
