"""OneRoster by REST: every user, or an error that says why not."""

from __future__ import annotations

import json
from functools import partial

import pytest
from pydantic import ValidationError

from adapters.oneroster import rest
from adapters.oneroster.settings import Settings
from bridge.contracts import RosterEnd, Student
from bridge.errors import RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.roster.paging import PageGuard
from tests.fakes.oneroster import SECRET, TOKEN, user
from tests.fakes.serving import Reply


@pytest.mark.parametrize(("links", "total"), [(False, 250), (True, 250), (True, None), (False, None)])
def test_every_page_is_read_however_the_service_pages(service, connection, read, links, total):
    service.links, service.total = links, total
    members, end = read(connection())
    assert [found.fields["sourcedId"] for found in members] == [f"id-{number:05}" for number in range(250)]
    assert end == RosterEnd(250)
    assert members[7].student == Student("id-00007", "Zoë", "O’Brien 7")
    assert service.count["/token"] == 1


def test_a_smaller_page_than_asked_for_is_not_the_last(service, connection, read):
    service.cap, service.total = 40, None
    assert read(connection())[1] == RosterEnd(250)


def test_a_link_to_something_else_does_not_end_the_list(service, connection, read):
    service.total = None
    body = json.dumps({"users": service.users[:100]}).encode()
    service.fail_next(Reply(200, body, {"Link": "</style.css>; rel=preload; as=style"}), where="offset=0")
    assert read(connection())[1] == RosterEnd(250)


@pytest.mark.parametrize("said", [249, 251, 0, 100])
@pytest.mark.parametrize("links", [True, False])
def test_a_total_that_disagrees_is_not_a_whole_roster(service, connection, read, said, links):
    service.total, service.links = said, links
    if said == 100 and not links:
        service.users = service.users[:99]
    with pytest.raises(RosterIncomplete, match=rf"users came where it says {said}"):
        read(connection())


def test_pages_that_shift_while_they_are_read_are_noticed(service, connection, read):
    service.users[100] = service.users[99]
    with pytest.raises(RosterIncomplete, match="came twice"):
        read(connection())


def test_a_service_that_ignores_the_offset_is_noticed(service, connection, read):
    body = json.dumps({"users": [user(1)]}).encode()
    service.fail_next(Reply(200, body), times=5, where="offset")
    with pytest.raises(RosterIncomplete, match="came twice"):
        read(connection())


@pytest.mark.parametrize(
    ("link", "what"),
    [
        ("{url}/ims/oneroster/rostering/v1p2/users?limit=1000&offset=0&sort=sourcedId&orderBy=asc", "leads back"),
        ("https://other.example.edu/users", "another host"),
        ("http://[bad/users", "another host"),
        ("http://127.0.0.1:x/users", "another host"),
    ],
)
def test_a_link_that_leads_astray_is_not_followed(service, connection, read, link, what):
    service.fail_next(
        Reply(200, b'{"users": []}', {"Link": f'<{link.format(url=service.url)}>; rel="next"'}), where="offset=0"
    )
    with pytest.raises(RosterIncomplete, match=what):
        read(connection())


def test_a_list_without_end_is_refused(connection, read, monkeypatch):
    guard = partial(PageGuard, max_pages=2)
    monkeypatch.setattr(rest, "PageGuard", guard)
    with pytest.raises(RosterIncomplete, match="more than 2 pages"):
        read(connection())


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"users": {}}', b'{"users": [1]}'])
def test_a_page_that_is_no_list_of_users_is_not_an_empty_one(service, connection, read, body):
    service.fail_next(Reply(200, body), where="offset=100")
    with pytest.raises(RosterIncomplete):
        read(connection())


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply(200, b'<b>Notice</b>: x\n{"users": []}'), RosterIncomplete, "other text before the JSON"),
        (Reply(403, b"<!DOCTYPE html><title>Just a moment...</title>"), RosterIncomplete, "a firewall"),
    ],
)
def test_what_stands_around_or_before_a_service_is_told_as_what_it_is(service, connection, read, reply, error, words):
    service.fail_next(reply, where="offset=100")
    with pytest.raises(error, match=words):
        read(connection())


def test_a_user_without_id_is_not_passed_over(service, connection, read):
    service.users[3] = user(3, sourcedId=None)
    with pytest.raises(RosterIncomplete, match="without sourcedId"):
        read(connection())


def test_an_interruption_is_waited_for_and_a_long_one_is_an_error(service, connection, read):
    service.fail_next(Reply(503), times=3, where="offset=100")
    assert read(connection())[1] == RosterEnd(250)
    service.fail_next(Reply(503), times=99, where="offset=100")
    with pytest.raises(RemoteUnavailable):
        read(connection())


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_names_what_to_check_and_no_secret(service, connection, read, status):
    service.fail_next(Reply(status, b"<html>no</html>"), times=2, where="/users")
    with pytest.raises(RemoteRefused, match="check the client's rights") as refused:
        read(connection())
    assert TOKEN not in str(refused.value)


def test_a_wrong_secret_is_said_to_be_refused(connection, read):
    with pytest.raises(RemoteRefused, match="invalid_client"):
        read(connection({"client_secret": "wrong"}))


def test_a_client_that_is_wanted_in_the_form_goes_there_and_nowhere_else(service, connection, read):
    service.client_in_body = True
    with pytest.raises(RemoteRefused, match=r"invalid_client.*`client_auth: body`"):
        read(connection())
    assert read(connection({"client_auth": "body"}))[1] == RosterEnd(250)
    assert "authorization" not in [call for call in service.seen if call.path == "/token"][-1].headers


def test_a_key_that_is_handed_out_signs_every_call_and_asks_for_no_token(service, connection, read):
    key = {"sign_in": "bearer", "token": TOKEN, "token_url": None, "client_id": None, "client_secret": None}
    assert read(connection(key))[1] == RosterEnd(250)
    assert service.count["/token"] == 0
    assert TOKEN not in repr(connection(key))
    with pytest.raises(RemoteRefused, match="401 to the list of users") as refused:
        read(connection({**key, "token": "wrong-key"}))
    assert "wrong-key" not in str(refused.value)


def test_the_scope_that_a_service_wants_can_be_asked_for(service, connection, read):
    service.scopes = ("rostering.all",)
    asked = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"
    with pytest.raises(RemoteRefused) as refused:
        read(connection())
    assert f"invalid_scope: {asked} is not granted to this client" in str(refused.value)
    assert "set `scope`" in str(refused.value)
    assert read(connection({"scope": "rostering.all"}))[1] == RosterEnd(250)
    service.scopes = ("",)
    assert read(connection({"scope": ""}))[1] == RosterEnd(250)


def test_the_words_of_a_refusal_reach_the_operator(service, connection, read):
    said = {"imsx_codeMajor": "failure", "imsx_description": "no right to read users; key 0123456789abcdef0123456789"}
    service.fail_next(Reply(403, json.dumps(said).encode()), where="offset=0")
    with pytest.raises(RemoteRefused, match=r"403 to the list of users \(no right to read users; key …\); check"):
        read(connection())


def test_a_token_that_ends_is_renewed(service, connection, read):
    service.expires_in = 30
    assert read(connection())[1] == RosterEnd(250)
    assert service.count["/token"] == 3


def test_a_token_that_is_taken_back_in_the_middle_is_renewed(service, connection, read):
    service.fail_next(Reply(401, b"{}"), where="offset=100")
    assert read(connection())[1] == RosterEnd(250)
    assert service.count["/token"] == 2


@pytest.mark.parametrize(("version", "scope"), [("1.2", "v1p2"), ("1.1", "v1p1")])
def test_the_scope_is_that_of_the_version(service, connection, read, version, scope):
    read(connection({"version": version}))
    assert dict(service.seen[0].parameters())["scope"] == (
        f"https://purl.imsglobal.org/spec/or/{scope}/scope/roster-core.readonly"
    )


def test_1_1_may_be_signed_by_oauth_1(service, connection, read):
    service.oauth1 = True
    one = {"version": "1.1", "sign_in": "oauth1", "token_url": None}
    assert read(connection(one))[1] == RosterEnd(250)
    assert SECRET not in str(service.seen)
    with pytest.raises(RemoteRefused):
        read(connection({**one, "client_secret": "wrong"}))


@pytest.mark.parametrize(
    ("student_id", "found"),
    [
        ("sourcedId", "id-00007"),
        ("identifier", "S00007"),
        ("username", "zoe7"),
        ("email", "zoe7@example.edu"),
        ("userIds.SIS", "007"),
        ("userIds.LDAP", "ldap7"),
    ],
)
def test_the_student_id_is_the_one_that_is_configured(connection, read, student_id, found):
    assert read(connection(student_id=student_id))[0][7].student.student_id == found


def test_an_identifier_nobody_has_is_no_roster(connection, read):
    with pytest.raises(RosterIncomplete, match=r"none of 250 people has a userIds\.MOODLE"):
        read(connection(student_id="userIds.MOODLE"))


@pytest.mark.parametrize(
    ("changed", "active"),
    [
        ({}, True),
        ({"status": "tobedeleted"}, False),
        ({"status": "inactive"}, False),
        ({"enabledUser": "false"}, False),
        ({"enabledUser": False}, False),
        ({"enabledUser": True, "status": None}, True),
    ],
)
def test_who_left_is_inactive(service, connection, read, changed, active):
    service.users[0] = user(0, **changed)
    assert read(connection())[0][0].active is active


def test_students_alone_are_asked_for_where_the_service_has_them_apart(service, connection, read):
    read(connection(roster={"filters": {"roles": ["student"]}}))
    assert service.seen[-1].path.endswith("/students")
    read(connection())
    assert service.seen[-1].path.endswith("/users")


def test_roles_and_schools_are_chosen_here_because_services_ignore_filters(service, connection, read):
    teacher = {"role": "teacher", "org": {"sourcedId": "school-1"}}
    elsewhere = {"role": "student", "org": {"sourcedId": "school-2"}}
    service.users = [
        user(0),
        user(1, roles=[teacher]),
        user(2, roles=[elsewhere]),
        user(3, roles=[teacher, elsewhere]),
        user(4, roles=None, role="student", orgs=[{"sourcedId": "school-1"}]),
        user(5, roles=None, role="teacher", orgs=[{"sourcedId": "school-1"}]),
        user(6, roles=None, role="student", orgs=None),
    ]
    service.total = 7

    def chosen(**filters):
        return [int(found.fields["sourcedId"][3:]) for found in read(connection(roster={"filters": filters}))[0]]

    assert chosen(roles=["Student"]) == [0, 2, 3, 4, 6]
    assert chosen(orgs=["school-1"]) == [0, 1, 3, 4, 5]
    assert chosen(roles=["student"], orgs=["school-1"]) == [0, 4]


@pytest.mark.parametrize("version", ["1.2", "1.1"])
def test_the_clock_is_the_services_own_at_its_first_page(service, connection, read, changes, version):
    service.now, service.expires_in = 1_767_225_600.0, 3600
    assert read(connection({"version": version}))[1] == RosterEnd(250, 1_767_225_600.0)
    service.now += 60
    assert changes(connection({"version": version}), 1_767_225_600.0)[1].as_of == 1_767_225_660.0


@pytest.mark.parametrize(
    "said", ["", "yesterday", "Thu, 32 Jan 2026 00:00:00 GMT", f"Thu, 01 Jan {9**30} 00:00:00 GMT"]
)
def test_a_clock_that_says_nothing_is_not_made_up(service, connection, read, said):
    service.now, service.date = 1_767_225_600.0, said
    assert read(connection())[1] == RosterEnd(250, None)


def test_changes_cut_short_are_not_all_changes(service, connection, changes):
    service.fail_next(Reply(200, b'{"users": [{"sourcedId": "a"}]}', {"X-Total-Count": "3"}), where="offset=0")
    service.fail_next(Reply(200, b'{"users": []}', {"X-Total-Count": "3"}), where="offset=1")
    with pytest.raises(RosterIncomplete, match="1 users came where it says 3"):
        changes(connection(), 0.0)


def test_who_was_deleted_is_told_whatever_roles_they_have_left(service, connection, changes):
    teacher = [{"role": "teacher", "org": {"sourcedId": "school-1"}}]
    service.users = [user(1, status="tobedeleted", roles=[]), user(2, roles=teacher), user(3)]
    service.total = 3
    found, end = changes(connection(roster={"filters": {"roles": ["student"]}}), 0.0)
    assert ([member.active for member in found], end.total) == ([False, True], 2)


def test_changes_since_a_moment_are_asked_for_and_end_nothing(service, connection, changes):
    found, end = changes(connection(), 1_767_225_600 + 26 * 86_400)
    assert end == RosterEnd(8, None)
    assert {member.fields["sourcedId"] for member in found} == {f"id-{n:05}" for n in range(250) if n % 28 == 27}
    assert "filter=dateLastModified%3E%272026-01-27T00%3A00%3A00.000Z%27" in service.seen[-1].query


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"student_id": "userIds."}, "userIds.TYPE"),
        ({"student_id": "name"}, "allowed: sourcedId"),
        ({}, "either `api` or `file`"),
        (
            {
                "file": "a.zip",
                "api": {"url": "https://x", "token_url": "https://x", "client_id": "a", "client_secret": "b"},
            },
            "either",
        ),
        ({"api": {"url": "https://x", "client_id": "a", "client_secret": "b"}}, "needs `token_url`"),
        ({"api": {"url": "https://x", "token_url": "https://x", "client_id": "a"}}, "needs `client_id` and"),
        ({"api": {"url": "https://x", "sign_in": "bearer"}}, "go together"),
        (
            {
                "api": {
                    "url": "https://x",
                    "token_url": "https://x",
                    "client_id": "a",
                    "client_secret": "b",
                    "token": "c",
                }
            },
            "go together",
        ),
        ({"api": {"url": "https://x", "client_id": "a", "client_secret": "b", "sign_in": "oauth1"}}, "version: 1.1"),
    ],
)
def test_a_wrong_setting_says_what_is_allowed(keys, what):
    with pytest.raises(ValidationError, match=what):
        Settings.model_validate(keys)


def test_no_secret_shows_in_the_settings(connection):
    assert SECRET not in repr(connection())
