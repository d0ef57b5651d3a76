"""Launches inside an LMS's frame: whoever has no cookie must prove that it was they who began."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import BRIDGE, CLIENT, ISSUER, LAUNCH_URL, claims, query_of, token

FIELDS = {"iss": ISSUER, "login_hint": "u", "target_link_uri": LAUNCH_URL, "client_id": CLIENT}
STORED = {**FIELDS, "lti_storage_target": "post_message_forwarding"}
OWN = {"Origin": BRIDGE, "Sec-Fetch-Site": "same-origin"}


def attribute(page: str, name: str) -> str:
    return unescape(re.search(rf'{name}="([^"]*)"', page)[1])


class Framed:
    """A browser in a frame that keeps no cookie, but whose LMS stores for it."""

    def __init__(self, bridge: Bridge, **claims_: Any) -> None:
        self.bridge = bridge
        self.client = bridge.client.application.test_client(use_cookies=False)
        page = self.client.post("/lti/campus/login", data=STORED).text
        self.secret, self.key = attribute(page, "data-secret"), attribute(page, "data-key")
        asked = query_of(attribute(page, "data-url"))
        self.fields = {"id_token": token(claims(asked["nonce"], **claims_)), "state": asked["state"]}
        self.page = self.client.post("/lti/campus/launch", data=self.fields)
        self.code = attribute(self.page.text, 'name="code" value') if self.page.status_code == 200 else ""

    def prove(self, secret: str, headers: dict[str, str] | None = None, connection: str = "campus") -> Any:
        data = {"code": self.code, "secret": secret}
        return self.client.post(f"/lti/{connection}/proof", data=data, headers=OWN if headers is None else headers)


def test_a_login_in_a_frame_gets_a_page_that_can_leave_it(bridge: Bridge) -> None:
    answer = bridge.client.post("/lti/campus/login", data=FIELDS, headers={"Sec-Fetch-Dest": "iframe"})
    assert answer.status_code == 200
    assert attribute(answer.text, "data-target") == ""
    again = attribute(answer.text, 'id="open" href')
    assert bridge.client.get(again, headers={"Sec-Fetch-Dest": "document"}).status_code == 302
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_page_in_a_frame_can_ask_whether_its_cookie_came_back(bridge: Bridge) -> None:
    page = bridge.client.post("/lti/campus/login", data=FIELDS, headers={"Sec-Fetch-Dest": "iframe"}).text
    check = attribute(page, "data-cookie-check")
    assert bridge.client.get(check).status_code == 204
    assert bridge.client.application.test_client(use_cookies=False).get(check).status_code == 404


def test_nobody_is_let_in_before_the_proof(bridge: Bridge) -> None:
    framed = Framed(bridge)
    assert framed.page.status_code == 200
    assert "learn.example.com" not in framed.page.text
    assert framed.secret not in framed.page.text
    assert bridge.record() == []


def test_the_secret_from_the_platforms_storage_lets_the_student_in_once(bridge: Bridge) -> None:
    framed = Framed(bridge)
    answer = framed.prove(framed.secret)
    assert (answer.status_code, bridge.record()[0].outcome) == (303, "matched")
    assert framed.prove(framed.secret).status_code == 400


@pytest.mark.parametrize("secret", ["", "guess", "random-0"])
def test_a_wrong_secret_lets_nobody_in_and_cannot_be_tried_again(bridge: Bridge, secret: str) -> None:
    framed = Framed(bridge)
    assert framed.prove(secret).status_code == 400
    assert bridge.record()[0].reason == "state_other_browser"
    assert framed.prove(framed.secret).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": BRIDGE},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_proof_that_another_site_sends_is_refused(bridge: Bridge, headers: dict[str, str]) -> None:
    framed = Framed(bridge)
    assert framed.prove(framed.secret, headers).status_code == 400
    assert bridge.record()[0].reason == "state_other_browser"


def test_a_proof_for_another_connection_is_refused(bridge: Bridge) -> None:
    framed = Framed(bridge)
    assert framed.prove(framed.secret, connection="bare").status_code == 400


def test_a_proof_that_comes_too_late_is_refused(bridge: Bridge) -> None:
    framed = Framed(bridge)
    bridge.now += 61
    assert framed.prove(framed.secret).status_code == 400


def test_a_launch_without_cookie_is_refused_where_nothing_was_stored(bridge: Bridge) -> None:
    asked = bridge.login()
    stranger = bridge.client.application.test_client(use_cookies=False)
    fields = {"id_token": token(claims(asked["nonce"])), "state": asked["state"], "lti_storage_target": "_parent"}
    assert stranger.post("/lti/campus/launch", data=fields).status_code == 400


def test_whose_browser_keeps_no_cookie_is_not_told_to_try_the_same_again(bridge: Bridge) -> None:
    asked = bridge.login()  # from a browser that does not say that it is in a frame, of a platform that stores nothing
    stranger = bridge.client.application.test_client(use_cookies=False)
    fields = {"id_token": token(claims(asked["nonce"])), "state": asked["state"]}
    page = stranger.post("/lti/campus/launch", data=fields).text
    assert "open it in a new window or tab" in page
    assert "once more" not in page


def test_the_same_launch_cannot_be_posted_twice_while_it_waits(bridge: Bridge) -> None:
    framed = Framed(bridge)
    assert framed.client.post("/lti/campus/launch", data=framed.fields).status_code == 400
    assert bridge.record()[0].reason == "replayed"


def test_an_unknown_student_reads_why_after_the_proof(bridge: Bridge) -> None:
    framed = Framed(bridge, lis={"person_sourcedid": "nobody"})
    answer = framed.prove(framed.secret)
    assert (answer.status_code, "OttoLearn does not know you yet" in answer.text) == (404, True)


def test_a_window_of_its_own_needs_no_page_in_between(bridge: Bridge) -> None:
    for dest, status in (("document", 302), ("iframe", 200)):
        answer = bridge.client.post("/lti/campus/login", data=STORED, headers={"Sec-Fetch-Dest": dest})
        assert answer.status_code == status
