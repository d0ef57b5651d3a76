"""A set of texts at some twenty bytes each, for rosters of millions."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

_FIRST_SLOTS = 1 << 12
_BITS = (1 << 64) - 1


class TextSet:
    """Remembers texts by 64 bits of Python's keyed hash, in open addressing.

    Two of a million different texts are taken for the same in one reading of thirty million, and not again in the
    next one: the key is another one in each process.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _FIRST_SLOTS))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, text: str) -> bool:
        """Remember `text`; says whether it is new."""
        if not self._place(hash(text) & _BITS or 1):
            return False
        self._count += 1
        if self._count * 2 > len(self._slots):
            self._grow()
        return True

    def add_all(self, texts: Iterable[str]) -> bool:
        """Remember `texts`; says whether all of them are new. Stops at the first that is not."""
        return all(map(self.add, texts))

    def _place(self, number: int) -> bool:
        slots = self._slots
        mask = len(slots) - 1
        at = number & mask
        while slots[at]:
            if slots[at] == number:
                return False
            at = (at + 1) & mask
        slots[at] = number
        return True

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for number in old:
            if number:
                self._place(number)
