"""Lists that come page by page: read to a proven end, or refused, so that nobody will be deactivated."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bridge.errors import RosterIncomplete
from bridge.roster.paging import (
    ByLink,
    ByNumber,
    ByOffset,
    ByToken,
    Page,
    PageGuard,
    Paging,
    tells_pages,
    walk,
    with_query,
)

URL = "https://lms.example.edu/users?limit=2&page=1"


def read_all(pages: Sequence[Page[str]], paging: Paging, first: str = URL) -> tuple[list[str], list[str]]:
    """Everybody in `pages`, which come in their order, and the addresses that were asked for."""
    asked: list[str] = []

    def read(position: str) -> Page[str]:
        asked.append(position)
        return pages[len(asked) - 1] if len(asked) <= len(pages) else Page([])

    rows = [row for page in walk(first, read, paging, PageGuard("lms.example.edu"), lambda row: row) for row in page]
    return rows, asked


def test_pages_are_numbered_until_one_is_empty() -> None:
    rows, asked = read_all([Page(["a", "b"]), Page(["c"])], ByNumber())
    assert rows == ["a", "b", "c"]
    assert [url.rpartition("=")[2] for url in asked] == ["1", "2", "3"]


def test_an_offset_counts_who_came_so_that_a_smaller_page_skips_nobody() -> None:
    rows, asked = read_all([Page(["a", "b"]), Page(["c"]), Page(["d", "e"])], ByOffset())
    assert rows == ["a", "b", "c", "d", "e"]
    assert [url.rpartition("=")[2] for url in asked] == ["1", "2", "3", "5"]


def test_a_token_is_sent_as_it_came() -> None:
    rows, asked = read_all([Page(["a"], cursor="x+/=&y"), Page(["b"])], ByToken("next"))
    assert rows == ["a", "b"]
    assert asked[1].endswith("&next=x%2B%2F%3D%26y")


def test_a_bookmark_that_comes_with_the_last_page_too_is_not_followed() -> None:
    rows, _ = read_all(
        [Page(["a"], cursor="1", more=True), Page(["b"], cursor="2", more=False), Page(["c"])], ByToken("b")
    )
    assert rows == ["a", "b"]


def test_a_relative_link_is_followed_at_the_same_host_and_no_other_is() -> None:
    rows, asked = read_all([Page(["a"], cursor="/users?offset=1"), Page(["b"])], ByLink())
    assert (rows, asked[1]) == (["a", "b"], "https://lms.example.edu/users?offset=1")
    with pytest.raises(RosterIncomplete, match="another host"):
        read_all([Page(["a"], cursor="https://evil.example/users")], ByLink())


@pytest.mark.parametrize("paging", [ByLink(), ByToken("t"), ByOffset(), ByNumber()])
def test_a_list_that_says_that_it_goes_on_and_does_not_is_not_whole(paging: Paging) -> None:
    pages = [Page(["a"], cursor="https://lms.example.edu/2", more=True), Page([], more=True)]
    with pytest.raises(RosterIncomplete, match="goes on"):
        read_all(pages, paging)


@pytest.mark.parametrize("paging", [ByOffset(), ByNumber()])
@pytest.mark.parametrize("total", [2, 4])
def test_a_total_that_disagrees_is_not_a_whole_roster(paging: Paging, total: int) -> None:
    with pytest.raises(RosterIncomplete, match=f"3 people came where it says {total}"):
        read_all([Page(["a"], total), Page(["b", "c"], total)], paging)


@pytest.mark.parametrize("paging", [ByOffset(size=2), ByNumber(size=2)])
def test_the_total_of_a_page_is_not_taken_for_that_of_the_list(paging: Paging) -> None:
    with pytest.raises(RosterIncomplete, match="4 people came where it says 2"):
        read_all([Page(["a", "b"], 2), Page(["c", "d"], 2)], paging)
    assert read_all([Page(["a", "b"], 2)], paging)[0] == ["a", "b"]


@pytest.mark.parametrize("pages", [[["a", "b"], ["c"], ["d", "e"]], [["a"], ["b", "c"]]])
def test_numbered_pages_whose_size_changes_are_refused(pages: list[list[str]]) -> None:
    with pytest.raises(RosterIncomplete, match="changed the size of its pages"):
        read_all([Page(rows) for rows in pages], ByNumber())
    total = sum(map(len, pages))
    assert len(read_all([Page(rows, total) for rows in pages], ByNumber())[0]) == total


@pytest.mark.parametrize("paging", [ByOffset(), ByNumber()])
def test_somebody_who_was_deleted_while_the_list_was_read_moved_another_over_the_edge(paging: Paging) -> None:
    with pytest.raises(RosterIncomplete, match="became shorter"):
        read_all([Page(["a", "b"], 4), Page(["d"], 3)], paging)


def test_a_page_that_repeats_somebody_is_refused() -> None:
    with pytest.raises(RosterIncomplete, match="came twice"):
        read_all([Page(["a", "b"]), Page(["b", "c"])], ByNumber())


def test_a_row_without_a_key_is_not_passed_over() -> None:
    with pytest.raises(RosterIncomplete, match="without a key"):
        read_all([Page(["a", ""])], ByNumber())


def test_a_list_that_goes_in_a_circle_or_on_for_ever_ends() -> None:
    with pytest.raises(RosterIncomplete, match="leads back"):
        read_all([Page(["a"], cursor=URL)], ByLink())
    guard = PageGuard("lms.example.edu", max_pages=2)
    with pytest.raises(RosterIncomplete, match="more than 2 pages"):
        list(walk(URL, lambda position: Page([position]), ByNumber(), guard, lambda row: row))


def test_parameters_are_set_in_their_place_and_encoded() -> None:
    assert with_query("https://a.test/u?b=1&c=", {"b": "x y", "d": 2}) == "https://a.test/u?b=x%20y&c=&d=2"
    assert with_query("https://a.test/u?f=1&b=1&f=2&b=9&$top=3", {"b": 2}) == "https://a.test/u?f=1&b=2&f=2&$top=3"


def test_a_numbered_list_that_goes_on_without_a_number_is_refused() -> None:
    with pytest.raises(RosterIncomplete, match="without the number `page`"):
        read_all([Page(["a"])], ByNumber(), "https://lms.example.edu/users")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ('<https://a.test/2>; rel="next"', True),
        ("<https://a.test/1>; rel=first, <https://a.test/9>; rel=last", True),
        ('<https://a.test/1>; title="x"; rel="up prev"', True),
        ("</style.css>; rel=preload; as=style", False),
        ('<https://a.test/last>; rel="describedby"', False),
        ("", False),
    ],
)
def test_a_link_to_something_else_does_not_end_a_list(header: str, told: bool) -> None:
    assert tells_pages(header) is told
