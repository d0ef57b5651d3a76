"""What a trace of a launch shows: its steps, and nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import claims, token
from tests.fakes.traces import Kept, kept_traces

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
LOGIN = "POST /lti/<connection>/login"
LAUNCH = "POST /lti/<connection>/launch"


@pytest.fixture
def kept() -> Iterator[Kept]:
    with kept_traces() as found:
        yield found


def test_a_launch_shows_where_its_time_went(bridge: Bridge, kept: Kept) -> None:
    bridge.launch13()
    assert kept.tree() == {
        (LOGIN, ""),
        ("verify", LOGIN),
        (LAUNCH, ""),
        ("verify", LAUNCH),
        ("call", "verify"),  # for the platform's keys
        ("find", LAUNCH),
        ("sign-in", LAUNCH),
    }
    told = dict(kept.named(LAUNCH).attributes)
    assert told["ottobridge.outcome"] == "matched"
    assert told["ottobridge.connection"] == "campus"
    assert told["http.response.status_code"] == 303


def test_a_refused_launch_says_at_which_step_and_why(bridge: Bridge, kept: Kept) -> None:
    bridge.launch13(lis={"person_sourcedid": "nobody"})
    assert kept.named("find").status.description == "LearnerNotFound"
    assert all(span.status.is_ok for span in kept.spans() if span.name == "verify")
    assert dict(kept.named(LAUNCH).attributes)["ottobridge.reason"] == "no_match"
    assert ("sign-in", LAUNCH) not in kept.tree()


def test_a_trace_names_nobody_and_holds_nothing_that_lets_anybody_in(bridge: Bridge, kept: Kept) -> None:
    asked = bridge.login()
    signed = token(claims(asked["nonce"], bridge.now))
    answer = bridge.client.post("/lti/campus/launch", data={"id_token": signed, "state": asked["state"]})
    bridge.launch13(lis={"person_sourcedid": "twice"})
    bridge.client.get("/l/a-one-time-code?secret=1")
    told = kept.told()
    for secret in ("S000101", "twice", "Zoë", "O’Brien", "zoe@", signed, asked["state"], answer.headers["Location"]):
        assert secret not in told
    assert "a-one-time-code" not in told
    assert "secret=1" not in told


def test_the_trace_of_whoever_asks_goes_on(bridge: Bridge, kept: Kept) -> None:
    bridge.client.get("/lti/jwks.json", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    (span,) = kept.spans()
    assert format(span.context.trace_id, "032x") == TRACE
    assert format(span.parent.span_id, "016x") == SPAN


@pytest.mark.parametrize("header", ["", "nonsense", "00-" + "0" * 32 + f"-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01"])
def test_a_traceparent_that_is_none_begins_a_new_trace(bridge: Bridge, kept: Kept, header: str) -> None:
    assert bridge.client.get("/lti/jwks.json", headers={"traceparent": header}).status_code == 200
    assert kept.spans()[-1].parent is None


def test_machines_that_watch_fill_no_collector(bridge: Bridge, kept: Kept) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        bridge.client.get(path)
    assert kept.spans() == []
