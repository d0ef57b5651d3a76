"""Deep linking by LTI 1.1 (Content-Item Message 1.0): a teacher picks a course here, a link in the LMS remembers it.

The request is a form that `bridge.lti.v11.verify` has passed. The answer is a form that we sign with the same secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from oauthlib.oauth1 import SIGNATURE_TYPE_BODY, Client

from bridge.contracts import SignedForm
from bridge.errors import LaunchRejected
from bridge.launch.courses import Course
from bridge.lti.roles import makes_courses
from bridge.lti.settings import Lti11
from bridge.lti.student import web_address

CONTEXT = "http://purl.imsglobal.org/ctx/lti/v1/ContentItem"
LINK = "application/vnd.ims.lti.v1.ltilink"
_LINE_END = re.compile("\r\n|\r|\n")
_ANYTHING = {LINK, "*/*", "application/*"}


@dataclass(frozen=True, slots=True)
class ItemSelection:
    """Where a teacher's choice goes, and what must go with it: plain values, kept until the teacher has chosen."""

    return_url: str
    version: str
    """Of LTI, as the LMS said it."""
    data: str | None
    """The LMS's own, opaque; None where it sent none."""
    in_window: bool
    """Whether the LMS can open a link in a window of its own."""


def read_item_selection(form: SignedForm, courses: Sequence[Course]) -> ItemSelection:
    """The wish in a verified ContentItemSelectionRequest (section 3.2). Raises LaunchRejected."""
    if not makes_courses(_listed(form.get("roles", ""))):
        raise LaunchRejected("not_a_teacher", "the roles hold neither Instructor, ContentDeveloper nor Administrator")
    if not courses:
        raise LaunchRejected("no_courses", "the configuration has no `courses`")
    return_url = web_address(form.get("content_item_return_url"))
    if not return_url:
        raise LaunchRejected("claim_missing", "content_item_return_url, an http or https address")
    if _ANYTHING.isdisjoint(_listed(form.get("accept_media_types", ""))):
        raise LaunchRejected("wrong_message", f"the LMS does not take {LINK} here")
    return ItemSelection(
        return_url=return_url,
        version=form["lti_version"],
        data=form.get("data"),
        in_window="window" in _listed(form.get("accept_presentation_document_targets", "")),
    )


def sign_items(
    selection: ItemSelection,
    course: Course | None,
    *,
    launch_url: str,
    settings: Lti11,
    now: float,
    token: Callable[[], str],
) -> list[tuple[str, str]]:
    """The fields of the ContentItemSelection (section 3.3) that places a link to `course`, or nothing where it is None.

    Signed for a POST to `selection.return_url`; a field more or less breaks the signature.
    """
    items = [_item(selection, course, launch_url)] if course else []
    fields = {
        "lti_message_type": "ContentItemSelection",
        "lti_version": selection.version,
        "content_items": msgspec.json.encode({"@context": CONTEXT, "@graph": items}).decode(),
    }
    if selection.data is not None:
        fields["data"] = _LINE_END.sub("\r\n", selection.data)  # as a browser will send it
    client = Client(
        settings.consumer_key,
        client_secret=settings.shared_secret.get_secret_value(),
        signature_type=SIGNATURE_TYPE_BODY,
        timestamp=str(int(now)),
        nonce=token(),
    )
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    _, _, body = client.sign(selection.return_url, http_method="POST", body=fields, headers=form)
    return parse_qsl(body, keep_blank_values=True)


def _item(selection: ItemSelection, course: Course, launch_url: str) -> dict[str, Any]:
    item = {
        "@type": "LtiLinkItem",
        "mediaType": LINK,
        "title": course.title,
        "url": launch_url,
        "custom": {"course": course.key},
    }
    # In a window of its own OttoLearn keeps its session, which many browsers deny it inside the LMS's frame.
    return item | ({"placementAdvice": {"presentationDocumentTarget": "window"}} if selection.in_window else {})


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
