"""Docebo: everybody, or an error that says why not, by each of three ways to sign in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from pydantic import ValidationError

from adapters.docebo.examine import examine
from adapters.docebo.look_up import look_up
from adapters.docebo.roster import read_roster
from adapters.docebo.settings import Settings
from bridge.contracts import RECORD, Observation, RosterEnd, Student
from bridge.errors import ConfigError, RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.net.http import host_of
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.docebo import API_USER, CLIENT, PASSWORD, SECRET, Platform, user
from tests.fakes.serving import Reply

PEOPLE = 30
Connect = Callable[..., Settings]


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform([user(number) for number in range(PEOPLE)]) as platform:
        yield platform


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connect(platform: Platform) -> Connect:
    def settings(api: dict[str, Any] | None = None, **keys: Any) -> Settings:
        access = {"url": platform.url, "client_id": CLIENT, "client_secret": SECRET, "page_size": "10", **(api or {})}
        return Settings.model_validate({"api": access, **keys})

    return settings


def test_a_whole_platform_is_read_with_what_attributes_may_be_filled_from(
    platform: Platform, connect: Connect, clock: Clock
) -> None:
    platform.users[2] = user(2, status="0")
    platform.users[3] = user(3, status=0, user_id=13003)
    *pages, end = read_roster(connect(), clock.context())
    people = [member for page in pages for member in page]
    assert end == RosterEnd(PEOPLE)
    assert people[0].student == Student("13000", "Zoë", "O’Brien 0")
    assert [one.active for one in people[:5]] == [True, True, False, False, True]
    fields = people[3].fields
    assert (fields["user_id"], fields[RECORD], fields["field_12"]) == ("13003", "13003", "003")


@pytest.mark.parametrize(
    ("student_id", "value"),
    [("user_id", "13004"), ("username", "zoe.4"), ("email", "zoe.4@example.com"), ("field_12", "004")],
)
def test_the_student_id_is_the_one_that_is_configured(
    connect: Connect, clock: Clock, student_id: str, value: str
) -> None:
    assert read_whole(read_roster(connect(student_id=student_id), clock.context()))[4].student.student_id == value


@pytest.mark.parametrize(
    ("said", "active"),
    [
        ("2027-01-01", False),
        ("2027-01-13 00:00:00", False),
        ("2027-01-14", True),  # it is still the 14th somewhere
        ("2027-01-15", True),
        ("2028-01-01", True),
        ("0000-00-00 00:00:00", True),
        ("", True),
        (None, True),
    ],
)
def test_who_has_expired_is_inactive_and_nobody_a_day_too_early(
    platform: Platform, connect: Connect, clock: Clock, said: str | None, active: bool
) -> None:
    platform.users[0] = user(0, expiration_date=said)
    assert read_whole(read_roster(connect(), clock.context()))[0].active is active


def test_a_date_that_cannot_be_read_expires_nobody_and_is_told_once(
    platform: Platform, connect: Connect, clock: Clock
) -> None:
    platform.users = [user(number, expiration_date="01.02.2020") for number in range(PEOPLE)]
    assert all(one.active for one in read_whole(read_roster(connect(), clock.context())))
    assert clock.notices == ["Docebo writes expiration dates in a way that is not known; nobody is taken for expired"]


@pytest.mark.parametrize("says", [{"total_count"}, {"has_more_data"}, {"total_count", "has_more_data"}])
@pytest.mark.parametrize("cap", [200, 7])
def test_every_page_is_read_whichever_way_the_end_is_told(
    platform: Platform, connect: Connect, clock: Clock, says: set[str], cap: int
) -> None:
    platform.says, platform.cap = says, cap
    assert len(read_whole(read_roster(connect(), clock.context()))) == PEOPLE


@pytest.mark.parametrize(
    ("trap", "words"),
    [
        ({"total": PEOPLE + 1}, f"{PEOPLE} users came where it says {PEOPLE + 1}"),
        ({"says": set()}, "neither how many users there are nor whether more follow"),
        ({"repeats": True}, "came twice"),
        ({"leaves_out": {"status"}}, "leaves status out of users"),
        ({"leaves_out": {"email"}}, "leaves email out of users"),
        ({"leaves_out": {"user_id"}}, "without user_id"),
        ({"leaves_out": {"field_12"}}, "leaves field_12 out of all 30 users"),
        ({"leaves_out": {"field_12"}, "leaves_out_after": 1}, "leaves field_12 out of users, and sent it for others"),
    ],
)
def test_a_list_that_is_not_whole_makes_nobody_gone(
    platform: Platform, connect: Connect, clock: Clock, trap: dict[str, Any], words: str
) -> None:
    vars(platform).update(trap)
    settings = connect(roster={"attributes": {"emailAddress": "email", "employeeId": "field_12"}})
    with pytest.raises(RosterIncomplete, match=words):
        read_whole(read_roster(settings, clock.context()))


def test_pages_that_change_their_size_pass_nobody_over(platform: Platform, connect: Connect, clock: Clock) -> None:
    listed = platform._list

    def shrinking(asked: Any) -> Reply:
        platform.cap = 10 if asked["page"] == "1" else 5
        return listed(asked)

    platform._list = shrinking  # type: ignore[method-assign]
    with pytest.raises(RosterIncomplete, match="pages of 10 users became pages of 5"):
        read_whole(read_roster(connect(), clock.context()))


def test_a_status_that_nobody_knows_deactivates_nobody(platform: Platform, connect: Connect, clock: Clock) -> None:
    platform.users[5] = user(5, status="2")
    with pytest.raises(RosterIncomplete, match="'2' as the status"):
        read_whole(read_roster(connect(), clock.context()))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(200, b"<!DOCTYPE html><title>Sign in</title>"), "a web page and not JSON"),
        (Reply(200, b'{"success": false}'), "without `data`"),
        (Reply(200, b'{"data": {"items": {}, "total_count": 30}}'), "holds no list of users"),
        (Reply(200, b'{"data": {"items": ['), "breaks off"),
        (Reply(403, b'{"name": "Forbidden", "message": "no right"}'), r"broke off.*403.*Forbidden: no right"),
        (Reply(302, b"", {"Location": "/learn/signin"}), "broke off.*redirect"),
    ],
)
def test_what_is_no_page_of_users_makes_nobody_gone(
    platform: Platform, connect: Connect, clock: Clock, reply: Reply, words: str
) -> None:
    platform.fail_next(reply, where="page=2")
    with pytest.raises(RosterIncomplete, match=words):
        read_whole(read_roster(connect(), clock.context()))


def test_a_refusal_says_what_to_check_and_no_secret(platform: Platform, connect: Connect, clock: Clock) -> None:
    with pytest.raises(RemoteRefused, match=r"invalid_client.*no such app") as told:
        read_whole(read_roster(connect({"client_secret": "wrong-secret"}), clock.context()))
    assert "wrong-secret" not in str(told.value)
    platform.fail_next(Reply(403, b'{"name": "Forbidden"}'), where="page=1")
    with pytest.raises(RemoteRefused, match=r"Forbidden\); check that the OAuth2 app"):
        read_whole(read_roster(connect(), clock.context()))


def test_a_token_that_ends_in_the_middle_is_renewed_and_one_that_dies_at_once_is_not_for_ever(
    platform: Platform, connect: Connect, clock: Clock
) -> None:
    platform.dies_after = 2
    assert len(read_whole(read_roster(connect(), clock.context()))) == PEOPLE
    assert platform.tokens == 2
    platform.fail_next(Reply(401, b"{}"), times=99, where="page=3")
    with pytest.raises(RosterIncomplete, match=r"broke off.*401"):
        read_whole(read_roster(connect(), clock.context()))


def test_a_throttle_is_waited_for(platform: Platform, connect: Connect, clock: Clock) -> None:
    platform.fail_next(Reply(429, b"", {"Retry-After": "7"}), times=2, where="page=2")
    assert len(read_whole(read_roster(connect(), clock.context()))) == PEOPLE
    assert len([seconds for seconds in clock.slept if seconds >= 7]) == 2


def test_the_password_of_a_user_signs_in(connect: Connect, clock: Clock) -> None:
    settings = connect({"grant": "password", "username": API_USER, "password": PASSWORD})
    assert len(read_whole(read_roster(settings, clock.context()))) == PEOPLE
    assert PASSWORD not in repr(settings)


def test_a_signed_assertion_signs_in_and_lives_for_minutes(
    platform: Platform, connect: Connect, clock: Clock, tmp_path: Path
) -> None:
    platform.key, platform.audience = RSAKey.generate_key(2048), host_of(platform.url)
    path = tmp_path / "key.pem"
    path.write_bytes(platform.key.as_pem(private=True))
    by_key = {"grant": "jwt", "username": API_USER, "private_key": str(path)}
    assert len(read_whole(read_roster(connect(by_key), clock.context()))) == PEOPLE
    claims = platform.assertions[0]
    assert (claims["iat"], claims["exp"] - claims["iat"]) == (clock.now, 300)
    path.write_text("no key")
    with pytest.raises(RemoteRefused, match=r"api\.private_key is no RSA key"):
        read_whole(read_roster(connect(by_key), clock.context()))


@pytest.mark.parametrize(
    ("student_id", "value", "calls"),
    [("user_id", "13004", 3), ("username", "zoe.4", 2), ("email", "zoe.4@example.com", 2)],
)
def test_one_person_is_found_at_once_and_nobody_who_is_only_like_them(
    platform: Platform, connect: Connect, clock: Clock, student_id: str, value: str, calls: int
) -> None:
    platform.users.append(user(40, username="zoe.44", email="xzoe.4@example.com"))
    settings = connect(student_id=student_id)
    (found,) = look_up(settings, clock.context(), value)
    assert (found.fields["username"], found.student.student_id) == ("zoe.4", value)
    assert sum(platform.count.values()) == calls
    assert list(look_up(settings, clock.context(), "99999")) == []
    assert list(look_up(settings, clock.context(), "../x")) == []


def test_looking_one_person_up_waits_for_nobody(platform: Platform, connect: Connect, clock: Clock) -> None:
    platform.fail_next(Reply(429, b"", {"Retry-After": "1"}), where="/manage")
    with pytest.raises(RemoteUnavailable):
        look_up(connect(), clock.context(), "13004")
    assert clock.slept == []


def looked_at(settings: Settings, clock: Clock) -> dict[str, Observation]:
    return {found.what: found for found in examine(settings, clock.context())}


@pytest.mark.parametrize(
    ("level", "state"),
    [("Superadmin", "ok"), ("/framework/level/godadmin", "ok"), ("Power User", "look"), (None, "look")],
)
def test_doctor_tells_a_power_user_who_sees_only_some(
    platform: Platform, connect: Connect, clock: Clock, level: str | None, state: str
) -> None:
    if level is not None:
        platform.users.append(user(50, username=API_USER, level=level))
    found = looked_at(connect({"grant": "password", "username": API_USER, "password": PASSWORD}), clock)
    sight = found["whom the API's user sees"]
    assert (sight.state, "Power User" in sight.advice) == (state, state == "look")


def test_doctor_lists_the_additional_fields_by_title_and_misses_one_that_is_not_there(
    connect: Connect, clock: Clock
) -> None:
    found = looked_at(connect(student_id="field_99"), clock)
    assert found["additional fields"].detail == "field_12: Employee number; field_13: Site"
    assert found["field field_99"].state == "failed"
    assert "roster.must_include" in found["whom the API's user sees"].advice
    assert "field field_12" not in looked_at(connect(student_id="field_12"), clock)


LTI11 = {"consumer_key": "k", "shared_secret": "s"}


@pytest.mark.parametrize(
    ("api", "keys", "words"),
    [
        ({}, {"student_id": "name"}, "`ottobridge doctor` lists them by title"),
        ({"grant": "password"}, {}, "`grant: password` needs `password`"),
        ({"grant": "jwt", "username": "u"}, {}, "`grant: jwt` needs `private_key`"),
        ({"password": "x"}, {}, "no other takes them"),
        ({"username": "u"}, {}, "`username` is for"),
        ({"grant": "password", "password": "x"}, {}, "which need it"),
        ({"url": "https://x.docebosaas.com/learn"}, {}, "only scheme, host and port"),
        ({}, {"student_id": "username", "lti11": LTI11}, "with `roster_connection` naming this one"),
        ({}, {"student_id": "field_12", "lti11": LTI11}, "launches by LTI carry user_id and email"),
    ],
)
def test_a_wrong_setting_says_what_is_allowed(
    connect: Connect, api: dict[str, Any], keys: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        connect(api, **keys)


def test_a_connection_for_launches_alone_has_no_roster(clock: Clock) -> None:
    with pytest.raises(ConfigError, match="needs the key `api`"):
        read_roster(Settings.model_validate({"lti11": LTI11}), clock.context())
