"""One browser, two learners: who launches next on a shared machine never becomes who was there before."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bridge.contracts import Learner
from tests.bridge.web.conftest import LEARNERS, Bridge
from tests.bridge.web.test_oidc import ASKED, CALLBACK, CLIENT, SECRET, arrive, authorize, code_for, query, redeem
from tests.fakes.lti_platform import BRIDGE, LAUNCH_URL, sign

OTHER = {"lis": {"person_sourcedid": "other"}}
NOBODY = {"lis": {"person_sourcedid": "nobody"}}
AFTER = "https://learn.example.com/acme?x=1"
INITIATE = "https://learn.example.com/sso/initiate"
COOKIES = ("__Host-ottobridge-launch", "__Host-ottobridge-launch-p")


@pytest.fixture
def more() -> str:
    return ""


@pytest.fixture
def sign_in(more: str) -> str:
    return (
        f'{{method: oidc, client_id: {CLIENT}, client_secret: "{SECRET}", redirect_uris: ["{CALLBACK}"], '
        f'post_logout_redirect_uris: ["{AFTER}"]{more}}}'
    )


def is_somebody(bridge: Bridge) -> bool:
    return authorize(bridge).status_code == 302


def put_back(bridge: Bridge, codes: dict[str, str]) -> None:
    for name, code in codes.items():
        bridge.client.set_cookie(name, code)


def codes(bridge: Bridge) -> dict[str, str]:
    found = {name: bridge.client.get_cookie(name) for name in COOKIES}
    return {name: cookie.value for name, cookie in found.items() if cookie is not None}


def refused_by_13(bridge: Bridge) -> Any:
    return bridge.launch13(**NOBODY)


def refused_by_11(bridge: Bridge) -> Any:
    """Its browser is sent back to the LMS, with a redirect."""
    return bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, {"user_id": "u"})))


@pytest.mark.parametrize("refuse", [refused_by_13, refused_by_11])
def test_a_refused_launch_leaves_nobody_signed_in(bridge: Bridge, refuse: Any) -> None:
    arrive(bridge)
    before = codes(bridge)
    assert len(before) == 2
    refuse(bridge)
    assert codes(bridge) == {}
    put_back(bridge, before)
    assert not is_somebody(bridge)


def test_a_refusal_that_cannot_reach_the_database_is_still_a_page(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise OperationalError("", None, Exception("away"))

    assert bridge.services.provider is not None
    arrive(bridge)
    monkeypatch.setattr(bridge.services.provider, "forget", fail)
    assert bridge.launch13(**NOBODY).status_code == 404


def test_the_second_of_two_learners_is_who_signs_in(bridge: Bridge) -> None:
    bridge.learners = [*LEARNERS, Learner(9, True, {"username": "S9"})]
    bridge.services.directory.refresh()
    arrive(bridge)
    bridge.launch13(lis={"person_sourcedid": "S9"})
    code = query(authorize(bridge).location)["code"]
    assert redeem(bridge, code).status_code == 200
    assert not is_somebody(bridge)


def test_whoever_signs_out_is_nobody_and_goes_where_it_is_registered(bridge: Bridge) -> None:
    arrive(bridge)
    before = codes(bridge)
    asked = {"client_id": CLIENT, "post_logout_redirect_uri": AFTER, "state": "a b"}
    answer = bridge.client.get("/oidc/logout", query_string=asked)
    assert (answer.status_code, answer.location) == (303, f"{AFTER}&state=a+b")
    assert codes(bridge) == {}
    put_back(bridge, before)
    assert not is_somebody(bridge)


@pytest.mark.parametrize(
    "asked",
    [
        {"post_logout_redirect_uri": AFTER},
        {"client_id": "other", "post_logout_redirect_uri": AFTER},
        {"client_id": CLIENT, "post_logout_redirect_uri": "https://evil.example/"},
        {"id_token_hint": "made.up.token", "post_logout_redirect_uri": AFTER},
        {"id_token_hint": "WyJhbGciXQ.e30.e30", "post_logout_redirect_uri": AFTER},  # its header is ["alg"]
        {},
    ],
)
def test_a_logout_leads_nowhere_that_is_not_registered(bridge: Bridge, asked: dict[str, str]) -> None:
    arrive(bridge)
    answer = bridge.client.post("/oidc/logout", data=asked)
    assert (answer.status_code, "You are signed out" in answer.text) == (200, True)
    assert not is_somebody(bridge)


def test_a_token_of_ours_names_the_client_at_a_logout_however_old(bridge: Bridge) -> None:
    token = redeem(bridge, code_for(bridge)).json["id_token"]
    bridge.now += 86_400
    asked = {"id_token_hint": token, "post_logout_redirect_uri": AFTER}
    assert bridge.client.get("/oidc/logout", query_string=asked).location == AFTER


def test_a_hint_at_another_learner_is_an_error_and_no_sign_in(bridge: Bridge) -> None:
    bridge.learners = [*LEARNERS, Learner(9, True, {"username": "S9"})]
    bridge.services.directory.refresh()
    token = redeem(bridge, code_for(bridge)).json["id_token"]
    bridge.launch13(lis={"person_sourcedid": "S9"})
    assert query(authorize(bridge, id_token_hint=token).location)["error"] == "login_required"
    assert not is_somebody(bridge)


def test_a_hint_at_the_same_learner_signs_in(bridge: Bridge) -> None:
    token = redeem(bridge, code_for(bridge)).json["id_token"]
    arrive(bridge)
    assert "code" in query(authorize(bridge, id_token_hint=token).location)


@pytest.mark.parametrize("hint", ["x", "a.b.c", "e30.e30.", "WyJhbGciXQ.e30.e30"])
def test_a_hint_that_is_no_token_of_ours_is_an_error(bridge: Bridge, hint: str) -> None:
    arrive(bridge)
    answer = bridge.client.get("/oidc/authorize", query_string={**ASKED, "id_token_hint": hint})
    assert query(answer.location)["error"] == "invalid_request"


@pytest.mark.parametrize("more", [f', initiate_login_uri: "{INITIATE}"'])
def test_ottolearn_is_asked_to_sign_in_anew(bridge: Bridge) -> None:
    assert query(arrive(bridge).location) == {"iss": BRIDGE, "target_link_uri": "https://learn.example.com"}
    answer = bridge.launch13(custom={"course": "FIRE-1"})
    assert answer.location.startswith(f"{INITIATE}?")
    assert query(answer.location)["target_link_uri"] == "https://learn.example.com/fire"
