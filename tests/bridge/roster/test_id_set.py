"""Somebody who is told apart wrongly from somebody else is deactivated, or taken for a duplicate."""

from __future__ import annotations

from bridge.roster.id_set import IdSet


def test_ids_are_told_apart_to_the_last_one_whatever_their_shard() -> None:
    seen = IdSet()
    ids = [0, 1, 2, 7, 8, 65535, 65536, 65537, 2**31 - 1, 10_000_000_000_108]
    assert [seen.add(number) for number in ids * 2] == [True] * 10 + [False] * 10
    assert [number in seen for number in ids] == [True] * 10
    assert [number in seen for number in (3, 9, 65538, 131072, 10_000_000_000_109, 7 << 40)] == [False] * 6
