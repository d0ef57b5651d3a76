"""The public certification lists, each item a test of its own against the whole bridge."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from tests.bridge.web.conftest import Bridge
from tests.certification.items import CORE, ENTERS, SERVICES, TOOL_11, Form, Held, Item, fields_of
from tests.certification.report import PAGE, page
from tests.conftest import ROOT
from tests.fakes.lti_platform import CLAIM, LAUNCH_URL, claims, query_of, sign, token


def number(item: Item | Form) -> str:
    return f"{item.number} {item.asks}"


def is_friendly(bridge: Bridge, answer: Any) -> bool:
    """Plain words in HTML, a reference, no server error, nothing of the machinery."""
    line = bridge.record()[0]
    plain = "<h1>" in answer.text and line.reference in answer.text
    return plain and answer.status_code < 500 and not re.search(r"Traceback|Exception|s3cret|eyJ", answer.text)


@pytest.mark.parametrize("item", CORE, ids=number)
def test_lti13(bridge: Bridge, item: Item) -> None:
    asked = bridge.login(item.connection)
    payload = claims(asked["nonce"], **item.claims) if item.payload is None else item.payload
    fields = {"id_token": token(payload, header=item.header), "state": asked["state"]}
    if item.again:
        assert bridge.client.post(f"/lti/{item.connection}/launch", data=fields).status_code == 303
    answer = bridge.client.post(f"/lti/{item.connection}/launch", data=fields)
    line = bridge.record()[0]
    if item.outcome == ENTERS:
        assert (answer.status_code, line.outcome) == (303, ENTERS)
    else:
        assert (line.outcome, line.reason) == ("rejected", item.outcome)
        assert is_friendly(bridge, answer)
        assert "Location" not in answer.headers


@pytest.mark.parametrize("form", TOOL_11, ids=number)
@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_lti11(bridge: Bridge, form: Form, method: str) -> None:
    signed = sign(
        LAUNCH_URL, fields_of(form), key=form.key, method=method, **({"secret": form.secret} if form.secret else {})
    )
    answer = bridge.client.post("/lti/campus/launch", data=dict(signed))
    line = bridge.record()[0]
    reason = form.outcome.removeprefix("back: ")
    if form.outcome == ENTERS:
        assert (answer.status_code, line.outcome) == (303, ENTERS)
        assert answer.location.startswith("https://learn.example.com/")
    elif "back: " in form.outcome:
        assert answer.location.startswith("https://lms.example.edu/courses/5?a=1&b=2&lti_errormsg=")
        assert query_of(answer.location)["lti_errorlog"].startswith(reason)
    else:
        assert (line.reason, "Location" in answer.headers) == (form.outcome, False)
        assert is_friendly(bridge, answer)


def test_a_full_name_alone_is_split(bridge: Bridge) -> None:
    (form,) = (form for form in TOOL_11 if form.number == "1G.4.3")
    bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, fields_of(form))))
    assert bridge.record()[0][4:6] == ("Zoë", "O’Brien")


def test_no_two_items_send_the_same() -> None:
    """Else one of them tests nothing."""
    sent = [
        msgspec.json.encode([claims("n", **item.claims) if item.payload is None else item.payload, *item[4:]])
        for item in CORE
    ]
    assert len(set(sent)) == len(CORE)
    assert len({msgspec.json.encode([fields_of(form), *form[4:], form.outcome]) for form in TOOL_11}) == len(TOOL_11)


def test_what_an_item_leaves_out_a_full_launch_holds() -> None:
    """Else leaving it out changes nothing."""
    for item in CORE:
        for name, value in item.claims.items():
            assert value is not None or {name, f"{CLAIM}{name}"} & set(claims("n")), item.number


@pytest.mark.parametrize("held", SERVICES, ids=lambda held: held.number)
def test_the_test_that_holds_an_item_is_there(held: Held) -> None:
    file, name = held.test.split("::")
    assert f"\ndef {name}(" in (ROOT / "tests" / file).read_text("utf-8")


def test_the_page_lists_every_item_and_what_comes_of_it() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.certification.report"
