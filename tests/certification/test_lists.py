"""The public certification lists, each item a test of its own against the whole bridge."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.bridge.web.conftest import Bridge
from tests.certification.items import CORE, ENTERS, TOOL_11, Form, Item, fields_of
from tests.certification.report import PAGE, page
from tests.fakes.lti_platform import LAUNCH_URL, claims, query_of, sign, token


def number(item: Item | Form) -> str:
    return f"{item.number} {item.asks}"


def is_friendly(bridge: Bridge, answer: Any) -> bool:
    """Plain words in HTML, a reference, no server error, nothing of the machinery."""
    line = bridge.record()[0]
    plain = "<h1>" in answer.text and line.reference in answer.text
    return plain and answer.status_code < 500 and not re.search(r"Traceback|Exception|s3cret|eyJ", answer.text)


@pytest.mark.parametrize("item", CORE, ids=number)
def test_lti13(bridge: Bridge, item: Item) -> None:
    asked = bridge.login()
    payload = claims(asked["nonce"], **item.claims) if item.payload is None else item.payload
    fields = {"id_token": token(payload, header=item.header), "state": asked["state"]}
    answer = bridge.client.post("/lti/campus/launch", data=fields)
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


def test_the_page_lists_every_item_and_what_comes_of_it() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.certification.report"
