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
        return self.add_all((text,))

    def __contains__(self, text: str) -> bool:
        return self._slots[self._find(hash(text) & _BITS or 1)] != 0

    def has_any(self, texts: Iterable[str]) -> bool:
        """Whether one of `texts` is remembered."""
        return self._count > 0 and any(text in self for text in texts)

    def add_all(self, texts: Iterable[str]) -> bool:
        """Remember `texts`; says whether all of them are new. Stops at the first that is not."""
        slots = self._slots
        mask = len(slots) - 1
        for text in texts:
            number = hash(text) & _BITS or 1
            at = number & mask
            while found := slots[at]:  # as in `_find`, which is a call for each of millions
                if found == number:
                    return False
                at = (at + 1) & mask
            slots[at] = number
            self._count += 1
            if self._count * 2 > mask:
                self._grow()
                slots = self._slots
                mask = len(slots) - 1
        return True

    def _find(self, number: int) -> int:
        """The slot that holds `number`, or the empty one where it belongs."""
        slots = self._slots
        mask = len(slots) - 1
        at = number & mask
        while slots[at] and slots[at] != number:
            at = (at + 1) & mask
        return at

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for number in old:
            if number:
                self._slots[self._find(number)] = number
