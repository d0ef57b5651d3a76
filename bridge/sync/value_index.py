"""Who holds a value in one attribute, for millions of users at sixteen bytes each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

HALF: Final = 8
"""Bytes of a value's digest, and bytes of a user id."""
RECORD: Final = 2 * HALF
BUCKETS: Final = 4096


class UsersByValue:
    """User ids by value, kept as short digests: `find` may name somebody too many, so look at the user."""

    def __init__(self, held: Iterable[tuple[str, int]]) -> None:
        """`held`: (value, user id), in any order."""
        self._buckets: list[bytearray] = [bytearray() for _ in range(BUCKETS)]
        for value, user_id in held:
            digest = _digest(value)
            self._buckets[_place(digest)] += digest + user_id.to_bytes(HALF, "big")

    def find(self, value: str) -> list[int]:
        """The users who may hold `value`, in order."""
        digest = _digest(value)
        bucket, found = self._buckets[_place(digest)], []
        at = bucket.find(digest)
        while at >= 0:
            if at % RECORD == 0:
                found.append(int.from_bytes(bucket[at + HALF : at + RECORD], "big"))
            at = bucket.find(digest, at + 1)
        return sorted(found)


def _digest(value: str) -> bytes:
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=HALF).digest()


def _place(digest: bytes) -> int:
    return int.from_bytes(digest[:2], "big") % BUCKETS
