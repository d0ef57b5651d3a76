"""A teacher picks a course, the link remembers it, and a launch arrives there: through the whole bridge."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from bridge.lti.deep_linking import DL_CLAIM
from bridge.lti.student import CLAIM
from bridge.web.deep_linking import CHOICE_LIVES
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import CLIENT, DEPLOYMENT, ISSUER, LAUNCH_URL, claims, sign, token

TEACHER = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]
LEARNER = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
RETURN_URL = "https://lms.example.edu/deep_linking_response?modal=true"
LINK_SECRET = "0123456789abcdef0123456789abcdef"


def ask(bridge: Bridge, roles: list[str] | None = None, data: str = 'a"b<c', **changes: Any) -> Any:
    """The request as the platform posts it."""
    request = bridge.login()
    wanted = {"deep_link_return_url": RETURN_URL, "accept_types": ["ltiResourceLink"], "data": data}
    said = claims(
        request["nonce"],
        bridge.now,
        **{
            "message_type": "LtiDeepLinkingRequest",
            "roles": roles or TEACHER,
            "resource_link": None,
            "lis": None,
            "custom": None,
            **changes,
        },
    )
    id_token = token({**said, f"{DL_CLAIM}deep_linking_settings": wanted})
    return bridge.client.post("/lti/campus/launch", data={"id_token": id_token, "state": request["state"]})


def code_of(page: Any) -> str:
    found = re.search(r'name="code" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def choose(bridge: Bridge, connection: str = "campus", **fields: str) -> Any:
    return bridge.client.post(f"/lti/{connection}/choice", data=fields)


def answer_in(bridge: Bridge, page: Any) -> dict[str, Any]:
    """The answer on the page that goes back, its signature checked against the keys we publish."""
    assert page.status_code == 200, page.text
    found = re.search(r'name="JWT" value="([^"]+)"', page.text)
    assert found
    published = KeySet.import_key_set(bridge.client.get("/lti/jwks.json").get_json())
    decoded = jwt.decode(found[1], published, algorithms=["RS256"])
    assert decoded.header["kid"]
    return dict(decoded.claims)


def arrival(answer: Any) -> dict[str, Any]:
    """What OttoLearn is told by the signed link."""
    assert answer.status_code == 303, answer.text
    link = parse_qs(urlsplit(answer.location).query)["token"][0]
    return dict(jwt.decode(link, OctKey.import_key(LINK_SECRET)).claims)


def test_32_a_teacher_is_shown_the_courses(bridge: Bridge) -> None:
    page = ask(bridge)
    assert page.status_code == 200
    assert "Safety at Work" in page.text
    assert "Fire &lt;drill&gt; &amp; أمان" in page.text
    assert 'action="https://bridge.example.edu/lti/campus/choice"' in page.text


def test_33_34_the_choice_goes_back_to_the_lms_as_a_response(bridge: Bridge) -> None:
    page = choose(bridge, code=code_of(ask(bridge)), course="SAFE-101")
    assert f'action="{RETURN_URL.replace("&", "&amp;")}"' in page.text
    assert answer_in(bridge, page)[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"


def test_35_the_response_is_fresh(bridge: Bridge) -> None:
    said = answer_in(bridge, choose(bridge, code=code_of(ask(bridge)), course="SAFE-101"))
    assert said["iat"] == bridge.now < said["exp"]


def test_36_37_the_response_is_signed_by_a_published_key_and_complete(bridge: Bridge) -> None:
    said = answer_in(bridge, choose(bridge, code=code_of(ask(bridge)), course="SAFE-101"))
    assert (said["iss"], said["aud"]) == (CLIENT, ISSUER)
    assert said[f"{CLAIM}deployment_id"] == DEPLOYMENT
    assert said[f"{CLAIM}version"] == "1.3.0"
    assert said["nonce"]
    assert said[f"{DL_CLAIM}data"] == 'a"b<c'


def test_38_the_link_is_to_the_course_that_was_picked(bridge: Bridge) -> None:
    said = answer_in(bridge, choose(bridge, code=code_of(ask(bridge)), course="FIRE-1"))
    assert said[f"{DL_CLAIM}content_items"] == [
        {"type": "ltiResourceLink", "title": "Fire <drill> & أمان", "url": LAUNCH_URL, "custom": {"course": "FIRE-1"}}
    ]


def test_the_certification_suites_request_without_a_target_is_taken(bridge: Bridge) -> None:
    assert ask(bridge, target_link_uri=None).status_code == 200


def test_a_target_elsewhere_is_refused(bridge: Bridge) -> None:
    assert ask(bridge, target_link_uri="https://evil.example/").status_code == 400
    assert bridge.record()[0].reason == "wrong_target"


@pytest.mark.parametrize("picked", [{}, {"course": "SAFE-101"}])
def test_cancelling_goes_back_with_nothing(bridge: Bridge, picked: dict[str, str]) -> None:
    said = answer_in(bridge, choose(bridge, code=code_of(ask(bridge)), cancel="1", **picked))
    assert said[f"{DL_CLAIM}content_items"] == []


def test_a_learner_is_not_shown_the_courses(bridge: Bridge) -> None:
    page = ask(bridge, roles=LEARNER)
    assert page.status_code == 403
    assert "Safety at Work" not in page.text
    assert bridge.record()[0].reason == "not_a_teacher"


def test_a_choice_is_made_once(bridge: Bridge) -> None:
    code = code_of(ask(bridge))
    assert choose(bridge, code=code, course="SAFE-101").status_code == 200
    again = choose(bridge, code=code, course="SAFE-101")
    assert again.status_code == 400
    assert "JWT" not in again.text
    assert bridge.record()[0].reason == "choice_unknown"


def test_a_choice_has_an_hour(bridge: Bridge) -> None:
    code = code_of(ask(bridge))
    bridge.now += CHOICE_LIVES
    assert choose(bridge, code=code, course="SAFE-101").status_code == 400


@pytest.mark.parametrize("code", ["", "made-up"])
def test_nobody_gets_a_signature_without_a_request(bridge: Bridge, code: str) -> None:
    page = choose(bridge, code=code, course="SAFE-101")
    assert page.status_code == 400
    assert "JWT" not in page.text


def test_a_choice_for_one_connection_is_not_made_at_another(bridge: Bridge) -> None:
    assert choose(bridge, "learning", code=code_of(ask(bridge)), course="SAFE-101").status_code == 400


@pytest.mark.parametrize("course", ["", "NO-SUCH", "safe-101"])
def test_a_course_we_do_not_have_costs_the_teacher_nothing(bridge: Bridge, course: str) -> None:
    code = code_of(ask(bridge))
    assert choose(bridge, code=code, course=course).status_code == 400
    assert choose(bridge, code=code, course="SAFE-101").status_code == 200


def test_the_pages_may_post_only_where_they_must(bridge: Bridge) -> None:
    page = ask(bridge)
    policy = page.headers["Content-Security-Policy"]
    assert "form-action https://bridge.example.edu" in policy
    assert "script-src" not in policy
    policy = choose(bridge, code=code_of(page), course="SAFE-101").headers["Content-Security-Policy"]
    assert policy.endswith("form-action https://lms.example.edu")
    assert "frame-ancestors" not in policy  # they are shown inside the LMS


def test_the_request_itself_works_once(bridge: Bridge) -> None:
    request = bridge.login()
    wanted = {"deep_link_return_url": RETURN_URL, "accept_types": ["ltiResourceLink"]}
    said = claims(request["nonce"], bridge.now, message_type="LtiDeepLinkingRequest", roles=TEACHER)
    fields = {
        "id_token": token({**said, f"{DL_CLAIM}deep_linking_settings": wanted}),
        "state": request["state"],
    }
    assert bridge.client.post("/lti/campus/launch", data=fields).status_code == 200
    assert bridge.client.post("/lti/campus/launch", data=fields).status_code == 400


def test_a_launch_of_the_link_arrives_at_the_course(bridge: Bridge) -> None:
    told = arrival(bridge.launch13(custom={"course": "FIRE-1"}))
    assert (told["course"], told["course_url"]) == ("FIRE-1", "https://learn.example.com/fire")


@pytest.mark.parametrize("course", ["NO-SUCH", "", None, "$Custom.course", 7, ["SAFE-101"]])
def test_a_link_to_a_course_that_is_gone_still_lets_the_learner_in(bridge: Bridge, course: object) -> None:
    assert "course" not in arrival(bridge.launch13(custom={"course": course}))


def test_an_lti_11_launch_carries_the_course_too(bridge: Bridge) -> None:
    fields = {
        "lti_message_type": "basic-lti-launch-request",
        "lti_version": "LTI-1p0",
        "resource_link_id": "r",
        "user_id": "u",
        "roles": "Learner",
        "lis_person_sourcedid": "S000101",
        "custom_course": "FIRE-1",
    }
    signed = sign(LAUNCH_URL, fields, timestamp=bridge.now)
    assert arrival(bridge.client.post("/lti/campus/launch", data=dict(signed)))["course"] == "FIRE-1"


OLD_RETURN = "https://lms.example.edu/contentitem_return.php?course=2&id=1"


def ask_by_lti_11(bridge: Bridge, **changes: str) -> Any:
    """A ContentItemSelectionRequest as Moodle posts it."""
    fields = {
        "lti_message_type": "ContentItemSelectionRequest",
        "lti_version": "LTI-1p0",
        "user_id": "3",
        "roles": "Instructor",
        "accept_media_types": "application/vnd.ims.lti.v1.ltilink",
        "accept_presentation_document_targets": "frame,iframe,window",
        "content_item_return_url": OLD_RETURN,
        "launch_presentation_return_url": "https://lms.example.edu/courses/5",
        "data": 'a"b<c',
        **changes,
    }
    nonce = f"nonce-{len(bridge.record())}-{changes}"
    return bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, fields, nonce=nonce)))


def fields_in(page: Any) -> dict[str, str]:
    assert page.status_code == 200, page.text
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found}


def test_by_lti_11_the_choice_goes_back_signed_with_the_shared_secret(bridge: Bridge) -> None:
    page = ask_by_lti_11(bridge)
    assert "Safety at Work" in page.text
    answered = choose(bridge, code=code_of(page), course="FIRE-1")
    assert f'action="{OLD_RETURN.replace("&", "&amp;")}"' in answered.text
    assert answered.headers["Content-Security-Policy"].endswith("form-action https://lms.example.edu")
    said = fields_in(answered)
    sent = {name: value for name, value in said.items() if not name.startswith("oauth_")}
    again = dict(sign(OLD_RETURN, sent, timestamp=int(said["oauth_timestamp"]), nonce=said["oauth_nonce"]))
    assert said["oauth_signature"] == again["oauth_signature"]
    (item,) = json.loads(said["content_items"])["@graph"]
    assert (item["url"], item["custom"]) == (LAUNCH_URL, {"course": "FIRE-1"})
    assert said["data"] == 'a"b<c'
    assert choose(bridge, code=code_of(page), course="FIRE-1").status_code == 400


def test_by_lti_11_cancelling_goes_back_with_nothing(bridge: Bridge) -> None:
    said = fields_in(choose(bridge, code=code_of(ask_by_lti_11(bridge)), cancel="1"))
    assert json.loads(said["content_items"])["@graph"] == []


def test_by_lti_11_a_learner_goes_back_without_seeing_the_courses(bridge: Bridge) -> None:
    page = ask_by_lti_11(bridge, roles="Learner")
    assert page.status_code == 303
    assert "not_a_teacher" in page.location
    assert bridge.record()[0].reason == "not_a_teacher"


def test_by_lti_11_nobody_without_the_secret_is_shown_anything(bridge: Bridge) -> None:
    fields = {"lti_message_type": "ContentItemSelectionRequest", "lti_version": "LTI-1p0", "roles": "Instructor"}
    page = bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, fields, secret="stolen")))
    assert page.status_code == 401
    assert "Safety at Work" not in page.text
