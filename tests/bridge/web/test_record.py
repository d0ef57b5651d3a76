"""Strangers may send what they like: they read a page, and fill neither the disk nor the record of real launches."""

from __future__ import annotations

from io import BytesIO

import pytest
from sqlalchemy import func, select

from bridge.config.retention import DAY, Retention
from bridge.jobs.purge import purge
from bridge.launch.rate_limits import DETAILS, DETAILS_OF_ADDRESS, REFUSALS, REFUSALS_OF_ADDRESS
from bridge.store.received import LONGEST
from bridge.store.schema import launch, received
from bridge.web import record
from bridge.web.body import MAX_BODY
from tests.bridge.web.conftest import Bridge


def kept(bridge: Bridge) -> tuple[int, int]:
    """Lines of the record, and how many of them have what came."""
    with bridge.engine.connect() as connection:
        lines, rows = (connection.execute(select(func.count()).select_from(table)) for table in (launch, received))
        empty = connection.execute(select(func.count()).where(received.c.fields == "{}")).scalar_one()
        return lines.scalar_one(), rows.scalar_one() - empty


def refused(bridge: Bridge, address: str = "198.51.100.1") -> None:
    """A login that says nothing, which anybody can send."""
    answer = bridge.client.post("/lti/campus/login", data={"a": "b"}, headers={"X-Forwarded-For": address})
    assert answer.status_code == 400
    assert 'class="reference">' in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/favicon.ico", 404),
        ("GET", "/wp-login.php", 404),
        ("POST", "/.env\r\nlaunch outcome=matched", 404),
        ("GET", "/lti/nowhere/launch", 405),
        ("GET", "/setup/nowhere", 404),
        ("HEAD", "/l/a-code-that-lives", 405),
        ("POST", "/lti/nowhere/launch", 413),
    ],
)
def test_scanners_leave_no_line_in_the_record_but_one_in_the_log(
    bridge: Bridge, caplog: pytest.LogCaptureFixture, method: str, path: str, status: int
) -> None:
    caplog.set_level("INFO")
    body = b"x" * (MAX_BODY + 1) if status == 413 else b""
    answer = bridge.client.open(path, method=method, data=body)
    assert answer.status_code == status
    assert kept(bridge) == (0, 0)
    (line,) = [record.getMessage() for record in caplog.records if "request rejected" in record.getMessage()]
    assert "\n" not in line
    assert "a-code-that-lives" not in line
    if method != "HEAD":
        assert line.split("reference=")[1][:9] in answer.text


@pytest.mark.parametrize(("more", "status"), [(0, 404), (1, 413), (2 * MAX_BODY, 413)])
def test_a_body_whose_length_nobody_has_said_is_not_cut(bridge: Bridge, more: int, status: int) -> None:
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    body = BytesIO(b"x" * (MAX_BODY + more))
    assert bridge.client.post("/lti/nowhere/launch", input_stream=body, environ_overrides=chunked).status_code == status


@pytest.mark.parametrize(("path", "reason"), [("launch", "method_not_allowed"), ("lunch", "not_found")])
def test_a_launch_url_that_an_administrator_got_wrong_is_on_record(bridge: Bridge, path: str, reason: str) -> None:
    bridge.client.get(f"/lti/campus/{path}")
    assert bridge.record()[0][1:8] == ("campus", "", "", "", "", "rejected", reason)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits in the same order as they are, but quicker to reach."""
    for name, most in {"REFUSALS_OF_ADDRESS": 6, "REFUSALS": 20, "DETAILS_OF_ADDRESS": 2, "DETAILS": 8}.items():
        assert hasattr(record, name)
        monkeypatch.setattr(record, name, getattr(record, name)._replace(most=most))


@pytest.mark.usefixtures("narrow")
def test_one_address_cannot_fill_the_record(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(9):
        refused(bridge)
    assert kept(bridge) == (6, 2)
    assert [text for text in caplog.text.split("\n") if "further ones are not recorded" in text and "6" in text]
    refused(bridge, "198.51.100.2")
    assert kept(bridge) == (7, 3)
    bridge.now += REFUSALS_OF_ADDRESS.span
    refused(bridge)
    assert kept(bridge) == (8, 4)


@pytest.mark.usefixtures("narrow")
def test_many_addresses_cannot_fill_the_record_either(bridge: Bridge) -> None:
    for number in range(25):
        refused(bridge, f"198.51.100.{number}")
    assert kept(bridge) == (20, 8)


@pytest.mark.usefixtures("narrow")
def test_the_addresses_of_one_ipv6_network_count_as_one(bridge: Bridge) -> None:
    for number in range(9):
        refused(bridge, f"2001:db8:1:2::{number:x}")
    assert kept(bridge) == (6, 2)


def test_what_strangers_can_write_in_a_month_stays_below_what_the_documentation_says() -> None:
    month = 30 * 86_400 / REFUSALS.span
    line = 4 * record.DETAIL + 300  # of at most four bytes a character, beside time, words and reference
    assert month * (REFUSALS.most * line + DETAILS.most * LONGEST) < 10e9
    assert REFUSALS_OF_ADDRESS.most < REFUSALS.most / 3
    assert DETAILS_OF_ADDRESS.most < DETAILS.most / 3


def test_a_stranger_cannot_make_one_line_long(bridge: Bridge) -> None:
    bridge.client.get("/lti/campus/login", query_string={"iss": "😀" * 255, "client_id": "😀" * 255})
    assert len(bridge.record()[0].detail) <= record.DETAIL


@pytest.mark.usefixtures("narrow")
def test_people_are_recorded_whatever_strangers_did_before(bridge: Bridge) -> None:
    for _ in range(9):
        refused(bridge, "127.0.0.1")
    for student_id in ("S000101", "nobody", "gone"):
        bridge.launch13(lis={"person_sourcedid": student_id})
    assert [line.outcome for line in bridge.record()[:3]] == ["inactive", "no_match", "matched"]
    assert kept(bridge)[1] == 2 + 2


def test_refusals_of_nobody_are_forgotten_long_before_launches_of_people(bridge: Bridge) -> None:
    refused(bridge)
    bridge.launch13(lis={"person_sourcedid": "nobody"})
    bridge.launch13()
    purge(bridge.engine, bridge.now + Retention().refused * DAY + 1, Retention())
    assert [line.outcome for line in bridge.record()] == ["matched", "no_match"]
    assert kept(bridge)[1] == 0


@pytest.mark.parametrize(("given", "mark"), [("Zoe", ""), ("Grace", "name_differs")])
def test_a_learner_whom_ottolearn_names_otherwise_comes_in_and_is_marked(bridge: Bridge, given: str, mark: str) -> None:
    bridge.launch13(given_name=given, family_name="")
    [line] = bridge.record()
    assert (line.outcome, line.mark) == ("matched", mark)
