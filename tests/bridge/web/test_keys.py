from __future__ import annotations

from tests.bridge.web.conftest import Bridge


def test_platforms_find_our_public_keys_and_keep_them_for_a_while(bridge: Bridge) -> None:
    answer = bridge.client.get("/lti/jwks.json")
    keys = answer.get_json()["keys"]
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.mimetype == "application/json"
    assert all(key["kid"] and key["alg"] == "RS256" and key["use"] == "sig" for key in keys)
    assert not any({"d", "p", "q", "dp", "dq", "qi"} & set(key) for key in keys)


def test_the_same_keys_are_shown_each_time(bridge: Bridge) -> None:
    assert bridge.client.get("/lti/jwks.json").get_json() == bridge.client.get("/lti/jwks.json").get_json()
