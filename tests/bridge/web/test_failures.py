"""The database away, locked or full: every address answers from memory, with a reference that the log and, once the
database is back, the record know.
"""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from bridge.contracts import Outcome
from bridge.web.late import Late
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import BRIDGE, NOW, claims, sign, token

SECRET = "a-secret-of-OttoLearn-and-the-bridge"
OIDC = f"{{method: oidc, client_id: o, client_secret: {SECRET}, redirect_uris: ['https://learn.example.com/cb']}}"


@pytest.fixture
def sign_in() -> str:
    return OIDC


@contextmanager
def every_connection(bridge: Bridge, spoil: Callable[..., Any], moment: str = "connect") -> Iterator[None]:
    """Within the block, connections to the database are new ones, each spoilt."""
    event.listen(bridge.engine, moment, spoil)
    bridge.engine.dispose()
    try:
        yield
    finally:
        event.remove(bridge.engine, moment, spoil)
        bridge.engine.dispose()


@contextmanager
def away(bridge: Bridge) -> Iterator[None]:
    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    with every_connection(bridge, refuse, "do_connect"):
        yield


@contextmanager
def full(bridge: Bridge) -> Iterator[None]:
    def no_further(connection: Any, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    with every_connection(bridge, no_further):
        yield


@contextmanager
def locked(bridge: Bridge) -> Iterator[None]:
    def impatient(connection: Any, _: object) -> None:
        connection.execute("PRAGMA busy_timeout=0")

    other = sqlite3.connect(bridge.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with every_connection(bridge, impatient):
            yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def launch11(bridge: Bridge, nonce: str = "n") -> Any:
    form = dict(sign(f"{BRIDGE}/lti/campus/launch", timestamp=bridge.now, nonce=nonce))
    return bridge.client.post("/lti/campus/launch", data=form)


PAGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/lti/campus/launch", {"data": dict(sign(f"{BRIDGE}/lti/campus/launch", timestamp=NOW))}),
    ("POST", "/lti/nowhere/login", {"data": {"iss": "x"}}),
    ("POST", "/lti/nowhere/launch", {"data": {"id_token": "x"}}),
    ("POST", "/lti/campus/proof", {"data": {"code": "x"}, "headers": {"Origin": BRIDGE}}),
    ("POST", "/lti/campus/choice", {"data": {"code": "x", "course": "SAFE-101"}}),
    ("GET", "/lti/nowhere/lunch", {}),
    ("GET", "/lti/register?openid_configuration=https://lms.example.edu/c&registration_token=x", {}),
    ("GET", "/setup/nowhere", {}),
    ("GET", "/aicc/packages/launch?aicc_sid=1&aicc_url=https://lms.example.edu/hacp", {}),
    ("GET", "/cmi5/packages/launch?endpoint=https://lms.example.edu/xapi&fetch=https://lms.example.edu/f", {}),
    ("GET", "/l/a-code", {}),
    ("POST", "/l", {"data": {"code": "a-code"}}),
    ("GET", "/step-up/packages/callback?state=x&code=y", {}),
    (
        "GET",
        "/oidc/authorize?response_type=code&client_id=o&scope=openid&state=s&redirect_uri=https://learn.example.com/cb",
        {},
    ),
]
PROGRESS = {"Authorization": "Bearer 0123456789abcdef-progress-0123456789abcdef"}
JSON: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/scorm/packages/launch", {"json": {"student_id": "S000101"}}),
    ("POST", "/scorm/packages/probe", {"json": {}, "headers": {"Authorization": "Bearer x"}}),
    ("POST", "/api/v1/progress", {"json": {"connection": "c", "progress": 1, "student_id": "s"}, "headers": PROGRESS}),
    ("POST", "/oidc/token", {"data": {"grant_type": "authorization_code", "code": "c", "client_id": "o",
                                      "client_secret": SECRET, "redirect_uri": "https://learn.example.com/cb"}}),
    ("GET", "/oidc/jwks.json", {}),
    ("GET", "/lti/jwks.json", {}),
]  # fmt: skip


def lines_of(caplog: pytest.LogCaptureFixture, reference: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if f"reference={reference}" in record.getMessage()]


def check_told(bridge: Bridge, caplog: pytest.LogCaptureFixture, answer: Any, reference: str) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    (line,) = lines_of(caplog, reference)
    assert "reason=database_unavailable" in line.getMessage()
    assert line.exc_info is None
    assert len("".join(record.getMessage() for record in caplog.records)) < 1000
    assert bridge.services.late.write() == 1
    assert [row.reason for row in bridge.record() if row.reference == reference] == ["database_unavailable"]


@pytest.mark.parametrize(("method", "path", "more"), PAGES, ids=lambda v: v if isinstance(v, str) else "")
def test_without_the_database_every_page_says_to_try_again(
    bridge: Bridge, caplog: pytest.LogCaptureFixture, method: str, path: str, more: dict[str, Any]
) -> None:
    caplog.set_level("INFO")
    bridge.client.set_cookie("__Host-ottobridge-launch", "of-a-launch")
    with away(bridge):
        answer = bridge.client.open(path, method=method, **more)
        assert bridge.services.late.write() == 0
    assert "Please try again in a few minutes" in answer.text
    check_told(bridge, caplog, answer, re.findall(r'class="reference">([^<]+)', answer.text)[0])


@pytest.mark.parametrize(("method", "path", "more"), JSON, ids=lambda v: v if isinstance(v, str) else "")
def test_without_the_database_programs_and_package_pages_read_json(
    bridge: Bridge, caplog: pytest.LogCaptureFixture, method: str, path: str, more: dict[str, Any]
) -> None:
    caplog.set_level("INFO")
    with away(bridge):
        answer = bridge.client.open(path, method=method, **more)
    assert answer.json["error"] == "database_unavailable"
    assert "try again" in answer.json["title"]
    assert (answer.headers.get("Access-Control-Allow-Origin") == "*") == path.startswith("/scorm/")
    check_told(bridge, caplog, answer, answer.json["reference"])


@pytest.mark.parametrize("fault", [full, locked], ids=["full", "locked"])
def test_a_database_that_takes_nothing_lets_nobody_in_and_says_so(
    bridge: Bridge, caplog: pytest.LogCaptureFixture, fault: Any
) -> None:
    caplog.set_level("INFO")
    asked = bridge.login()
    launch13 = {"id_token": token(claims(asked["nonce"], bridge.now)), "state": asked["state"]}
    answers = []
    with fault(bridge):
        for number in range(60):  # until what is free inside the file is used up
            answers = [launch11(bridge, f"n-{number}"), bridge.client.post("/lti/campus/launch", data=launch13)]
            if {answer.status_code for answer in answers} == {503}:
                break
            launch13["state"] = bridge.login()["state"]
        assert bridge.client.get("/readyz").status_code == 503
    assert {answer.status_code for answer in answers} == {503}
    assert bridge.services.late.write() >= 2
    for answer in answers:
        reference = re.findall(r'class="reference">([^<]+)', answer.text)[0]
        assert [row.reason for row in bridge.record() if row.reference == reference] == ["database_unavailable"]
    assert launch11(bridge, "afterwards").status_code == 303
    assert bridge.client.get("/readyz").status_code == 200


def test_a_launch_whose_line_cannot_be_written_gets_in(bridge: Bridge, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    caplog.set_level("INFO")
    monkeypatch.setattr("bridge.web.record.launches.append", broken)
    assert launch11(bridge).status_code == 303
    monkeypatch.undo()
    assert bridge.services.late.write() == 1
    assert [row.outcome for row in bridge.record()] == [Outcome.MATCHED]


def test_a_mistake_of_ours_is_one_page_one_line_with_its_traceback_and_one_record(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise KeyError("of ours")

    caplog.set_level("INFO")
    monkeypatch.setattr("bridge.web.lti.v11.verify", mistaken)
    answer = launch11(bridge)
    assert answer.status_code == 500
    reference = re.findall(r'class="reference">([^<]+)', answer.text)[0]
    (line,) = lines_of(caplog, reference)
    assert line.exc_info
    assert isinstance(line.exc_info[1], KeyError)
    assert [(row.reason, row.reference) for row in bridge.record()] == [("internal", reference)]


def test_where_not_even_a_page_can_be_made_there_is_one(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise OSError("no template")

    monkeypatch.setattr("bridge.web.failures.answer", broken)
    answer = bridge.client.get("/nowhere")
    assert answer.status_code == 503
    assert answer.headers["Content-Security-Policy"]
    assert lines_of(caplog, re.findall(r'class="reference">([^<]+)', answer.text)[0])


def test_a_line_that_arrived_after_all_is_not_written_twice(bridge: Bridge) -> None:
    bridge.launch13()
    (line,) = bridge.record()
    bridge.services.late.put(line, {})
    bridge.services.late.write()
    assert bridge.record() == [line]


def test_lines_that_wait_are_bounded(bridge: Bridge) -> None:
    late = Late(bridge.engine, most=2)
    bridge.launch13()
    (line,) = bridge.record()
    for number in range(5):
        late.put(line._replace(reference=f"WAIT-{number:04d}"), {})
    assert late.write() == 2
    assert late.write() == 0


def test_a_clock_that_is_ahead_is_called_that(bridge: Bridge) -> None:
    asked = bridge.login()
    ahead = token(claims(asked["nonce"], bridge.now + 240))
    answer = bridge.client.post("/lti/campus/launch", data={"id_token": ahead, "state": asked["state"]})
    assert "The clocks do not agree" in answer.text
    assert "does not answer" not in answer.text
    assert (bridge.record()[0].reason, bridge.record()[0].detail) == (
        "not_yet_valid",
        "not_yet_valid: iat lies 240 seconds ahead of our clock",
    )


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("POST", "/api/v1/progress", {"headers": {"Authorization": "Bearer sesame-sesame"}}, 401),
        ("POST", "/scorm/packages/progress", {"headers": {"Authorization": "Bearer sesame-sesame"}}, 403),
        ("POST", "/scorm/packages/probe", {"headers": {"Authorization": "Bearer sesame-sesame"}}, 403),
        ("GET", "/lti/register?registration_token=sesame-sesame", {}, 400),
        ("GET", "/l/sesame-sesame", {}, 400),
        ("GET", "/nowhere?code=sesame-sesame", {}, 404),
        ("POST", "/lti/campus/cookie/x?sesame-sesame", {}, 405),
        ("POST", "/oidc/token", {"data": {"client_secret": "sesame-sesame", "grant_type": "x"}}, 400),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_every_refusal_is_one_line_with_the_requests_id_and_without_what_it_brought(
    bridge: Bridge, caplog: pytest.LogCaptureFixture, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    caplog.set_level("INFO")
    headers = {"X-Request-ID": "of-the-proxy", **more.pop("headers", {})}
    answer = bridge.client.open(path, method=method, headers=headers, **more)
    assert answer.status_code == status
    assert answer.headers["X-Request-ID"] == "of-the-proxy"
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert str(status) in line or "reason=" in line
    assert "sesame" not in line


def test_strangers_do_not_name_requests(bridge: Bridge) -> None:
    stranger = {"REMOTE_ADDR": "198.51.100.7"}
    answer = bridge.client.get("/healthz", headers={"X-Request-ID": "of-a-stranger"}, environ_overrides=stranger)
    assert answer.headers["X-Request-ID"] != "of-a-stranger"
    answer = bridge.client.get("/healthz", headers={"X-Request-ID": 'x" outcome="matched'})
    assert "matched" not in answer.headers["X-Request-ID"]


def test_no_address_that_there_is_answers_barely_without_the_database(bridge: Bridge) -> None:
    """Those that a later change adds, too."""
    app = bridge.client.application
    tried = set()
    with away(bridge):
        for rule in app.url_map.iter_rules():
            path = re.sub(r"<(?:path:)?(\w+)>", "nowhere", rule.rule)
            for method in (rule.methods or set()) & {"GET", "POST"}:
                answer = bridge.client.open(path, method=method)
                tried.add(answer.status_code)
                if answer.status_code >= 500 and path not in {"/readyz"}:
                    assert answer.status_code == 503, f"{method} {path}"
                    assert "reference" in answer.text, f"{method} {path}"
    assert 503 in tried
    assert 500 not in tried
