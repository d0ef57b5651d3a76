"""A set of ids at about a bit each, for rosters of millions."""

from __future__ import annotations

from collections.abc import Iterable

_SHIFT = 16
_BLOCK = 1 << _SHIFT


class IdSet:
    """Whole numbers from 0, mostly dense: user ids of OttoLearn or of an LMS, even where a prefix precedes them."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}

    def add(self, number: int) -> bool:
        """Remember `number`; says whether it is new."""
        bits = self._blocks.get(number >> _SHIFT)
        if bits is None:
            bits = self._blocks[number >> _SHIFT] = bytearray(_BLOCK // 8)
        place, bit = (number & _BLOCK - 1) >> 3, 1 << (number & 7)
        if bits[place] & bit:
            return False
        bits[place] |= bit
        return True

    def add_all(self, numbers: Iterable[int]) -> bool:
        """Remember `numbers`; says whether all of them are new."""
        return all(map(self.add, numbers))

    def __contains__(self, number: int) -> bool:
        bits = self._blocks.get(number >> _SHIFT)
        return bits is not None and bool(bits[(number & _BLOCK - 1) >> 3] & 1 << (number & 7))
