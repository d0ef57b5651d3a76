"""A roster counts as whole only where somebody is on it and somebody has an ID."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.contracts import RosterEnd, RosterMember, Student
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.roster.completeness import next_page, require_complete


def member(student_id: str) -> RosterMember:
    return RosterMember(Student(student_id, "", ""), {})


def test_the_end_counts_everybody() -> None:
    pages = [[member("1"), member("")], [], [member("3")]]
    assert list(require_complete(pages, "idnumber", "")) == [pages[0], pages[2], RosterEnd(3)]


@pytest.mark.parametrize(("pages", "words"), [([], "empty"), ([[]], "empty"), ([[member("")]], "none of 1 people")])
def test_a_roster_of_nobody_has_no_end(pages: list[list[RosterMember]], words: str) -> None:
    with pytest.raises(RosterIncomplete, match=f"{words}.*ask for rights"):
        list(require_complete(pages, "idnumber", "ask for rights"))


def test_the_next_page_is_where_the_link_leads() -> None:
    assert next_page("https://lms.test/1", "?page=b:2") == "https://lms.test/1?page=b:2"
    assert next_page("https://lms.test/1", "") == ""


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/2",
        "//evil.test/2",
        "https://evil.test\\@lms.test/2",
        "//evil.test\\@lms.test/2",
        "https://evil.test@lms.test/2",
        "https://lms.test\x00.evil.test/2",
        "http://lms.test/2",
        "https://lms.test:99999/2",
    ],
    ids=ascii,
)
def test_the_token_does_not_follow_a_next_link_to_another_host(link: str) -> None:
    with pytest.raises(RosterIncomplete, match="another host"):
        next_page("https://lms.test/1", link)


def test_a_list_that_is_refused_after_its_first_page_has_broken_off() -> None:
    def pages(number: int) -> Iterator[list[RosterMember]]:
        yield from [[member("1")]] * number
        raise RemoteRefused("the token has expired", status=401)

    with pytest.raises(RosterIncomplete, match=r"broke off.*the token has expired"):
        list(require_complete(pages(1), "idnumber", ""))
    with pytest.raises(RemoteRefused, match="the token has expired"):
        list(require_complete(pages(0), "idnumber", ""))
