from __future__ import annotations

import dataclasses

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from bridge.contracts import clean
from sandbox.lms import platform as subject
from sandbox.lms.platform import AuthRefused, Platform
from sandbox.people import find_person

NOW = 1_800_000_000.0
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"


@pytest.fixture(scope="module")
def signing():
    return Platform("https://lms.example/")


def ask(platform, tool, person="ana", now=NOW, **changes):
    fields = platform.begin(tool, find_person(person), now)
    return {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": tool.client_id,
        "redirect_uri": tool.launch_url,
        "login_hint": fields["login_hint"],
        "lti_message_hint": fields["lti_message_hint"],
        "state": "st/1",
        "nonce": "no-1",
    } | changes


def read(platform, tool, person="ana"):
    answer = platform.authenticate(tool, ask(platform, tool, person), NOW)
    keys = KeySet.import_key_set(platform.jwks())
    token = jwt.decode(answer["id_token"], keys, algorithms=["RS256"])
    return answer, token


@pytest.mark.parametrize("connection", ["demo-canvas", "demo-moodle"])
def test_a_token_is_signed_by_the_published_key_for_the_tool_that_asked(signing, tools, connection):
    tool = tools[connection]
    answer, token = read(signing, tool)

    assert token.header["kid"] == signing.jwks()["keys"][0]["kid"]
    assert answer["state"] == "st/1"
    kept = {name: token.claims[name] for name in ("iss", "aud", "nonce", "iat")}
    assert kept == {"iss": tool.issuer, "aud": tool.client_id, "nonce": "no-1", "iat": int(NOW)}
    assert token.claims[CLAIM + "deployment_id"] == "6:6b76a0"
    assert token.claims[CLAIM + "target_link_uri"] == tool.launch_url
    assert token.claims[CLAIM + "message_type"] == "LtiResourceLinkRequest"
    assert token.claims[CLAIM + "version"] == "1.3.0"
    assert token.claims[CLAIM + "launch_presentation"]["return_url"] == "https://lms.example/"


def test_the_key_is_long_enough_for_any_tool_and_stays_secret(signing):
    key = signing.jwks()["keys"][0]

    assert len(key["n"]) * 6 // 8 == 256
    assert {"d", "p", "q"}.isdisjoint(key)


def test_another_platform_s_key_opens_nothing(signing, tools):
    tool = tools["demo-moodle"]
    answer = signing.authenticate(tool, ask(signing, tool), NOW)
    other = Platform("https://lms.example/").jwks()["keys"][0]
    other["kid"] = signing.jwks()["keys"][0]["kid"]

    with pytest.raises(BadSignatureError):
        jwt.decode(answer["id_token"], KeySet.import_key_set({"keys": [other]}), algorithms=["RS256"])


def test_canvas_sends_a_missing_sis_id_as_null_and_numbers_as_numbers(signing, tools):
    _, token = read(signing, tools["demo-canvas"], "sam")

    assert token.claims[CLAIM + "custom"]["integration_id"] is None
    assert token.claims[CLAIM + "custom"]["canvas_user_id"] == 10
    assert token.claims[CLAIM + "lis"]["person_sourcedid"] is None
    assert token.claims["exp"] - token.claims["iat"] == 3600


def test_moodle_sends_a_missing_idnumber_as_an_empty_text(signing, tools):
    _, token = read(signing, tools["demo-moodle"], "sam")

    assert token.claims["sub"] == "10"
    assert token.claims[CLAIM + "lis"]["person_sourcedid"] == ""
    assert token.claims[CLAIM + "ext"]["user_username"] == "sam"
    assert token.claims["exp"] - token.claims["iat"] == 60


@pytest.mark.parametrize("connection", ["demo-canvas", "demo-moodle"])
def test_names_leave_the_lms_as_it_keeps_them(signing, tools, connection):
    _, token = read(signing, tools[connection], "zoe")

    assert token.claims["given_name"] == "Zoe\u0308"
    assert token.claims["given_name"] != clean("Zoe\u0308")


def test_the_login_initiation_names_the_deployment_in_each_product_s_own_way(signing, tools):
    canvas = signing.begin(tools["demo-canvas"], find_person("ana"), NOW)
    moodle = signing.begin(tools["demo-moodle"], find_person("ana"), NOW)

    assert canvas["deployment_id"] == "6:6b76a0"
    assert "lti_deployment_id" not in canvas
    assert moodle["lti_deployment_id"] == "6:6b76a0"
    assert moodle["login_hint"] == "3"
    assert moodle["lti_message_hint"].startswith('{"cmid":12,"launchid":"')


@pytest.mark.parametrize("wrong", [{"client_id": "another"}, {"redirect_uri": "https://evil.example/launch"}])
def test_a_request_we_cannot_trust_is_never_answered_at_its_own_address(signing, tools, wrong):
    tool = tools["demo-canvas"]

    with pytest.raises(AuthRefused) as caught:
        signing.authenticate(tool, ask(signing, tool, **wrong), NOW)
    assert caught.value.page


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "openid email"},
        {"response_type": "code"},
        {"response_mode": "query"},
        {"prompt": "login"},
        {"nonce": ""},
        {"login_hint": "5"},
        {"lti_message_hint": "made up"},
    ],
)
def test_a_careless_request_gets_no_token(signing, tools, wrong):
    tool = tools["demo-moodle"]

    with pytest.raises(AuthRefused) as caught:
        signing.authenticate(tool, ask(signing, tool, **wrong), NOW)
    assert not caught.value.page


def test_a_hint_opens_one_launch_only(signing, tools):
    tool = tools["demo-canvas"]
    request = ask(signing, tool)
    signing.authenticate(tool, request, NOW)

    with pytest.raises(AuthRefused, match="launch_no_longer_valid"):
        signing.authenticate(tool, request, NOW)


def test_a_hint_dies_after_five_minutes(signing, tools):
    tool = tools["demo-canvas"]

    with pytest.raises(AuthRefused, match="launch_no_longer_valid"):
        signing.authenticate(tool, ask(signing, tool), NOW + 300)


def test_a_launch_begun_in_one_product_does_not_end_in_the_other(signing, tools):
    begun = ask(signing, tools["demo-canvas"])
    other = dataclasses.replace(tools["demo-moodle"], client_id=begun["client_id"], launch_url=begun["redirect_uri"])

    with pytest.raises(AuthRefused, match="launch_no_longer_valid"):
        signing.authenticate(other, begun, NOW)


def test_clicks_that_lead_nowhere_do_not_fill_the_memory(tools, monkeypatch):
    monkeypatch.setattr(subject, "MAX_HINTS", 2)
    crowded = Platform("https://lms.example/")
    requests = [ask(crowded, tools["demo-canvas"]) for _ in range(3)]

    with pytest.raises(AuthRefused, match="launch_no_longer_valid"):
        crowded.authenticate(tools["demo-canvas"], requests[0], NOW)
    assert "id_token" in crowded.authenticate(tools["demo-canvas"], requests[2], NOW)


def test_a_refusal_goes_back_with_the_state_of_its_request(signing):
    refused = AuthRefused("access_denied", "Somebody else.")

    assert signing.refuse({"state": "s"}, refused) == {
        "error": "access_denied",
        "error_description": "Somebody else.",
        "state": "s",
    }
    assert "state" not in signing.refuse({}, refused)
