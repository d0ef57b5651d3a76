"""`ottobridge sync blackboard`: whatever Blackboard does wrong, nobody leaves, and the words say what to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bridge.cli.rostered import Rostered, rostered
from tests.fakes.blackboard import KEY, SECRET, Learn, user
from tests.fakes.serving import Reply

PEOPLE = 30


@pytest.fixture(autouse=True)
def one_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """No midnight comes between two calls."""
    monkeypatch.setattr("adapters.blackboard.api.DAY", 1e12)


@pytest.fixture
def learn() -> Iterator[Learn]:
    with Learn([user(number) for number in range(PEOPLE)]) as learn:
        yield learn


@pytest.fixture
def site(learn: Learn, tmp_path: Path) -> Iterator[Rostered]:
    keys = {
        "api": {"url": learn.url, "key": KEY, "secret": SECRET, "page_size": "10"},
        "roster": {"attributes": {"emailAddress": "email", "employeeId": "studentId"}},
    }
    with rostered(tmp_path, "blackboard", keys) as site:
        code, outcome = site.sync()
        assert (code, outcome["created"]) == (0, PEOPLE), outcome
        yield site


def _broken(reply: Reply, times: int = 1) -> Callable[[Learn], None]:
    return lambda learn: learn.fail_next(reply, times, where="offset=10")


def _set(**traps: object) -> Callable[[Learn], None]:
    return lambda learn: vars(learn).update(traps)


@pytest.mark.parametrize(
    ("trap", "words"),
    [
        (_set(hides={"_3_1", "_4_1"}), "goes on after 10 users, and 8 came"),
        (_set(repeats=True), "came twice"),
        (_set(only_view=True), "leaves `availability`, `externalId`, `uuid` out of somebody"),
        (_set(leaves_out={"externalId"}), "system.user.VIEW"),
        (_set(leaves_out={"studentId"}), "leaves `studentId` out of everybody"),
        (_set(leaves_out={"contact"}), "leaves `email` out of everybody"),
        (_set(leaves_out={"availability"}), "leaves `availability` out of somebody"),
        (_set(renames={"externalId": "batchUid"}), "leaves `externalId` out of somebody"),
        (_set(elsewhere="https://other.example.edu"), "goes on at another host"),
        (_broken(Reply(200, b"<!DOCTYPE html><title>Maintenance</title>")), "a web page and not JSON"),
        (_broken(Reply(403, b'{"status": 403, "message": "Insufficient privileges"}')), "Insufficient privileges"),
        (_broken(Reply(401, b"{}"), times=99), "broke off"),
        (_broken(Reply(200, b'{"results": {}}')), "holds no list of users"),
        (_set(users=[user(number, availability={"available": "Maybe"}) for number in range(30)]), "known: Yes, No"),
        (_set(users=[]), "the roster is empty"),
    ],
)
def test_a_blackboard_that_does_not_show_everybody_makes_nobody_gone(
    site: Rostered, learn: Learn, trap: Callable[[Learn], None], words: str
) -> None:
    trap(learn)
    assert words in site.refused("--full")
    assert site.outcome_of("X00001") == "matched"


def test_half_of_the_people_are_held_and_nobody_is_deactivated(site: Rostered, learn: Learn) -> None:
    learn.users = learn.users[:15]
    code, outcome = site.sync("--full")
    assert (code, outcome["status"], outcome["deactivated"]) == (3, "held_back", 0)
    site.configure(must_include=["X00002", "X00020"])
    assert "the right to see all people" in site.refused("--full")


def test_a_smaller_page_than_asked_for_is_not_the_last(site: Rostered, learn: Learn) -> None:
    learn.cap = 4
    code, outcome = site.sync("--full")
    assert (code, outcome["read"], outcome["deactivated"]) == (0, PEOPLE, 0)


def test_a_token_that_ends_in_the_middle_costs_one_call_more(site: Rostered, learn: Learn) -> None:
    learn.dies_after = 2
    code, outcome = site.sync("--full")
    assert (code, outcome["read"], outcome["deactivated"]) == (0, PEOPLE, 0)


def test_who_may_not_log_in_or_has_gone_is_deactivated(site: Rostered, learn: Learn) -> None:
    learn.users[3] = user(3, availability={"available": "No"})
    learn.users[4] = user(4, availability={"available": "Disabled"})
    del learn.users[5]
    code, outcome = site.sync()
    assert (code, outcome["deactivated"]) == (0, 3)
    assert [site.outcome_of(f"X0000{number}") for number in (3, 4, 5, 6)] == [*["inactive"] * 3, "matched"]


def test_what_blackboard_stops_saying_of_one_person_is_not_taken_away(site: Rostered, learn: Learn) -> None:
    learn.users[3] = user(3, contact=None, studentId=None)
    code, outcome = site.sync("--full")
    assert (code, outcome["updated"]) == (0, 0)


def test_the_calls_of_the_day_are_counted_over_all_runs_and_end_in_words(site: Rostered, learn: Learn) -> None:
    site.tree["connections"]["source"]["api"] |= {"calls_per_day": "10", "look_ups_per_day": "2"}
    site.configure()
    assert (
        site.sync("--full")[0] == 0
    )  # a token and four pages before, four now: the third is full, so one more is asked
    told = site.refused("--full")
    assert "today's calls to Blackboard are used up" in told
    assert "of 10 calls were made since midnight UTC" in told
    assert sum(learn.count.values()) == 10
    assert site.outcome_of("X00001") == "matched"


def test_calls_that_others_used_up_are_told_and_not_waited_for(
    site: Rostered, learn: Learn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    learn.quota = 2
    code, outcome = site.sync("--full")
    assert (code, outcome["deactivated"]) == (1, 0)
    assert "developer group are used up" in " ".join(outcome["notices"])


def test_doctor_tells_the_calls_of_the_day(site: Rostered, learn: Learn) -> None:
    learn.quota = 9_000
    found = {one["what"]: one for one in site.run("doctor", "source")[1]["findings"] if one["area"] == "source"}
    assert "of 10000 calls were made" in found["calls of the day"]["detail"]
    assert "are left to the developer group" in found["calls of the day"]["detail"]
    assert found["calls for a roster"]["detail"] == "a day's calls read a roster of 95,000 people once"
