"""cmi5 launches against an LMS written from the specification: nothing in the request is believed by itself."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from adapters.scorm import report
from adapters.scorm.cmi5 import read_cmi5
from adapters.scorm.settings import Cmi5, Settings
from bridge.contracts import Assurance, CallbackContext, Kind, Launch, LaunchRequest, Report, Student
from bridge.errors import LaunchRejected, RemoteRefused, RemoteUnavailable
from bridge.net.http import Outbound
from sandbox.lms.cmi5 import Cmi5Sessions, Reply
from sandbox.people import PEOPLE
from tests.fakes.contexts import callback_means
from tests.fakes.serving import FakeServer, Request
from tests.fakes.serving import Reply as Sent

NOW = 1_800_000_000.0
ANA = PEOPLE[0]
NOBODY_OF_TOKEN_1 = str(uuid.uuid5(uuid.NAMESPACE_URL, "token-1"))
"""The name of the agent that is made up in the first session."""


class Lms:
    """A cmi5 LMS on loopback; `change` may spoil an answer."""

    def __init__(self) -> None:
        self.server = FakeServer(self._answer)
        self.spoilt: dict[str, Sent] = {}
        self.answers_anybody = False
        self.context: CallbackContext

    def start(self, **choices: Any) -> None:
        numbers = itertools.count()
        self.sessions = Cmi5Sessions(self.url, "https://lms.example.com/", lambda: f"token-{next(numbers)}", "package")
        self.parameters = self.sessions.begin(ANA, **choices)

    @property
    def url(self) -> str:
        return f"{self.server.url}/cmi5/"

    @property
    def session(self) -> Any:
        return self.sessions.sessions[-1]

    def _answer(self, request: Request) -> Sent:
        what = request.path.rpartition("/")[2]
        if what in self.spoilt:
            return self.spoilt[what]
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        headers = CaseInsensitiveDict(request.headers)
        if (request.method, what) == ("POST", "fetch"):
            reply = self.sessions.fetch(query.get("k", ""))
        elif (request.method, what) == ("GET", "state"):
            if self.answers_anybody:
                query["agent"] = self.parameters["actor"]
            reply = self.sessions.launch_data(query, headers)
        elif (request.method, what) == ("GET", "profile"):
            reply = self.sessions.profile(query, headers)
        elif (request.method, what) == ("GET", "statements"):
            reply = self.sessions.statement(query["statementId"], headers)
        elif (request.method, what) == ("PUT", "statements"):
            reply = self.sessions.put_statement(query["statementId"], json.loads(request.body), headers)
        else:
            reply = Reply(404)
        return Sent(reply.status, json.dumps(reply.body).encode() if reply.body is not None else b"")


@pytest.fixture
def lms(loopback: Outbound) -> Iterator[Lms]:
    lms = Lms()
    lms.context = callback_means(loopback, NOW)
    with lms.server:
        lms.start()
        yield lms


def request(parameters: dict[str, str]) -> LaunchRequest:
    url = "https://bridge.example.edu/cmi5/any-lms/launch"
    return LaunchRequest("GET", url, query=tuple(parameters.items()))


def settings(lms: Lms) -> Settings:
    return Settings(cmi5=Cmi5(allowed_urls=(lms.url,)))


def launch(lms: Lms, **changes: str) -> Launch:
    return read_cmi5(request({**lms.parameters, **changes}), settings(lms), lms.context)


def reason_of(lms: Lms, **changes: str) -> str:
    with pytest.raises(LaunchRejected) as caught:
        launch(lms, **changes)
    return caught.value.reason


def told(progress: float, *, mastered: bool = False, ends: bool = False, seconds: int = 90) -> Report:
    return Report(progress, mastered, seconds, seconds, ends, NOW)


def test_the_account_is_the_student(lms: Lms) -> None:
    arrived = launch(lms)
    assert arrived.student == Student(ANA.student_id, ANA.given, ANA.family)
    assert (arrived.kind, arrived.assurance) == (Kind.CMI5, Assurance.CONFIRMED)
    assert arrived.return_url == "https://lms.example.com/"
    assert arrived.package_token == "package"
    assert lms.session.verbs == ["initialized"]
    assert arrived.channel["token"] not in repr(arrived)


def test_the_way_back_is_a_web_address_or_none(lms: Lms) -> None:
    lms.session.data["returnURL"] = "javascript:alert(1)"
    assert launch(lms).return_url == ""


def test_a_launch_is_taken_once(lms: Lms) -> None:
    launch(lms)
    assert reason_of(lms) == "cmi5_refused"
    assert lms.session.verbs == ["initialized"]


@pytest.mark.parametrize("name", ["endpoint", "fetch", "actor", "registration", "activityId"])
def test_a_launch_with_a_parameter_missing_calls_nobody(name: str, lms: Lms) -> None:
    assert reason_of(lms, **{name: ""}) == "malformed"
    assert reason_of(lms, **{name: "x" * 4001}) == "malformed"
    assert not lms.server.seen


def test_a_parameter_that_is_given_twice_is_not_chosen_from(lms: Lms) -> None:
    doubled = LaunchRequest("GET", "https://b.example", query=(*lms.parameters.items(), ("actor", "{}")))
    with pytest.raises(LaunchRejected, match="more than one actor"):
        read_cmi5(doubled, settings(lms), lms.context)


@pytest.mark.parametrize(
    "actor",
    [
        "null",
        "[]",
        "{",
        '{"mbox":' + "[" * 3000,
        '{"mbox": "mailto:ana@example.edu"}',
        '{"account": {"name": "A12001"}}',
        '{"account": {"name": 7, "homePage": "https://lms.example.com"}}',
        '{"account": {"name": "A12001", "homePage": "lms"}}',
        '{"objectType": "Group", "account": {"name": "A12001", "homePage": "https://lms.example.com"}}',
    ],
)
def test_an_actor_without_an_account_is_nobody(actor: str, lms: Lms) -> None:
    assert reason_of(lms, actor=actor) == "malformed"
    assert not lms.server.seen


def test_somebody_elses_name_in_the_address_lets_nobody_in(lms: Lms) -> None:
    actor = json.loads(lms.parameters["actor"])
    actor["account"]["name"] = "A12005"
    assert reason_of(lms, actor=json.dumps(actor)) == "cmi5_refused"


def test_another_registration_lets_nobody_in(lms: Lms) -> None:
    assert reason_of(lms, registration="7d2a7b2e-5b1d-4d0e-8a3f-0a2f3a9d1c55") == "cmi5_refused"
    assert reason_of(lms, registration="7") == "malformed"


@pytest.mark.parametrize("name", ["endpoint", "fetch"])
@pytest.mark.parametrize(
    "url",
    ["https://evil.example/cmi5/", "http://127.1/cmi5/", "http://user@127.0.0.1/cmi5/", "file:///etc/passwd", "x"],
)
def test_an_address_that_is_not_allowed_is_not_called(name: str, url: str, lms: Lms) -> None:
    assert reason_of(lms, **{name: url}) == "cmi5_url_not_allowed"
    assert not lms.server.seen


def test_an_endpoint_may_be_written_without_its_slash(lms: Lms) -> None:
    assert launch(lms, endpoint=lms.url.rstrip("/")).student.student_id == ANA.student_id


def test_a_connection_without_cmi5_calls_nobody(lms: Lms) -> None:
    with pytest.raises(LaunchRejected, match="not_allowed_here"):
        read_cmi5(request(lms.parameters), Settings(), lms.context)
    assert not lms.server.seen


@pytest.mark.parametrize(
    ("what", "reply", "reason"),
    [
        ("fetch", Sent(200, b"<html>"), "cmi5_answer_unreadable"),
        ("fetch", Sent(200, b"[]"), "cmi5_answer_unreadable"),
        ("fetch", Sent(200, b"{}"), "cmi5_refused"),
        ("fetch", Sent(200, b'{"auth-token": 7}'), "cmi5_refused"),
        ("fetch", Sent(200, b'{"auth-token": "a\\r\\nX: y"}'), "cmi5_refused"),
        ("fetch", Sent(401, b'{"auth-token": "x"}'), "cmi5_refused"),
        ("fetch", Sent(302, b"", {"Location": "/login"}), "cmi5_refused"),
        ("fetch", Sent(200, b'{"auth-token": "invented"}'), "cmi5_refused"),
        ("state", Sent(404), "cmi5_refused"),
        ("state", Sent(200, b"hello"), "cmi5_answer_unreadable"),
        ("state", Sent(200, b'{"contextTemplate": 7}'), "cmi5_answer_unreadable"),
        ("state", Sent(200, b'{"contextTemplate": {"contextActivities": [1]}}'), "cmi5_answer_unreadable"),
        ("state", Sent(200, b'{"contextTemplate": {"extensions": [1]}}'), "cmi5_answer_unreadable"),
        ("statements", Sent(401), "cmi5_refused"),
        ("statements", Sent(400), "cmi5_refused"),
    ],
)
def test_an_lms_that_does_not_confirm_lets_nobody_in(what: str, reply: Sent, reason: str, lms: Lms) -> None:
    lms.spoilt[what] = reply
    assert reason_of(lms) == reason


def test_an_endless_answer_is_not_read_and_a_dead_lms_is_told_from_a_refusal(lms: Lms) -> None:
    lms.spoilt["fetch"] = Sent(200, b" " * 70_000)
    with pytest.raises(RemoteRefused):
        launch(lms)
    lms.spoilt["fetch"] = Sent(503)
    with pytest.raises(RemoteUnavailable):
        launch(lms)


def test_an_endpoint_chooses_no_other_question_than_ours(lms: Lms) -> None:
    assert reason_of(lms, endpoint=f"{lms.url}statements?statementId=") == "malformed"
    assert not lms.server.seen


def test_an_account_without_a_name_is_nobody(lms: Lms) -> None:
    nobody = next(person for person in PEOPLE if not person.student_id)
    parameters = lms.sessions.begin(nobody)
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        read_cmi5(request(parameters), settings(lms), lms.context)


# ---- telling the LMS ----


def test_the_whole_story_is_told_in_order(lms: Lms) -> None:
    channel = launch(lms).channel
    for step in (
        told(0.0, seconds=0),
        told(0.4),
        told(0.4),
        told(0.6),
        told(1.0, mastered=True, ends=True, seconds=400),
    ):
        report(channel, step, settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "progressed", "progressed", "completed", "passed", "terminated"]
    passed = lms.session.statements[4]
    assert passed["result"] == {"success": True, "score": {"scaled": 1.0}, "duration": "PT400S"}
    assert passed["timestamp"] == "2027-01-15T08:00:00.000Z"
    assert lms.session.statements[1]["result"]["extensions"] == {
        "https://w3id.org/xapi/cmi5/result/extensions/progress": 40
    }


def test_a_story_that_is_told_twice_is_booked_once(lms: Lms) -> None:
    channel = launch(lms).channel
    for _ in range(2):
        report(channel, told(1.0, mastered=True), settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "completed", "passed"]


@pytest.mark.parametrize("mode", ["Browse", "Review"])
def test_whoever_only_looks_passes_nothing(mode: str, lms: Lms) -> None:
    lms.start(mode=mode)
    channel = launch(lms).channel
    report(channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "terminated"]


def test_an_lms_that_refuses_a_statement_is_not_asked_for_ever(lms: Lms) -> None:
    channel = launch(lms).channel
    lms.spoilt["statements"] = Sent(403)
    with pytest.raises(RemoteRefused):
        report(channel, told(0.5), settings(lms), lms.context)


def test_an_address_that_was_struck_off_is_told_nothing(lms: Lms) -> None:
    channel = launch(lms).channel
    before = len(lms.server.seen)
    with pytest.raises(RemoteRefused):
        report(channel, told(0.5), Settings(), lms.context)
    assert len(lms.server.seen) == before


# ---- what an LMS must be told, and in which words ----


def sent(lms: Lms, verb: str) -> list[bytes]:
    """The bodies of the statements with this verb, as they went over the wire."""
    puts = [one.body for one in lms.server.seen if one.method == "PUT"]
    return [body for body in puts if json.loads(body)["verb"]["id"].endswith(f"/{verb}")]


def test_the_first_statement_comes_after_the_preferences_and_says_when(lms: Lms) -> None:
    launch(lms)
    asked = [one for one in lms.server.seen if one.path.endswith("/agents/profile")]
    query = {name: values[0] for name, values in parse_qs(asked[0].query).items()}
    assert query == {"profileId": "cmi5LearnerPreferences", "agent": lms.parameters["actor"]}
    assert json.loads(sent(lms, "initialized")[0])["timestamp"] == "2027-01-15T08:00:00.000Z"


def test_the_mastery_score_goes_back_with_passed_alone(lms: Lms) -> None:
    lms.session.data["masteryScore"] = 0.75
    report(launch(lms).channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    name = "https://w3id.org/xapi/cmi5/context/extensions/masteryscore"
    named = {said["verb"]["id"].rpartition("/")[2]: said["context"]["extensions"] for said in lms.session.statements}
    assert named["passed"][name] == 0.75
    assert [verb for verb, extensions in named.items() if name in extensions] == ["passed"]


def test_numbers_are_written_as_javascript_writes_them(lms: Lms) -> None:
    lms.session.data["masteryScore"] = 1.0
    lms.session.data["contextTemplate"]["extensions"]["https://lms.example.com/weight"] = 2.0
    report(launch(lms).channel, told(1.0, mastered=True), settings(lms), lms.context)
    (body,) = sent(lms, "passed")
    assert b'"scaled":1}' in body
    assert b'masteryscore":1,' in body
    assert b'/weight":2' in body


def test_a_retry_goes_on_after_what_was_taken(lms: Lms) -> None:
    channel = launch(lms).channel
    lms.server.fail_next(Sent(503), where='verbs/passed"')
    with pytest.raises(RemoteUnavailable):
        report(channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "completed"]
    report(channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "completed", "passed", "terminated"]
    assert len(sent(lms, "completed")) == 1


def test_a_statement_whose_answer_was_lost_is_not_taken_for_refused(lms: Lms) -> None:
    channel = launch(lms).channel
    report(channel, told(1.0, mastered=True), settings(lms), lms.context)
    forgetful = callback_means(lms.context.outbound, NOW)
    report(channel, told(1.0, mastered=True), settings(lms), forgetful)
    assert len(sent(lms, "completed")) == 2, "it was said again, and refused"
    assert lms.session.verbs == ["initialized", "completed", "passed"]


def test_a_second_session_of_a_registration_completes_and_passes_nothing_again(lms: Lms) -> None:
    report(launch(lms).channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    lms.parameters = lms.sessions.begin(ANA, registration=lms.parameters["registration"])
    report(launch(lms).channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "terminated"]
    assert len(sent(lms, "completed")) == 1


def test_another_registration_is_completed_by_itself(lms: Lms) -> None:
    report(launch(lms).channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    lms.parameters = lms.sessions.begin(ANA)
    report(launch(lms).channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "completed", "passed", "terminated"]


def test_a_refused_statement_holds_up_no_other_and_the_lms_is_quoted(lms: Lms) -> None:
    channel = launch(lms).channel
    lms.server.fail_next(
        Sent(403, b'{"statusCode": 403, "message": "9.3.0.0-6 - <b>once</b>"}'), where='verbs/completed"'
    )
    with pytest.raises(RemoteRefused, match=r"completed \(status 403\); it says: 9\.3\.0\.0-6 - <b>once</b>"):
        report(channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "passed", "terminated"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message": "no\\nway"}', "it says: no way"),
        (b"plain  words\r\n", "it says: plain words"),
        (b"bad token-1 of Basic token-1", "it says: bad … of Basic …"),
        (b'{"error": "' + b"x" * 5000 + b'"}', "x" * 200),
    ],
)
def test_the_words_of_the_lms_reach_the_record_without_the_token(body: bytes, words: str, lms: Lms) -> None:
    lms.spoilt["statements"] = Sent(403, body)
    with pytest.raises(LaunchRejected) as caught:
        launch(lms)
    assert caught.value.detail.endswith(words)
    assert "token-1" not in caught.value.detail


def test_a_token_that_the_lms_reads_as_a_password_is_not_quoted_either(lms: Lms) -> None:
    token = base64.b64encode(b":hunter22").decode()
    lms.spoilt["fetch"] = Sent(200, json.dumps({"auth-token": token}).encode())
    lms.spoilt["state"] = Sent(401, b"no session hunter22")
    with pytest.raises(LaunchRejected, match="it says: no session …"):
        launch(lms)


def test_a_web_page_is_not_quoted(lms: Lms) -> None:
    lms.spoilt["statements"] = Sent(403, b"<html><script>alert(1)</script>")
    with pytest.raises(LaunchRejected, match=r"\(status 403\)$"):
        launch(lms)


def test_a_registration_goes_back_in_the_letter_case_it_came_in(lms: Lms) -> None:
    lms.parameters = lms.sessions.begin(ANA, registration="7D2A7B2E-5B1D-4D0E-8A3F-0A2F3A9D1C55")
    assert launch(lms).student.student_id == ANA.student_id


# ---- null, and addresses that are encoded twice ----


@pytest.mark.parametrize("member", ["returnURL", "launchMode", "masteryScore", "entitlementKey"])
def test_a_null_is_a_member_that_is_absent(member: str, lms: Lms) -> None:
    lms.session.data[member] = None
    arrived = launch(lms)
    assert arrived.student.student_id == ANA.student_id
    assert arrived.channel["mode"] == "Normal"
    report(arrived.channel, told(1.0, mastered=True, ends=True), settings(lms), lms.context)
    assert lms.session.verbs == ["initialized", "completed", "passed", "terminated"]


def test_a_null_for_a_name_or_a_template_stops_nobody(lms: Lms) -> None:
    actor = {**json.loads(lms.parameters["actor"]), "name": None}
    lms.parameters["actor"] = json.dumps(actor)
    lms.spoilt["state"] = Sent(200, b'{"contextTemplate": null, "launchMode": "Normal", "moveOn": "Passed"}')
    lms.spoilt["statements"] = Sent(204)
    assert launch(lms).student == Student(ANA.student_id, "", "")


@pytest.mark.parametrize(
    ("member", "value"),
    [("returnURL", 7), ("launchMode", []), ("contextTemplate", "x")],
)
def test_a_member_of_the_wrong_kind_is_named(member: str, value: object, lms: Lms) -> None:
    lms.spoilt["state"] = Sent(200, json.dumps({**lms.session.data, member: value}).encode())
    with pytest.raises(LaunchRejected, match=rf"cmi5_answer_unreadable: LMS.LaunchData .*`\$\.{member}`"):
        launch(lms)


def test_a_byte_order_mark_before_an_answer_is_no_part_of_it(lms: Lms) -> None:
    lms.spoilt["fetch"] = Sent(200, b'\xef\xbb\xbf{"auth-token": "token-1"}')
    lms.session.fetched = True
    assert launch(lms).student.student_id == ANA.student_id


def test_a_web_page_in_place_of_the_data_is_told_as_one(lms: Lms) -> None:
    lms.spoilt["state"] = Sent(200, b"<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(LaunchRejected, match=r"cmi5_answer_unreadable: LMS\.LaunchData .* is a web page"):
        launch(lms)


def test_an_actors_member_of_the_wrong_kind_is_named(lms: Lms) -> None:
    actor = {"account": {"name": 7, "homePage": "https://lms.example.com"}}
    with pytest.raises(LaunchRejected, match=r"malformed: actor .*`\$\.account\.name`"):
        launch(lms, actor=json.dumps(actor))


def test_a_way_back_that_is_encoded_as_a_whole_is_read(lms: Lms) -> None:
    lms.session.data["returnURL"] = "https%3A%2F%2Flms.example.com%2Fback%3Fa%3D1"
    assert launch(lms).return_url == "https://lms.example.com/back?a=1"


# ---- an LMS that says yes to anybody confirms nobody ----


def test_an_lms_that_answers_for_anybody_is_worth_no_more_than_a_browser(lms: Lms) -> None:
    lms.answers_anybody = True
    arrived = launch(lms)
    assert arrived.assurance is Assurance.ASSERTED
    assert "made up" in arrived.remark


def states_asked(lms: Lms) -> int:
    return sum(one.path.endswith("/activities/state") for one in lms.server.seen)


def test_an_lms_is_asked_once_for_a_made_up_agent_and_its_answer_is_remembered(lms: Lms) -> None:
    lms.answers_anybody = True
    assert launch(lms).assurance is Assurance.ASSERTED
    assert states_asked(lms) == 2
    lms.answers_anybody = False
    lms.parameters = lms.sessions.begin(ANA)
    assert launch(lms).assurance is Assurance.ASSERTED
    assert states_asked(lms) == 3
    lms.parameters = lms.sessions.begin(ANA)
    lms.context = callback_means(lms.context.outbound, NOW)
    assert launch(lms).assurance is Assurance.CONFIRMED, "forgotten, asked again, and found fixed"
    assert not launch_remark(lms)


def launch_remark(lms: Lms) -> str:
    lms.parameters = lms.sessions.begin(ANA)
    return launch(lms).remark


def test_an_lms_that_breaks_over_a_stranger_has_given_nothing(lms: Lms) -> None:
    lms.server.fail_next(Sent(500), where=quote(NOBODY_OF_TOKEN_1))
    assert launch(lms).assurance is Assurance.CONFIRMED


@given(st.lists(st.tuples(st.sampled_from(("endpoint", "fetch", "actor", "registration", "activityId")), st.text())))
def test_no_request_raises_anything_but_a_rejection(query: list[tuple[str, str]]) -> None:
    asked = LaunchRequest("GET", "https://b.example", query=tuple(query))
    known = Settings(cmi5=Cmi5(allowed_urls=("https://lms.example.com/xapi/",)))
    with contextlib.suppress(LaunchRejected):
        read_cmi5(asked, known, callback_means(Outbound()))
        raise AssertionError("a launch that nobody confirmed")
