from __future__ import annotations

from urllib.parse import urlencode

import pytest
from oauthlib.common import Request
from oauthlib.oauth1.rfc5849.signature import verify_hmac_sha1, verify_hmac_sha256

from sandbox.lms.consumer import sign_launch
from sandbox.people import PEOPLE, find_person

NOW = 1_800_000_000.0
CHECKS = {"HMAC-SHA1": verify_hmac_sha1, "HMAC-SHA256": verify_hmac_sha256}


def signed(tool, person, signature="HMAC-SHA1"):
    return sign_launch(tool, find_person(person), "https://lms.example/", NOW, signature)


def verifies(tool, form, signature="HMAC-SHA1"):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = Request(tool.launch_url, "POST", urlencode(form), headers)
    request.params = [(name, value) for name, value in form if name != "oauth_signature"]
    request.signature = dict(form)["oauth_signature"]
    return CHECKS[signature](request, tool.shared_secret)


@pytest.mark.parametrize("signature", CHECKS)
@pytest.mark.parametrize("person", [person.key for person in PEOPLE])
@pytest.mark.parametrize("connection", ["demo-canvas", "demo-moodle"])
def test_a_launch_of_anybody_verifies_with_the_secret(tools, connection, person, signature):
    form = signed(tools[connection], person, signature)

    assert dict(form)["oauth_signature_method"] == signature
    assert verifies(tools[connection], form, signature)


def test_a_changed_field_breaks_the_signature(tools):
    tool = tools["demo-moodle"]
    form = [(name, "5" if name == "user_id" else value) for name, value in signed(tool, "ana")]

    assert not verifies(tool, form)


def test_two_clicks_are_two_launches(tools):
    first, second = (dict(signed(tools["demo-canvas"], "ana")) for _ in range(2))

    assert first["oauth_nonce"] != second["oauth_nonce"]
    assert first["oauth_timestamp"] == "1800000000"


def test_canvas_leaves_out_an_id_that_it_does_not_have(tools):
    form = dict(signed(tools["demo-canvas"], "sam"))

    assert "lis_person_sourcedid" not in form
    assert form["custom_integration_id"] == ""
    assert dict(signed(tools["demo-canvas"], "pat"))["lis_person_sourcedid"] == "  MixedCase.7 "


def test_moodle_sends_an_id_that_it_does_not_have_as_empty(tools):
    form = dict(signed(tools["demo-moodle"], "sam"))

    assert form["lis_person_sourcedid"] == ""
    assert form["ext_user_username"] == "sam"
    assert form["resource_link_description"] == "Intro\r\n\r\nl2 & é"
