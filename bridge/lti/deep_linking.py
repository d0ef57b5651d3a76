"""Deep linking: a teacher picks a course here, and a link in the LMS remembers it (LTI Deep Linking 2.0).

The request is a launch message that `bridge.lti.v13.verify` has passed. The answer is a token that we sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from bridge.contracts import SignedClaims
from bridge.errors import LaunchRejected
from bridge.launch.courses import Course
from bridge.lti.roles import makes_courses
from bridge.lti.student import CLAIM, web_address

DL_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"
LINK = "ltiResourceLink"
ANSWER_LIVES = 300
"""Seconds that the answer is good for; it travels at once."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Where a teacher's choice goes, and what must go with it: plain values, kept until the teacher has chosen."""

    issuer: str
    client_id: str
    deployment_id: str
    return_url: str
    has_data: bool
    data: Any
    """The platform's own, opaque."""
    in_window: bool
    """Whether the platform can open a link in a window of its own."""


def read_selection(claims: SignedClaims, courses: Sequence[Course]) -> Selection:
    """The wish in a verified LtiDeepLinkingRequest (sections 3.2 and 3.3). Raises LaunchRejected."""
    settings = claims.get(f"{DL_CLAIM}deep_linking_settings")
    wanted: Mapping[str, Any] = settings if isinstance(settings, dict) else {}
    if not makes_courses(claims[f"{CLAIM}roles"]):
        raise LaunchRejected("not_a_teacher", "the roles hold neither Instructor, ContentDeveloper nor Administrator")
    if not courses:
        raise LaunchRejected("no_courses", "the configuration has no `courses`")
    return_url = web_address(wanted.get("deep_link_return_url"))
    if not return_url:
        raise LaunchRejected("claim_missing", "deep_linking_settings.deep_link_return_url, an http or https address")
    if LINK not in _texts(wanted.get("accept_types")):
        raise LaunchRejected("wrong_message", f"the LMS does not take {LINK} here")
    audience = claims["aud"]
    return Selection(
        issuer=claims["iss"],
        client_id=audience if isinstance(audience, str) else audience[0],
        deployment_id=claims[f"{CLAIM}deployment_id"],
        return_url=return_url,
        has_data="data" in wanted,
        data=wanted.get("data"),
        in_window="window" in _texts(wanted.get("accept_presentation_document_targets")),
    )


def sign_answer(
    selection: Selection,
    course: Course | None,
    *,
    launch_url: str,
    key: RSAKey,
    now: float,
    token: Callable[[], str],
) -> str:
    """The LtiDeepLinkingResponse (section 4.4) that places a link to `course`, or nothing where it is None.

    `key` is our private key with its id, `now` seconds since 1970, `token` makes values never used before.
    """
    claims = {
        "iss": selection.client_id,
        "aud": selection.issuer,
        "iat": int(now),
        "exp": int(now) + ANSWER_LIVES,
        "nonce": token(),
        "jti": token(),
        f"{CLAIM}deployment_id": selection.deployment_id,
        f"{CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM}version": "1.3.0",
        f"{DL_CLAIM}content_items": [_link(selection, course, launch_url)] if course else [],
    }
    if selection.has_data:
        claims[f"{DL_CLAIM}data"] = selection.data
    return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": key.kid}, claims, key)


def _link(selection: Selection, course: Course, launch_url: str) -> dict[str, Any]:
    link = {"type": LINK, "title": course.title, "url": launch_url, "custom": {"course": course.key}}
    # In a window of its own OttoLearn keeps its session, which many browsers deny it inside the LMS's frame.
    return link | ({"window": {"targetName": "_blank"}} if selection.in_window else {})


def _texts(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
