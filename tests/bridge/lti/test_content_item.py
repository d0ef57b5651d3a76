"""Deep linking by LTI 1.1: what the LMS asked comes back signed, and only a teacher's request is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from oauthlib.common import Request
from oauthlib.oauth1.rfc5849.signature import verify_hmac_sha1

from bridge.contracts import SignedForm
from bridge.errors import LaunchRejected
from bridge.launch.courses import Course
from bridge.lti.content_item import CONTEXT, LINK, ItemSelection, read_item_selection, sign_items
from tests.fakes.lti_platform import FORM, LAUNCH_URL, LTI11, NOW

COURSES = (Course(key="SAFE-101", title="Safety at Work"), Course(key="FIRE-1", title="Fire <drill> & أمان"))
RETURN_URL = "https://moodle.example.edu/mod/lti/contentitem_return.php?course=2&id=1&sesskey=a%2Fb"


def asked(**changes: str | None) -> SignedForm:
    """A request that `verify` has passed; None removes a field."""
    good = {
        **FORM,
        "lti_message_type": "ContentItemSelectionRequest",
        "roles": "Instructor",
        "accept_media_types": "application/vnd.ims.lti.v1.ltilink",
        "accept_presentation_document_targets": "frame,iframe,window",
        "content_item_return_url": RETURN_URL,
        "data": "opaque é & = 1",
        **changes,
    }
    return SignedForm({name: value for name, value in good.items() if value is not None})


def answer(form: SignedForm | None = None, course: Course | None = COURSES[0]) -> dict[str, str]:
    """The fields of our answer, their signature checked as the LMS checks it."""
    fields = sign_items(
        read_item_selection(form or asked(), COURSES),
        course,
        launch_url=LAUNCH_URL,
        settings=LTI11,
        now=NOW,
        token=lambda: "random-1",
    )
    said = dict(fields)
    assert len(said) == len(fields)
    assert (said["oauth_consumer_key"], said["oauth_timestamp"]) == (LTI11.consumer_key, str(int(NOW)))
    assert said["oauth_nonce"] == "random-1"
    assert holds(fields)
    return said


def holds(fields: list[tuple[str, str]], url: str = RETURN_URL) -> bool:
    """Whether the signature holds for a POST to `url`, whose query counts (RFC 5849, section 3.4.1.3)."""
    request = Request(url, "POST", "", {})
    query = [("course", "2"), ("id", "1"), ("sesskey", "a/b")]
    request.params = [*query, *((name, value) for name, value in fields if name != "oauth_signature")]
    request.signature = dict(fields)["oauth_signature"]
    return bool(verify_hmac_sha1(request, LTI11.shared_secret.get_secret_value()))


def refused(form: SignedForm, courses: tuple[Course, ...] = COURSES) -> str:
    with pytest.raises(LaunchRejected) as caught:
        read_item_selection(form, courses)
    return caught.value.reason


def test_the_wish_is_read() -> None:
    assert read_item_selection(asked(), COURSES) == ItemSelection(RETURN_URL, "LTI-1p0", "opaque é & = 1", True)
    assert read_item_selection(asked(data=None, accept_presentation_document_targets=None), COURSES) == ItemSelection(
        RETURN_URL, "LTI-1p0", None, False
    )


def test_the_link_is_to_the_course_that_was_picked() -> None:
    said = answer(course=COURSES[1])
    assert (said["lti_message_type"], said["lti_version"]) == ("ContentItemSelection", "LTI-1p0")
    assert said["data"] == "opaque é & = 1"
    assert json.loads(said["content_items"]) == {
        "@context": CONTEXT,
        "@graph": [
            {
                "@type": "LtiLinkItem",
                "mediaType": LINK,
                "title": "Fire <drill> & أمان",
                "url": LAUNCH_URL,
                "custom": {"course": "FIRE-1"},
                "placementAdvice": {"presentationDocumentTarget": "window"},
            }
        ],
    }


def test_cancelling_places_nothing() -> None:
    assert json.loads(answer(course=None)["content_items"])["@graph"] == []


def test_what_the_lms_did_not_send_is_not_sent_back() -> None:
    said = answer(asked(data=None, accept_presentation_document_targets="frame"))
    assert "data" not in said
    assert "placementAdvice" not in json.loads(said["content_items"])["@graph"][0]


@pytest.mark.parametrize("data", ["a\nb", "a\rb", "a\r\nb"])
def test_line_ends_are_signed_as_a_browser_sends_them(data: str) -> None:
    assert answer(asked(data=data))["data"] == "a\r\nb"


def test_a_changed_answer_does_not_hold() -> None:
    fields = list(answer().items())
    changed: list[Any] = [(name, value.replace("SAFE-101", "FIRE-1")) for name, value in fields]
    assert not holds(changed)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"roles": "Learner"}, "not_a_teacher"),
        ({"roles": ""}, "not_a_teacher"),
        ({"roles": "urn:lti:instrole:ims/lis/Instructor"}, "not_a_teacher"),
        ({"content_item_return_url": None}, "claim_missing"),
        ({"content_item_return_url": "javascript:alert(1)"}, "claim_missing"),
        ({"accept_media_types": "image/*,text/html"}, "wrong_message"),
        ({"accept_media_types": None}, "wrong_message"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused(changes: dict[str, str | None], reason: str) -> None:
    assert refused(asked(**changes)) == reason


def test_without_courses_there_is_nothing_to_pick() -> None:
    assert refused(asked(), ()) == "no_courses"


@pytest.mark.parametrize(
    "roles",
    [
        "Instructor,urn:lti:sysrole:ims/lis/Administrator",
        "urn:lti:role:ims/lis/Instructor",
        "Learner, urn:lti:sysrole:ims/lis/SysAdmin",
        "urn:lti:instrole:ims/lis/Administrator",
        "ContentDeveloper",
    ],
)
def test_teachers_by_any_name_may_choose(roles: str) -> None:
    assert read_item_selection(asked(roles=roles), COURSES).return_url == RETURN_URL


@pytest.mark.parametrize("types", ["*/*", "text/html, application/vnd.ims.lti.v1.ltilink", "application/*"])
def test_a_link_is_taken_where_the_lms_says_so(types: str) -> None:
    assert read_item_selection(asked(accept_media_types=types), COURSES).data is not None
