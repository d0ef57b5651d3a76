"""Searching a directory of any size: whoever is looked for is found, and no page takes long."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from sqlalchemy import Engine

from bridge.contracts import Learner
from bridge.learners import directory_search
from bridge.learners.directory import Directory
from bridge.learners.directory_search import Results, Wanted, read_wanted, search_page

NAMES = ("username", "employeeId")
PEOPLE = [
    Learner(1, True, {"username": "S-000101", "firstName": "Zoë", "lastName": "O’Brien", "emailAddress": "zoe@x.org"}),
    Learner(2, False, {"username": "s000102", "firstName": "Bo", "lastName": "Straße", "department": "Sales & <b>"}),
    Learner(3, True, {"employeeId": "E3", "firstName": "Bo", "lastName": "Li", "emailAddress": "bo_li@x.org"}),
    Learner(40, True, {"username": "wang", "firstName": "小明", "lastName": "王", "department": "salesforce 100%"}),
]


@pytest.fixture
def directory(engine: Engine) -> Engine:
    Directory(engine, NAMES, lambda: iter(PEOPLE), lambda: 1.0).refresh()
    return engine


def all_pages(engine: Engine, typed: str, size: int = 50, clock: Iterable[float] | None = None) -> list[int]:
    wanted = read_wanted(typed)
    assert wanted is not None
    ticks = iter(clock or ())
    found, after = [], directory_search.START
    while True:
        page = search_page(engine, wanted, size, clock=lambda: next(ticks, 0.0), after=after)
        assert len(page.learners) <= size
        found += [learner.user_id for learner in page.learners]
        if page.after is None:
            return found
        after = page.after


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("zoë", [1]),
        ("ZOË o’br", [1]),
        ("O’Brien  Zoë", [1]),
        ("brien zoë", [1]),
        ("ZOE@X.ORG", [1]),
        ("zoe@", [1]),
        ("s000102", [2]),
        ("00010", [1, 2]),
        ("40", [40]),
        ("strasse", [2]),
        ("STRAẞE", [2]),
        ("bo", [2, 3]),
        ("Li Bo", [3]),
        ("小明", [40]),
        ("王", None),
        ("王 小", [40]),
        ("<b>", [2]),
        ("100%", [40]),
        ("o_l", [3]),
        ("o%l", []),
        ("sales", [2, 40]),
        ("department: sales", [2, 40]),
        ("DEPARTMENT:Force", [40]),
        ("firstname: sales", []),
        ("emailaddress:x.org", [1, 3]),
        ("nobody", []),
        ('a"b\\', []),
        ("'; drop table learner; --", []),
    ],
)
def test_whoever_is_looked_for_is_found(directory: Engine, typed: str, found: list[int] | None) -> None:
    if found is None:
        assert read_wanted(typed) is None
        return
    assert sorted(all_pages(directory, typed)) == found
    assert sorted(all_pages(directory, typed, size=1)) == found


@pytest.mark.parametrize("typed", ["", " ", "x", " :", ":"])
def test_too_little_is_not_looked_for(typed: str) -> None:
    assert read_wanted(typed) is None


def test_a_text_with_a_colon_may_be_no_attribute() -> None:
    assert read_wanted("id: 7") == Wanted("7", "id")
    assert read_wanted("two words: x") == Wanted("two words: x")
    assert read_wanted("x" * 1_000) == Wanted("x" * 200)


def test_a_page_ends_in_time_and_the_next_goes_on(directory: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_search, "ROWS", 1)
    wanted = Wanted("sales")
    ticks = iter([0.0, 9.0])
    first = search_page(directory, wanted, 50, clock=lambda: next(ticks))
    assert first == Results([], 1)
    assert all_pages(directory, "sales", clock=[0.0, 9.0, 0.0, 9.0, 0.0, 9.0]) == [2, 40]


def test_whom_the_whole_text_names_comes_first_and_once(directory: Engine) -> None:
    Directory(directory, NAMES, lambda: iter([Learner(9, True, {"username": "x-e3"}), *PEOPLE]), lambda: 1.0).refresh()
    assert all_pages(directory, "e3") == [3, 9]
    assert all_pages(directory, "e3", size=1) == [3, 9]


def test_nobody_is_found_in_an_empty_directory(engine: Engine) -> None:
    assert search_page(engine, Wanted("anybody"), 50, clock=lambda: 0.0) == Results([], None)


def test_a_text_that_stands_in_every_record_is_read_a_few_at_a_time_and_hides_nobody(
    directory: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_search, "MOST", 1)
    assert all_pages(directory, "name") == [], "which stands in the names of attributes alone"
    assert all_pages(directory, "x.org") == [1, 3]
    assert all_pages(directory, "bo", size=1) == [2, 3]
    assert all_pages(directory, "小明") == [40]
