"""Whom a launch reached is kept in words, and must be read from them again."""

from __future__ import annotations

import pytest

from bridge.store.launches import LINK, Reached, read_reached, write_reached


@pytest.mark.parametrize("by", ["username", "employee id", "studentNumber", LINK])
@pytest.mark.parametrize("remark", ["", "masquerade; by somebody", "a\nb"])
def test_whom_a_launch_reached_is_read_as_it_was_written(by: str, remark: str) -> None:
    assert read_reached(write_reached(7, by, remark)) == Reached(7, by)


def test_records_of_before_say_whom_but_not_by_what() -> None:
    assert read_reached("reached the OttoLearn user 12; a remark") == Reached(12, "")


@pytest.mark.parametrize("detail", ["", "nobody", "reached the OttoLearn user x", "he reached the OttoLearn user 1"])
def test_other_details_reached_nobody(detail: str) -> None:
    assert read_reached(detail) is None


def test_an_attribute_with_a_semicolon_does_not_become_a_remark() -> None:
    assert read_reached(write_reached(1, "a;b", "c")) == Reached(1, "a,b")
