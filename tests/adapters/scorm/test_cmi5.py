"""cmi5 launches against an LMS written from the specification: nothing in the request is believed by itself."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from adapters.scorm import report
from adapters.scorm.cmi5 import read_cmi5
from adapters.scorm.settings import Cmi5, Settings
from bridge.contracts import Assurance, Kind, Launch, LaunchRequest, Report, Student
from bridge.errors import LaunchRejected, RemoteRefused, RemoteUnavailable
from bridge.http import Outbound
from sandbox.lms.cmi5 import Cmi5Sessions, Reply
from sandbox.people import PEOPLE
from tests.fakes.serving import FakeServer, Request
from tests.fakes.serving import Reply as Sent

NOW = 1_800_000_000.0
ANA = PEOPLE[0]


class Lms:
    """A cmi5 LMS on loopback; `change` may spoil an answer."""

    def __init__(self) -> None:
        self.server = FakeServer(self._answer)
        self.spoilt: dict[str, Sent] = {}

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
            reply = self.sessions.launch_data(query, headers)
        elif (request.method, what) == ("PUT", "statements"):
            reply = self.sessions.put_statement(query["statementId"], json.loads(request.body), headers)
        else:
            reply = Reply(404)
        return Sent(reply.status, json.dumps(reply.body).encode() if reply.body is not None else b"")


@pytest.fixture
def lms() -> Iterator[Lms]:
    lms = Lms()
    with lms.server:
        lms.start()
        yield lms


def request(parameters: dict[str, str]) -> LaunchRequest:
    url = "https://bridge.example.edu/cmi5/any-lms/launch"
    return LaunchRequest("GET", url, query=tuple(parameters.items()))


def settings(lms: Lms) -> Settings:
    return Settings(cmi5=Cmi5(allowed_urls=(lms.url,)))


def launch(lms: Lms, outbound: Outbound, **changes: str) -> Launch:
    return read_cmi5(request({**lms.parameters, **changes}), settings(lms), outbound)


def reason_of(lms: Lms, outbound: Outbound, **changes: str) -> str:
    with pytest.raises(LaunchRejected) as caught:
        launch(lms, outbound, **changes)
    return caught.value.reason


def told(progress: float, *, mastered: bool = False, ends: bool = False, seconds: int = 90) -> Report:
    return Report(progress, mastered, seconds, seconds, ends, NOW)


def test_the_account_is_the_student(lms: Lms, loopback: Outbound) -> None:
    arrived = launch(lms, loopback)
    assert arrived.student == Student(ANA.student_id, ANA.given, ANA.family)
    assert (arrived.kind, arrived.assurance) == (Kind.CMI5, Assurance.CONFIRMED)
    assert arrived.return_url == "https://lms.example.com/"
    assert arrived.package_token == "package"
    assert lms.session.verbs == ["initialized"]
    assert arrived.channel["token"] not in repr(arrived)


def test_the_way_back_is_a_web_address_or_none(lms: Lms, loopback: Outbound) -> None:
    lms.session.data["returnURL"] = "javascript:alert(1)"
    assert launch(lms, loopback).return_url == ""


def test_a_launch_is_taken_once(lms: Lms, loopback: Outbound) -> None:
    launch(lms, loopback)
    assert reason_of(lms, loopback) == "cmi5_refused"
    assert lms.session.verbs == ["initialized"]


@pytest.mark.parametrize("name", ["endpoint", "fetch", "actor", "registration", "activityId"])
def test_a_launch_with_a_parameter_missing_calls_nobody(name: str, lms: Lms, loopback: Outbound) -> None:
    assert reason_of(lms, loopback, **{name: ""}) == "malformed"
    assert reason_of(lms, loopback, **{name: "x" * 4001}) == "malformed"
    assert not lms.server.seen


def test_a_parameter_that_is_given_twice_is_not_chosen_from(lms: Lms, loopback: Outbound) -> None:
    doubled = LaunchRequest("GET", "https://b.example", query=(*lms.parameters.items(), ("actor", "{}")))
    with pytest.raises(LaunchRejected, match="more than one actor"):
        read_cmi5(doubled, settings(lms), loopback)


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
def test_an_actor_without_an_account_is_nobody(actor: str, lms: Lms, loopback: Outbound) -> None:
    assert reason_of(lms, loopback, actor=actor) == "malformed"
    assert not lms.server.seen


def test_somebody_elses_name_in_the_address_lets_nobody_in(lms: Lms, loopback: Outbound) -> None:
    actor = json.loads(lms.parameters["actor"])
    actor["account"]["name"] = "A12005"
    assert reason_of(lms, loopback, actor=json.dumps(actor)) == "cmi5_refused"


def test_another_registration_lets_nobody_in(lms: Lms, loopback: Outbound) -> None:
    assert reason_of(lms, loopback, registration="7d2a7b2e-5b1d-4d0e-8a3f-0a2f3a9d1c55") == "cmi5_refused"
    assert reason_of(lms, loopback, registration="7") == "malformed"


@pytest.mark.parametrize("name", ["endpoint", "fetch"])
@pytest.mark.parametrize(
    "url",
    ["https://evil.example/cmi5/", "http://127.1/cmi5/", "http://user@127.0.0.1/cmi5/", "file:///etc/passwd", "x"],
)
def test_an_address_that_is_not_allowed_is_not_called(name: str, url: str, lms: Lms, loopback: Outbound) -> None:
    assert reason_of(lms, loopback, **{name: url}) == "cmi5_url_not_allowed"
    assert not lms.server.seen


def test_an_endpoint_may_be_written_without_its_slash(lms: Lms, loopback: Outbound) -> None:
    assert launch(lms, loopback, endpoint=lms.url.rstrip("/")).student.student_id == ANA.student_id


def test_a_connection_without_cmi5_calls_nobody(lms: Lms, loopback: Outbound) -> None:
    with pytest.raises(LaunchRejected, match="not_allowed_here"):
        read_cmi5(request(lms.parameters), Settings(), loopback)
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
        ("statements", Sent(401), "cmi5_refused"),
        ("statements", Sent(400), "cmi5_refused"),
    ],
)
def test_an_lms_that_does_not_confirm_lets_nobody_in(
    what: str, reply: Sent, reason: str, lms: Lms, loopback: Outbound
) -> None:
    lms.spoilt[what] = reply
    assert reason_of(lms, loopback) == reason


def test_an_endless_answer_is_not_read_and_a_dead_lms_is_told_from_a_refusal(lms: Lms, loopback: Outbound) -> None:
    lms.spoilt["fetch"] = Sent(200, b" " * 70_000)
    with pytest.raises(RemoteRefused):
        launch(lms, loopback)
    lms.spoilt["fetch"] = Sent(503)
    with pytest.raises(RemoteUnavailable):
        launch(lms, loopback)


def test_an_account_without_a_name_is_nobody(lms: Lms, loopback: Outbound) -> None:
    nobody = next(person for person in PEOPLE if not person.student_id)
    parameters = lms.sessions.begin(nobody)
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        read_cmi5(request(parameters), settings(lms), loopback)


# ---- telling the LMS ----


def test_the_whole_story_is_told_in_order(lms: Lms, loopback: Outbound) -> None:
    channel = launch(lms, loopback).channel
    for step in (
        told(0.0, seconds=0),
        told(0.4),
        told(0.4),
        told(0.6),
        told(1.0, mastered=True, ends=True, seconds=400),
    ):
        report(channel, step, settings(lms), loopback)
    assert lms.session.verbs == ["initialized", "progressed", "progressed", "completed", "passed", "terminated"]
    passed = lms.session.statements[4]
    assert passed["result"] == {"success": True, "score": {"scaled": 1.0}, "duration": "PT400S"}
    assert passed["timestamp"] == "2027-01-15T08:00:00.000+00:00"
    assert lms.session.statements[1]["result"]["extensions"] == {
        "https://w3id.org/xapi/cmi5/result/extensions/progress": 40
    }


def test_a_story_that_is_told_twice_is_booked_once(lms: Lms, loopback: Outbound) -> None:
    channel = launch(lms, loopback).channel
    for _ in range(2):
        report(channel, told(1.0, mastered=True), settings(lms), loopback)
    assert lms.session.verbs == ["initialized", "completed", "passed"]


@pytest.mark.parametrize("mode", ["Browse", "Review"])
def test_whoever_only_looks_passes_nothing(mode: str, lms: Lms, loopback: Outbound) -> None:
    lms.start(mode=mode)
    channel = launch(lms, loopback).channel
    report(channel, told(1.0, mastered=True, ends=True), settings(lms), loopback)
    assert lms.session.verbs == ["initialized", "terminated"]


def test_an_lms_that_refuses_a_statement_is_not_asked_for_ever(lms: Lms, loopback: Outbound) -> None:
    channel = launch(lms, loopback).channel
    lms.spoilt["statements"] = Sent(403)
    with pytest.raises(RemoteRefused):
        report(channel, told(0.5), settings(lms), loopback)


def test_an_address_that_was_struck_off_is_told_nothing(lms: Lms, loopback: Outbound) -> None:
    channel = launch(lms, loopback).channel
    before = len(lms.server.seen)
    with pytest.raises(RemoteRefused):
        report(channel, told(0.5), Settings(), loopback)
    assert len(lms.server.seen) == before


@given(st.lists(st.tuples(st.sampled_from(("endpoint", "fetch", "actor", "registration", "activityId")), st.text())))
def test_no_request_raises_anything_but_a_rejection(query: list[tuple[str, str]]) -> None:
    asked = LaunchRequest("GET", "https://b.example", query=tuple(query))
    known = Settings(cmi5=Cmi5(allowed_urls=("https://lms.example.com/xapi/",)))
    with contextlib.suppress(LaunchRejected):
        read_cmi5(asked, known, Outbound())
        raise AssertionError("a launch that nobody confirmed")
