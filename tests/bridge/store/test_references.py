"""References are read out over telephones: what was heard must find the launch that was meant."""

from __future__ import annotations

import secrets
from itertools import product

import pytest

from bridge.store.launches import MOST_READINGS, REFERENCE_LETTERS, new_reference, readings


@pytest.mark.parametrize(
    "typed",
    [
        "7K3M-9QXT",
        "7k3m9qxt",
        " 7K3M 9QXT\n",
        "7K3M–9QXT",
        "7 k 3 m 9 q x t",
        "７Ｋ３Ｍ－９ＱＸＴ",
        "(7K3M-9QXT).",
    ],
)
def test_a_reference_is_found_however_it_is_typed(typed: str) -> None:
    assert readings(typed)[0] == "7K3M-9QXT"


@pytest.mark.parametrize(("heard", "meant"), [*product("01OIL", ("QK3M-9QXT", "DK3M-9QXT", "7K3M-9QXT", "JK3M-9QXT"))])
def test_letters_that_look_alike_are_read_alike(heard: str, meant: str) -> None:
    round_ones = heard in "0O"
    assert (meant in readings(f"{heard}K3M-9QXT")) == (round_ones == (meant[0] in "QD"))
    assert readings("OOOO-1111")[1:] == [*dict.fromkeys(readings("0000-LILI")[1:])]


def test_a_word_of_nothing_but_doubt_does_not_ask_the_database_for_ever() -> None:
    assert len(readings("OOOOIIII")) == MOST_READINGS + 1


@pytest.mark.parametrize("typed", ["", "   ", "--", "–"])
def test_nothing_typed_is_no_reference(typed: str) -> None:
    assert readings(typed) == []


def test_another_word_is_looked_for_as_it_is() -> None:
    assert readings(" scorm-r1 ") == ["SCORM-R1"]
    assert readings("x" * 10_000) == ["X" * 200]


def test_a_new_reference_reads_as_itself_alone() -> None:
    for _ in range(200):
        made = new_reference(secrets.randbits)
        assert readings(made) == [made]
        assert set(made) <= {*REFERENCE_LETTERS, "-"}
