from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.store.text import exact, fold, matchable, storable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ABC", "abc"),
        (" 25499339\t", "25499339"),
        ("Straße", "STRASSE"),
        ("zoe\u0308", "ZO\u00cb"),
        ("\u0390", "\u03aa\u0301"),
    ],
)
def test_what_people_take_for_one_id_folds_to_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("007", "7"), ("a b", "ab"), ("e", "é"), ("1", "١")])
def test_what_people_take_for_two_ids_stays_two(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_does_not_depend_on_how_the_text_is_composed(text: str) -> None:
    assert len({fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")} | {fold(exact(text))}) == 1


@pytest.mark.parametrize("text", ["", " \t\u00a0", "x" * 256, "a\0b", "a\ud800"])
def test_what_cannot_be_an_id_matches_nothing(text: str) -> None:
    assert not matchable(text)


@pytest.mark.parametrize("text", ["7", "x" * 255, "語" * 255, " 25499339 "])
def test_what_can_be_an_id_is_let_through(text: str) -> None:
    assert matchable(text)


@given(st.text(st.characters()), st.integers(0, 20))
def test_storable_text_is_short_enough_and_both_databases_take_it(text: str, limit: int) -> None:
    kept = storable(text, limit)
    kept.encode("utf-8")
    assert len(kept) <= limit
    assert "\0" not in kept
