"""The members of several courses, each person once."""

from __future__ import annotations

import ipaddress

import pytest
from joserfc.jwk import RSAKey

from adapters.lti import ADAPTER
from adapters.lti.roster import read_roster
from adapters.lti.settings import Settings
from bridge.contracts import ReaderContext, RosterEnd, Student
from bridge.errors import ConfigError, RemoteRefused, RosterIncomplete
from bridge.net.http import Outbound
from bridge.roster.services import LtiServices
from tests.fakes.nrps import CLIENT, Platform, member
from tests.fakes.serving import Reply

KEY = RSAKey.generate_key(2048, {"kid": "tool-1"}, private=True)
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"


@pytest.fixture
def platform():
    with Platform(KEY, {}) as platform:
        yield platform


@pytest.fixture
def read(platform):
    def call(*courses, learned=(), **keys):
        context = ReaderContext(
            outbound=Outbound([ipaddress.ip_network("127.0.0.0/8")]),
            now=lambda: 1_800_000_000.0,
            sleep=lambda _: None,
            notice=lambda _: None,
            services=lambda: LtiServices(
                KEY, iter("abcdef").__next__, "a-b", [platform.url + path for path in learned]
            ),
        )
        lti13 = {
            "issuer": "https://lms.example.edu",
            "client_id": CLIENT,
            "deployment_ids": ["1"],
            "auth_url": "https://lms.example.edu/auth",
            "token_url": f"{platform.url}/mod/lti/token.php",
            "jwks_url": "https://lms.example.edu/jwks",
            **keys.pop("more13", {}),
        }
        urls = [platform.url + course for course in courses]
        given = {"lti13": lti13, "roster": {"filters": {"courses": urls}}, **keys}
        settings = Settings.model_validate({name: value for name, value in given.items() if value is not None})
        *pages, end = read_roster(settings, context)
        return [member for page in pages for member in page], end

    return call


def test_a_person_of_two_courses_comes_once(platform, read):
    platform.courses = {"/a": [[member(1), member(2)], [member(3)]], "/b": [[member(2), member(4)], [member(4)]]}
    members, end = read("/a", "/b")
    assert [found.student.student_id for found in members] == ["S00001", "S00002", "S00003", "S00004"]
    assert members[0].student == Student("S00001", "Zoë", "O’Brien 1")
    assert members[0].fields["email"] == "zoe1@example.edu"
    assert members[0].fields["last_name"] == "O’Brien 1"
    assert end == RosterEnd(4)
    assert len(platform.assertions) == 1


def test_who_left_one_course_and_stays_in_another_is_active(platform, read):
    platform.courses = {
        "/a": [[member(1, status="Inactive"), member(2, status="Deleted"), member(3)]],
        "/b": [[member(1), member(3, status="Inactive")]],
    }
    members, _ = read("/a", "/b")
    assert {found.fields["user_id"]: found.active for found in members} == {
        "user-1": True,
        "user-2": False,
        "user-3": True,
    }
    assert len(members) == 3


def test_a_course_that_fails_does_not_make_its_people_gone(platform, read):
    platform.courses = {"/a": [[member(1)]], "/b": [[member(2)]]}
    platform.next_links["/b#0"] = f"{platform.url}/b?limit=500"
    with pytest.raises(RosterIncomplete, match="leads back"):
        read("/a", "/b")


def test_the_student_id_may_be_a_custom_field(platform, read):
    platform.courses = {"/a": [[member(1, message=[{CUSTOM: {"number": "00123"}}])]]}
    members, _ = read("/a?rlid=9", student_id="custom.number")
    assert members[0].student.student_id == "00123"
    assert platform.seen[-1].query == "rlid=9&limit=500"


def test_ids_that_nobody_has_are_missing_rights_and_not_a_roster(platform, read):
    platform.courses = {
        "/a": [[member(1, lis_person_sourcedid=None), member(2, lis_person_sourcedid="$Person.sourcedId")]]
    }
    with pytest.raises(RosterIncomplete, match="none of 2 people has a lis_person_sourcedid"):
        read("/a")


def test_an_empty_course_is_not_everybody_gone(platform, read):
    platform.courses = {"/a": [[]]}
    with pytest.raises(RosterIncomplete, match="the roster is empty"):
        read("/a")


def test_courses_that_launches_named_are_the_roster_where_none_is_configured(platform, read):
    platform.courses = {"/a": [[member(1)]], "/b": [[member(2)]], "/c": [[member(3)]]}
    assert [found.student.student_id for found in read(learned=("/a", "/b"))[0]] == ["S00001", "S00002"]
    assert [found.student.student_id for found in read("/c", learned=("/a", "/b"))[0]] == ["S00003"]


def test_courses_that_have_vanished_make_nobody_gone_and_are_forgotten_by_one_command(platform, read):
    platform.courses = {"/b": [[member(1)]]}
    with pytest.raises(RosterIncomplete, match=r"2 of 3 courses .*nobody will be deactivated") as told:
        read(learned=("/a", "/b", "/c?rlid=a&b"))
    command = f"ottobridge connections forget-course a-b {platform.url}/a '{platform.url}/c?rlid=a&b'"
    assert str(told.value).endswith(f": {command}")


def test_courses_of_the_configuration_that_have_vanished_are_named_with_the_key_they_stand_under(platform, read):
    platform.courses = {"/a": [[member(1)]]}
    with pytest.raises(RosterIncomplete, match=r"take out of roster\.filters\.courses: .*/b$"):
        read("/a", "/b")


@pytest.mark.parametrize("door", ["_token", "_members"])
def test_a_refusal_is_not_taken_for_a_course_that_has_vanished(platform, read, door):
    platform.courses = {"/a": [[member(1)]]}
    setattr(platform, door, lambda request: Reply(404 if door == "_token" else 403, b"{}"))
    with pytest.raises(RemoteRefused):
        read("/a")


def test_a_platform_whose_courses_nobody_knows_is_not_an_empty_roster(read):
    with pytest.raises(RosterIncomplete, match="launch the tool once in each course"):
        read()


@pytest.mark.parametrize("audience", ["", "https://api.brightspace.com/auth/token"])
def test_an_assertion_is_for_whom_the_platform_says(platform, read, audience):
    platform.courses = {"/a": [[member(1)]]}
    read("/a", more13={"token_audience": audience})
    assert platform.assertions[0].claims["aud"] == (audience or f"{platform.url}/mod/lti/token.php")


def test_a_connection_without_lti13_says_so(read):
    with pytest.raises(ConfigError, match="lti13"):
        read("/a", lti13=None)


def test_a_reader_without_a_key_of_ours_asks_nobody(platform):
    context = ReaderContext(Outbound(), lambda: 0.0, lambda _: None, lambda _: None)
    lti13 = {"issuer": "https://lms.example.edu", "client_id": CLIENT, "deployment_ids": ["1"]}
    urls = dict.fromkeys(("auth_url", "token_url", "jwks_url"), "https://lms.example.edu")
    with pytest.raises(ConfigError, match="own key"):
        read_roster(Settings.model_validate({"lti13": {**lti13, **urls}}), context)
    assert not platform.seen


def test_member_lists_prove_no_more_of_custom_fields_than_launches_do() -> None:
    assert [ADAPTER.claims_roster(Settings(student_id=name)) for name in ("custom.number", "email")] == [True, False]
