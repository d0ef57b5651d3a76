"""Deep linking: what the LMS asked comes back signed, and only a teacher's request is answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from bridge.contracts import SignedClaims
from bridge.errors import LaunchRejected
from bridge.launch.courses import Course
from bridge.lti.deep_linking import ANSWER_LIVES, DL_CLAIM, Selection, read_selection, sign_answer
from bridge.lti.student import CLAIM
from tests.fakes.lti_platform import CLIENT, DEPLOYMENT, ISSUER, LAUNCH_URL, NOW, claims

COURSES = (Course(key="SAFE-101", title="Safety at Work"), Course(key="FIRE-1", title="Fire <drill> & أمان"))
SETTINGS = f"{DL_CLAIM}deep_linking_settings"
RETURN_URL = "https://lms.example.edu/courses/5/deep_linking_response?modal=true"
TEACHER = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]
KEY = RSAKey.generate_key(2048, {"kid": "own-1"}, private=True)


def asked(wanted: dict[str, Any] | None = None, **changes: Any) -> SignedClaims:
    """The claims of a request that `verify` has passed; `wishes` replace the platform's settings, None removes one."""
    good = {
        "deep_link_return_url": RETURN_URL,
        "accept_types": ["link", "ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe", "window"],
        "data": "opaque é & = 1",
        **(wanted or {}),
    }
    settings = {name: value for name, value in good.items() if value is not None}
    full = claims("n", **{"message_type": "LtiDeepLinkingRequest", "roles": TEACHER, **changes})
    return SignedClaims({**full, SETTINGS: settings})


def refused(request: SignedClaims, courses: tuple[Course, ...] = COURSES) -> str:
    with pytest.raises(LaunchRejected) as caught:
        read_selection(request, courses)
    return caught.value.reason


def answer(request: SignedClaims | None = None, course: Course | None = COURSES[0]) -> dict[str, Any]:
    """The claims of our answer, its signature checked as a platform checks it."""
    numbers = iter(range(10))
    signed = sign_answer(
        read_selection(request or asked(), COURSES),
        course,
        launch_url=LAUNCH_URL,
        key=KEY,
        now=NOW,
        token=lambda: f"random-{next(numbers)}",
    )
    public = KeySet.import_key_set({"keys": [KEY.as_dict(private=False)]})
    decoded = jwt.decode(signed, public, algorithms=["RS256"])
    assert decoded.header == {"alg": "RS256", "typ": "JWT", "kid": "own-1"}
    return dict(decoded.claims)


def test_32_a_deep_linking_request_is_received() -> None:
    assert read_selection(asked(), COURSES) == Selection(
        issuer=ISSUER,
        client_id=CLIENT,
        deployment_id=DEPLOYMENT,
        return_url=RETURN_URL,
        has_data=True,
        data="opaque é & = 1",
        in_window=True,
    )


def test_34_the_answer_is_a_deep_linking_response() -> None:
    assert answer()[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"


def test_35_the_answer_is_good_now_and_not_for_long() -> None:
    said = answer()
    assert said["iat"] == NOW
    assert said["exp"] == NOW + ANSWER_LIVES <= NOW + 600


def test_36_the_answer_is_signed_by_a_key_with_an_id() -> None:
    assert answer()  # checked there


def test_37_the_answer_holds_every_required_claim() -> None:
    said = answer()
    assert said["iss"] == CLIENT
    assert said["aud"] == ISSUER
    assert said[f"{CLAIM}deployment_id"] == DEPLOYMENT
    assert said[f"{CLAIM}version"] == "1.3.0"
    assert said["nonce"] != said["jti"]
    assert said[f"{DL_CLAIM}data"] == "opaque é & = 1"
    assert len(said[f"{DL_CLAIM}content_items"]) == 1


def test_38_the_link_shows_the_course_the_teacher_picked() -> None:
    assert answer(course=COURSES[1])[f"{DL_CLAIM}content_items"] == [
        {
            "type": "ltiResourceLink",
            "title": "Fire <drill> & أمان",
            "url": LAUNCH_URL,
            "custom": {"course": "FIRE-1"},
            "window": {"targetName": "_blank"},
        }
    ]


def test_a_platform_that_sent_no_data_gets_none() -> None:
    assert f"{DL_CLAIM}data" not in answer(asked({"data": None}))


@pytest.mark.parametrize("data", ["", "x" * 10_000, {"a": [1, None]}, 7])
def test_the_platforms_data_comes_back_unchanged(data: object) -> None:
    assert answer(asked({"data": data}))[f"{DL_CLAIM}data"] == data


def test_a_platform_that_opens_no_windows_is_not_asked_for_one() -> None:
    for targets in (None, ["iframe"], "window"):
        said = answer(asked({"accept_presentation_document_targets": targets}))
        assert "window" not in said[f"{DL_CLAIM}content_items"][0]


def test_a_teacher_who_cancels_places_nothing() -> None:
    assert answer(course=None)[f"{DL_CLAIM}content_items"] == []


def test_the_audience_may_come_as_a_list() -> None:
    assert answer(asked(aud=[CLIENT]))["iss"] == CLIENT


def test_a_learner_does_not_place_links() -> None:
    assert refused(asked(roles=["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"])) == "not_a_teacher"


def test_without_courses_there_is_nothing_to_pick() -> None:
    assert refused(asked(), ()) == "no_courses"


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//lms.example.edu",
        "ftp://lms.example.edu",
        "https://a\\@b",
        7,
    ],
)
def test_the_answer_goes_to_a_web_address_or_nowhere(address: object) -> None:
    assert refused(asked({"deep_link_return_url": address})) == "claim_missing"


@pytest.mark.parametrize("types", [None, [], ["link", "file"], "ltiResourceLink"])
def test_a_platform_that_takes_no_links_is_given_none(types: object) -> None:
    assert refused(asked({"accept_types": types})) == "wrong_message"


@pytest.mark.parametrize("settings", [None, [], "x", 1])
def test_a_request_without_settings_is_refused(settings: object) -> None:
    assert refused(SignedClaims({**asked(), SETTINGS: settings})) == "claim_missing"


def test_the_recorded_request_of_a_real_moodle_is_read(recordings: Path) -> None:
    recorded = json.loads((recordings / "moodle" / "lti13" / "30_deep_linking.json").read_text("utf-8"))
    selection = read_selection(SignedClaims(recorded["3_id_token"]["payload"]), COURSES)
    assert selection == Selection(
        issuer="http://127.0.0.1:8290",
        client_id="0MKctvZn47uAHCs",
        deployment_id="7",
        return_url="http://127.0.0.1:8290/mod/lti/contentitem_return.php?course=2&id=7&sesskey=5wATmkQswS",
        has_data=False,
        data=None,
        in_window=True,
    )
