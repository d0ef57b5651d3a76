"""`ottobridge sync docebo`: whatever the platform does wrong, nobody leaves, and the words say what to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bridge.cli.rostered import Rostered, rostered
from tests.fakes.docebo import CLIENT, SECRET, Platform, user
from tests.fakes.serving import Reply

PEOPLE = 30


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform([user(number) for number in range(PEOPLE)]) as platform:
        yield platform


@pytest.fixture
def site(platform: Platform, tmp_path: Path) -> Iterator[Rostered]:
    keys = {
        "student_id": "user_id",
        "api": {"url": platform.url, "client_id": CLIENT, "client_secret": SECRET, "page_size": "10"},
        "roster": {
            "attributes": {"emailAddress": "email", "employeeId": "field_12"},
            "must_include": ["13001", "13020"],
        },
    }
    with rostered(tmp_path, "docebo", keys) as site:
        code, outcome = site.sync()
        assert (code, outcome["created"]) == (0, PEOPLE)
        yield site


def _broken(reply: Reply, times: int = 1) -> Callable[[Platform], None]:
    return lambda platform: platform.fail_next(reply, times, where="page=2")


def _set(**traps: object) -> Callable[[Platform], None]:
    return lambda platform: vars(platform).update(traps)


@pytest.mark.parametrize(
    ("trap", "words"),
    [
        (
            _set(sees={str(13000 + number) for number in range(15)}),
            "the right to see all people",
        ),
        (_set(repeats=True), "came twice"),
        (_set(total=PEOPLE + 5), f"{PEOPLE} users came where it says {PEOPLE + 5}"),
        (_set(leaves_out={"email"}), "leaves email out of users: the user of the API may not read it"),
        (_set(leaves_out={"field_12"}), "leaves field_12 out of all 30 users"),
        (_set(leaves_out={"status"}), "leaves status out of users"),
        (_broken(Reply(200, b"<!DOCTYPE html><title>Sign in</title>")), "a web page and not JSON"),
        (_broken(Reply(401, b'{"name": "Unauthorized"}'), times=99), "check that the OAuth2 app"),
    ],
)
def test_a_platform_that_does_not_show_everybody_makes_nobody_gone(
    site: Rostered, platform: Platform, trap: Callable[[Platform], None], words: str
) -> None:
    trap(platform)
    assert words in site.refused("--full")
    assert site.outcome_of("13001") == "matched"


def test_a_token_that_is_revoked_in_the_middle_costs_one_call_more(site: Rostered, platform: Platform) -> None:
    platform.dies_after = 2
    code, outcome = site.sync("--full")
    assert (code, outcome["read"], outcome["deactivated"]) == (0, PEOPLE, 0)


def test_who_is_suspended_or_expired_is_deactivated(site: Rostered, platform: Platform) -> None:
    platform.users[3] = user(3, status="0")
    platform.users[4] = user(4, expiration_date="2020-01-31")
    code, outcome = site.sync()
    assert (code, outcome["deactivated"]) == (0, 2)
    assert [site.outcome_of(f"{number}") for number in (13003, 13004, 13005)] == ["inactive", "inactive", "matched"]
