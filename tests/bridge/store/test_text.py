from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.store.text import storable


@given(st.text(st.characters()), st.integers(0, 20))
def test_storable_text_is_short_enough_and_both_databases_take_it(text: str, limit: int) -> None:
    kept = storable(text, limit)
    kept.encode("utf-8")
    assert len(kept) <= limit
    assert "\0" not in kept
