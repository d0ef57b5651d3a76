"""A set of OttoLearn's user ids at about a bit each, for rosters of millions."""

from __future__ import annotations

_BLOCK = 1 << 16


class SeenUsers:
    """User ids: whole numbers from 1 (int32), mostly dense."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}
        self._count = 0

    def add(self, user_id: int) -> bool:
        """Remember `user_id`; says whether it is new."""
        block, offset = divmod(user_id, _BLOCK)
        bits = self._blocks.get(block)
        if bits is None:
            bits = self._blocks[block] = bytearray(_BLOCK // 8)
        byte, bit = offset >> 3, 1 << (offset & 7)
        if bits[byte] & bit:
            return False
        bits[byte] |= bit
        self._count += 1
        return True

    def __contains__(self, user_id: int) -> bool:
        block, offset = divmod(user_id, _BLOCK)
        bits = self._blocks.get(block)
        return bits is not None and bool(bits[offset >> 3] & 1 << (offset & 7))

    def __len__(self) -> int:
        return self._count
