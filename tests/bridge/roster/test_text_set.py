"""A set of many texts: nobody is forgotten when it grows, and nobody is taken for somebody else."""

from __future__ import annotations

from bridge.roster.text_set import TextSet


def test_nobody_is_forgotten_while_it_grows() -> None:
    seen = TextSet()
    assert all(seen.add(f"id-{number}") for number in range(20_000))
    assert not any(seen.add(f"id-{number}") for number in range(20_000))
    assert len(seen) == 20_000
    assert "id-19999" in seen
    assert "id-20000" not in seen


def test_somebody_who_comes_twice_in_a_page_is_noticed() -> None:
    seen = TextSet()
    assert seen.add_all(["a", "b"])
    assert not seen.add_all(["c", "c"])
    assert not seen.add_all(["d", "a"])


def test_a_text_whose_hash_is_zero_is_remembered() -> None:
    class Zero(str):
        __slots__ = ()

        def __hash__(self) -> int:
            return 0

    seen = TextSet()
    assert seen.add(Zero("a"))
    assert not seen.add(Zero("a"))


def test_a_set_knows_whether_any_of_several_is_in_it() -> None:
    seen = TextSet()
    assert not seen.has_any(["a"])
    seen.add_all(["b", "c"])
    assert seen.has_any(["a", "c"])
    assert not seen.has_any(["a", "d"])
    assert not seen.has_any([])
