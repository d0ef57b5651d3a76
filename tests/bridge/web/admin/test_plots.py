"""Plots say of each bar when it was."""

from __future__ import annotations

import pytest
from lxml import html

from bridge.web.admin.plots import Column, Series, stacked_bars


def below(words: list[str]) -> list[str]:
    """What stands below each column."""
    columns = [Column(word, word, [1]) for word in words]
    tree = html.fromstring(str(stacked_bars("Launches", [Series("got in", "s1")], columns)))
    return [span.text or "" for span in tree.xpath("//div[@class='below']/span")]


@pytest.mark.parametrize("hour", range(0, 24, 6))
def test_a_day_is_named_below_its_first_bar_and_the_newest_day_always(hour: int) -> None:
    words = [f"Nov {22 + (hour + 6 * at) // 24}" for at in range(28)]
    found = below(words)
    assert len(found) == len(words)
    named = [at for at, word in enumerate(found) if word]
    assert all(found[at] == words[at] and words[at - 1] != words[at] for at in named)
    assert found[named[-1]] == words[-1]
    assert 3 <= len(named) <= 5


def test_one_word_for_all_bars_stands_below_the_first() -> None:
    assert below(["Nov 22"] * 4) == ["Nov 22", "", "", ""]


def test_bars_without_a_word_get_none() -> None:
    assert below(["", "", "Nov 22", "Nov 23"]) == ["", "", "Nov 22", "Nov 23"]


def test_no_bar_no_word() -> None:
    assert below([]) == []
