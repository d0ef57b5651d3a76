"""One ID in many shapes becomes the one that OttoLearn holds, and never somebody else's by accident."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.contracts import Connection
from bridge.learners.students import Rule, explain


def rules(*steps: dict[str, Any]) -> list[Rule]:
    return [Rule(**step) for step in steps]


def shape(sent: str, *steps: dict[str, Any]) -> str:
    """What a connection with these steps looks up."""
    return Connection("campus", None, None, id_rules=rules(*steps)).shape(sent)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steps", "sent", "held"),
    [
        ([{"strip": "_r_[0-9]+"}], "1234_r_56", "1234"),
        ([{"strip": "_r_[0-9]+"}], "12_r_3_x", "12_r_3_x"),
        ([{"strip": "@.*"}], "ana@example.edu", "ana"),
        ([{"strip": "a|b"}], "xab", "xa"),
        ([{"strip": ".*"}], "1234", "1234"),
        ([{"case": "lower"}], "ABC-É", "abc-é"),
        ([{"case": "upper"}], "abc", "ABC"),
        ([{"leading_zeros": "remove"}], "000123", "123"),
        ([{"leading_zeros": "remove"}], "000", "000"),
        ([{"digits": 7}], "123", "0000123"),
        ([{"digits": 7}], "A123", "A123"),
        ([{"digits": 7}], "١٢٣", "١٢٣"),
        ([{"digits": 2}], "123", "123"),
        ([{"number": "integer"}], "123.0", "123"),
        ([{"number": "integer"}], "123.5", "123.5"),
        ([{"map": {"admin": "007"}}], "admin", "007"),
        ([{"map": {"admin": "007"}}], "Admin", "Admin"),
        ([{"strip": "_o_[0-9]+"}, {"number": "integer"}, {"digits": 6}], "12_o_9", "000012"),
        ([{"strip_domain": "8b1d.ilias"}], "12345@8b1d.ilias", "12345"),
        ([{"strip_domain": "@8b1d.ilias"}], "12345@8B1D.ILIAS", "12345"),
        ([{"strip_domain": "8b1d.ilias"}], "12345@other.ilias", "12345@other.ilias"),
        ([{"strip_domain": "8b1d.ilias"}], "a@b@8b1d.ilias", "a@b"),
        ([{"strip_domain": "ilias"}], "12345@8b1d.ilias", "12345@8b1d.ilias"),
        ([{"strip_domain": "x.ilias"}], "@x.ilias", "@x.ilias"),
        ([{"strip_prefix": "SCHOOL\\"}], "school\\jo", "jo"),
        ([{"strip_prefix": "school.edu:"}], "School.edu:00246", "00246"),
        ([{"strip_prefix": "school.edu:"}], "schoolXedu:00246", "schoolXedu:00246"),
        ([{"strip_prefix": "x:"}], "x:", "x:"),
        ([{"strip_prefix": "a:"}], "a:a:1", "a:1"),
        ([], "as it is", "as it is"),
    ],
)
def test_the_id_is_shaped_as_the_connection_says(steps: list[dict[str, Any]], sent: str, held: str) -> None:
    assert shape(sent, *steps) == held


@pytest.mark.parametrize(
    "step",
    [
        {},
        {"strip": "x", "case": "lower"},
        {"strip": "("},
        {"strip": ""},
        {"case": "title"},
        {"digits": 0},
        {"strip_domain": ""},
    ],
)
def test_a_rule_that_cannot_be_meant_is_found_when_it_is_loaded(step: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rule(**step)


def test_each_step_is_shown() -> None:
    steps = explain("12_r_3", rules({"strip": "_r_[0-9]+"}, {"digits": 4}, {"map": {"0012": "x"}}))
    assert steps == [("strip _r_[0-9]+", "12"), ("digits 4", "0012"), ("map", "x")]


@given(st.text(max_size=40))
def test_no_id_becomes_empty(sent: str) -> None:
    for step in (
        {"strip": ".*"},
        {"strip_prefix": "0"},
        {"strip_domain": "0"},
        {"leading_zeros": "remove"},
        {"number": "integer"},
        {"case": "lower"},
    ):
        assert bool(shape(sent, step)) == bool(sent)
