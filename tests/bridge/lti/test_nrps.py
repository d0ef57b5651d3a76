"""A list of members is read to its end, or not believed."""

from __future__ import annotations

import ipaddress
import json

import pytest
from joserfc.jwk import RSAKey

from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.lti.nrps import LIMIT, SCOPE, read_member, read_members
from bridge.lti.service_token import Registration, ServiceTokens
from bridge.net.http import HttpResponse, Outbound
from bridge.roster.token_response import read_token
from bridge.roster.tokens import AccessToken
from tests.fakes.nrps import CLIENT, TOKEN, Platform, member
from tests.fakes.serving import Reply

KEY = RSAKey.generate_key(2048, {"kid": "tool-1"}, private=True)
NOW = 1_800_000_000.0
COURSE = "/mod/lti/services.php/CourseSection/2/bindings/7/memberships"


@pytest.fixture
def platform():
    with Platform(KEY, {COURSE: [[member(1), member(2)], [member(3), member(4)], [member(5)]]}) as platform:
        yield platform


@pytest.fixture
def context():
    outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")])
    waits: list[float] = []
    return ReaderContext(outbound=outbound, now=lambda: NOW, sleep=waits.append, notice=lambda _: None)


def ids(platform, context, path=COURSE, **options):
    pages = read_members(platform.url + path, AccessToken(lambda: (TOKEN, 3600.0), context.now), context, **options)
    return [[found.user_id for found in page] for page in pages]


def test_every_page_is_read(platform, context):
    assert ids(platform, context) == [["user-1", "user-2"], ["user-3", "user-4"], ["user-5"]]


def test_members_are_asked_for_in_their_own_media_type(platform, context):
    ids(platform, context)
    asked = {request.headers["accept"] for request in platform.seen}
    assert asked == {"application/vnd.ims.lti-nrps.v2.membershipcontainer+json"}


def test_the_next_link_keeps_its_letter_case(platform, context):
    ids(platform, context)
    assert set(platform.count) == {COURSE}


def test_large_pages_are_asked_for_unless_the_address_says_otherwise(platform, context):
    ids(platform, context)
    assert platform.seen[0].query == f"limit={LIMIT}"
    ids(platform, context, f"{COURSE}?limit=2&keep=1", rlid="a b&c")
    assert platform.seen[3].query == "limit=2&keep=1&rlid=a%20b%26c"
    ids(platform, context, f"{COURSE}?limit=2&rlid=9", rlid="8")
    assert platform.seen[6].query == "limit=2&rlid=9"


def test_a_page_limit_never_makes_the_rest_look_gone(platform, context):
    assert len(ids(platform, context, max_pages=3)) == 3
    with pytest.raises(RosterIncomplete, match="more than 2 pages"):
        ids(platform, context, max_pages=2)


def test_a_list_that_runs_in_a_circle_is_not_whole(platform, context):
    platform.next_links[f"{COURSE}#1"] = f"{platform.url}{COURSE}?limit=2&from=1"
    with pytest.raises(RosterIncomplete, match="leads back"):
        ids(platform, context)


def test_the_token_does_not_travel_to_another_host(platform, context):
    with Platform(KEY, {}) as other:
        platform.next_links[f"{COURSE}#0"] = f"{other.url}{COURSE}?from=1"
        with pytest.raises(RosterIncomplete, match="goes on at another host"):
            ids(platform, context)
        assert not other.seen


@pytest.mark.parametrize("link", ["http://[bad/x", "http://127.0.0.1:x/", "//other.example.edu/", "file:///etc/passwd"])
def test_a_next_link_that_is_no_address_of_the_platform_is_refused(platform, context, link):
    platform.next_links[f"{COURSE}#0"] = link
    with pytest.raises(RosterIncomplete, match="goes on at another host"):
        ids(platform, context)


def test_a_relative_next_link_is_followed(platform, context):
    platform.next_links[f"{COURSE}#0"] = "memberships?from=2"
    assert ids(platform, context) == [["user-1", "user-2"], ["user-5"]]


def test_a_server_that_comes_back_is_waited_for(platform, context):
    platform.fail_next(Reply(503), times=2)
    assert len(ids(platform, context)) == 3


def test_a_server_that_stays_away_in_the_middle_is_an_error(platform, context):
    platform.fail_next(Reply(503), times=99, where="from=1")
    with pytest.raises(RemoteUnavailable):
        ids(platform, context)


@pytest.mark.parametrize("status", [401, 403, 404, 400])
def test_a_refusal_says_what_to_switch_on_and_no_token(platform, context, status):
    platform.fail_next(Reply(status, b"<html>no</html>"))
    with pytest.raises(RemoteRefused, match="Names and Role Provisioning") as refused:
        ids(platform, context)
    assert refused.value.status == status
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    "body", [b"<html>maintenance</html>", b"[]", b"{}", b'{"members": {}}', b'{"members": [7]}', b""]
)
def test_a_page_that_is_no_list_of_members_is_not_an_empty_one(platform, context, body):
    platform.fail_next(Reply(200, body), where="from=1")
    with pytest.raises(RosterIncomplete):
        ids(platform, context)


def test_a_firewalls_page_is_told_from_a_platforms_refusal(platform, context):
    platform.fail_next(Reply(403, b"<!DOCTYPE html><title>Just a moment...</title>"))
    with pytest.raises(RemoteRefused, match=r"answered 403 (.|\n)*a firewall"):
        ids(platform, context)


def test_debugging_text_around_members_is_told_and_nothing_is_guessed(platform, context):
    platform.fail_next(Reply(200, b'<b>Notice</b>: x\n{"members": []}'))
    with pytest.raises(RosterIncomplete, match="other text before the JSON"):
        ids(platform, context)


def test_one_member_whose_name_cannot_be_decoded_holds_nobody_up(platform, context):
    body = b'{"members": [{"user_id": "1", "given_name": "Jo\\ud83d"}, {"user_id": "2", "given_name": "Mu\xf1oz"}]}'
    platform.fail_next(Reply(200, body))
    assert ids(platform, context) == [["1", "2"]]


def test_a_member_without_id_is_not_passed_over(platform, context):
    platform.courses = {COURSE: [[member(1), member(2, user_id=None)]]}
    with pytest.raises(RosterIncomplete, match="without user_id"):
        ids(platform, context)


@pytest.mark.parametrize(
    ("status", "active"), [("Active", True), (None, True), ("Inactive", False), ("Deleted", False), ("deleted", False)]
)
def test_who_left_is_inactive(status, active):
    assert read_member(member(1, status=status), "host").active is active


def test_a_number_is_an_id_too():
    assert read_member({"user_id": 7}, "host").user_id == "7"


def test_names_may_be_missing():
    found = read_member({"user_id": "7"}, "host")
    assert (found.given_name, found.family_name, found.full_name) == ("", "", "")
    assert found.fields == {"user_id": "7"}


def test_custom_fields_come_by_name_and_a_variable_nobody_filled_says_nothing():
    custom = {"student_id": "S1", "section": "$Canvas.course.sectionIds", "none": None, "empty": "", "number": 7}
    message = [{"https://purl.imsglobal.org/spec/lti/claim/custom": custom}]
    fields = read_member(member(1, message=message), "host").fields
    assert {name: text for name, text in fields.items() if name.startswith("custom.")} == {
        "custom.student_id": "S1",
        "custom.none": "",
        "custom.empty": "",
        "custom.number": "7",
    }


@pytest.mark.parametrize("message", [None, "x", [7], [{}], [{"https://purl.imsglobal.org/spec/lti/claim/custom": "x"}]])
def test_odd_messages_are_no_custom_fields(message):
    fields = read_member({"user_id": "7", "message": message}, "host").fields
    assert not [name for name in fields if name.startswith("custom.")]


def test_what_moodle_sent_is_read(recordings):
    folder = recordings / "moodle" / "nrps"
    read = {}
    for name in (
        "20_members_all",
        "21_members_limit",
        "25_members_rlid",
        "41_members_never",
        "44_members_delegate_rlid_on",
    ):
        members = json.loads((folder / f"{name}.json").read_text("utf-8"))["response"]["json"]["members"]
        read[name] = [read_member(said, "host") for said in members]
    assert len(read["20_members_all"]) > len(read["21_members_limit"]) == 20
    assert all(found.active and found.fields["lis_person_sourcedid"] is not None for found in read["20_members_all"])
    assert {found.given_name for found in read["41_members_never"]} == {""}
    assert read["44_members_delegate_rlid_on"][0].user_id == "12"


def test_what_canvas_would_send_is_read(canvas_samples):
    page = json.loads((canvas_samples / "nrps_with_rlid.json").read_text("utf-8"))
    first = read_member(page["members"][0], "host")
    assert first.fields["lis_person_sourcedid"] == first.fields["custom.student_id"] == "S000101"
    assert "custom.term_name" not in first.fields
    page = json.loads((canvas_samples / "nrps_anonymous.json").read_text("utf-8"))
    assert "lis_person_sourcedid" not in read_member(page["members"][0], "host").fields


class Clock:
    """A clock that a test moves."""

    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(context, clock):
    identifiers = (f"jti-{number}" for number in range(99))
    return ServiceTokens(context.outbound, KEY, clock, lambda: next(identifiers))


@pytest.fixture
def registration(platform):
    return Registration(f"{platform.url}/mod/lti/token.php", CLIENT)


def test_the_assertion_says_what_platforms_check(platform, tokens, registration):
    assert tokens.get(registration, [SCOPE]) == TOKEN
    (assertion,) = platform.assertions
    assert assertion.header == {"alg": "RS256", "typ": "JWT", "kid": "tool-1"}
    assert assertion.claims == {
        "iss": CLIENT,
        "sub": CLIENT,
        "aud": registration.token_url,
        "iat": int(NOW),
        "exp": int(NOW) + 300,
        "jti": "jti-0",
    }


def test_a_platform_may_want_another_audience(platform, tokens, registration):
    tokens.get(registration._replace(audience="https://lms.example.edu"), [SCOPE])
    assert platform.assertions[0].claims["aud"] == "https://lms.example.edu"


def test_a_token_is_used_until_a_minute_before_its_end(platform, tokens, registration, clock):
    tokens.get(registration, [SCOPE])
    clock.now += 3539
    tokens.get(registration, [SCOPE])
    assert len(platform.assertions) == 1
    clock.now += 1
    tokens.get(registration, [SCOPE])
    assert [assertion.claims["jti"] for assertion in platform.assertions] == ["jti-0", "jti-1"]


def test_a_token_of_one_registration_is_not_used_for_another(platform, tokens, registration):
    tokens.get(registration, [SCOPE])
    tokens.get(registration._replace(client_id="other"), [SCOPE])
    assert [assertion.claims["iss"] for assertion in platform.assertions] == [CLIENT, "other"]


@pytest.mark.parametrize(
    ("expires_in", "kept"),
    [(None, 240), ("3600", 3540), ("x", 240), (True, 240), (-5, 240), (10**9, 86_340), (30, -30)],
)
def test_any_expiry_is_survived(platform, tokens, registration, clock, expires_in, kept):
    platform.expires_in = expires_in
    tokens.get(registration, [SCOPE])
    clock.now += max(kept - 1, 0)
    tokens.get(registration, [SCOPE])
    assert len(platform.assertions) == (1 if kept > 0 else 2)
    clock.now += 2
    tokens.get(registration, [SCOPE])
    assert len(platform.assertions) == (2 if kept > 0 else 3)


def test_a_key_without_kid_is_refused_before_moodle_does(context):
    with pytest.raises(ValueError, match="kid"):
        ServiceTokens(context.outbound, RSAKey.generate_key(2048, private=True), lambda: NOW, str)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b'{"error": "invalid_client"}', "invalid_client"),
        (200, b'{"error": "invalid_client"}', "invalid_client"),
        (401, b'{"error": "x", "error_description": "y"}', "x: y"),
        (400, b'{\n "error" : ""kid" invalid"\n}', "not JSON"),
        (200, b"<html>", "not JSON"),
        (200, b"[]", "no access token"),
        (200, b'{"access_token": ""}', "no access token"),
        (200, b'{"access_token": 7}', "no access token"),
        (200, b'{"access_token": "a\\r\\nX: y"}', "no access token"),
        (200, b'{"access_token": "abc", "token_type": "mac"}', "unknown type"),
        (201, b'{"access_token": "abc"}', "no access token"),
    ],
)
def test_no_token_is_an_error_that_says_why(status, body, said):
    with pytest.raises(RemoteRefused, match=said) as refused:
        read_token(HttpResponse(status, {}, body, ""), "https://lms.example.edu/token?x=secret")
    assert refused.value.status == status
    assert "secret" not in str(refused.value)


def test_an_error_that_repeats_the_assertion_does_not_show_it():
    secret = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl"
    body = json.dumps({"error": "invalid_request", "error_description": f"bad {secret}\x1b[31m{'z ' * 300}"}).encode()
    with pytest.raises(RemoteRefused) as refused:
        read_token(HttpResponse(400, {}, body, ""), "https://lms.example.edu/token")
    assert secret not in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_every_token_answer_moodle_gave_is_understood(recordings):
    for path in sorted((recordings / "moodle" / "nrps").glob("*token*.json")):
        response = json.loads(path.read_text("utf-8"))["response"]
        body = response["text"].encode() if "text" in response else json.dumps(response["json"]).encode()
        answer = HttpResponse(response["status"], {}, body, "")
        if response["status"] == 200 and "access_token" in response.get("json", {}):
            assert read_token(answer, "https://lms.example.edu/t") == (response["json"]["access_token"], 3600)
        elif "json" in response or "text" in response:
            with pytest.raises(RemoteRefused):
                read_token(answer, "https://lms.example.edu/t")
