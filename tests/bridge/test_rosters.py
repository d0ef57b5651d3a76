"""A roster counts as whole only where somebody is on it and somebody has an ID."""

from __future__ import annotations

import pytest

from bridge.contracts import RosterEnd, RosterMember, Student
from bridge.errors import RosterIncomplete
from bridge.rosters import whole


def member(student_id: str) -> RosterMember:
    return RosterMember(Student(student_id, "", ""), {})


def test_the_end_counts_everybody() -> None:
    pages = [[member("1"), member("")], [], [member("3")]]
    assert list(whole(pages, "idnumber", "")) == [pages[0], pages[2], RosterEnd(3)]


@pytest.mark.parametrize(("pages", "words"), [([], "empty"), ([[]], "empty"), ([[member("")]], "none of 1 people")])
def test_a_roster_of_nobody_has_no_end(pages: list[list[RosterMember]], words: str) -> None:
    with pytest.raises(RosterIncomplete, match=f"{words}.*ask for rights"):
        list(whole(pages, "idnumber", "ask for rights"))
