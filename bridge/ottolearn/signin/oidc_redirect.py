"""Sign-in by OpenID Connect: the learner goes to OttoLearn, which asks the bridge who has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from bridge.contracts import Match
from bridge.launch.courses import Course
from bridge.launch.redirect import SignInRedirect
from bridge.ottolearn.settings import Oidc
from bridge.ottolearn.signin.launch_session import LaunchSessions


def initiation(uri: str, issuer: str, target: str) -> str:
    """The address at which OttoLearn signs in anew, whoever it took the browser for before, and goes on to `target`:
    initiating login from a third party (OpenID Connect Core 1.0, section 4).
    """
    asked = urlencode({"iss": issuer, "target_link_uri": target})
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{asked}"


def by_oidc(
    settings: Oidc, issuer: str, learner_url: str, sessions: LaunchSessions, courses: Mapping[str, Course]
) -> Callable[[Match, str], SignInRedirect]:
    """From a learner, and the key of a course or none, to where OttoLearn begins; the browser's cookies lead on."""

    def sign_in(match: Match, course_key: str) -> SignInRedirect:
        attributes, course = match.learner.attributes, courses.get(course_key)
        username = attributes.get(settings.username_attribute or "") or attributes[match.attribute]
        target = course.url if course else None
        if settings.initiate_login_uri:
            start = initiation(settings.initiate_login_uri, issuer, target or learner_url)
        else:
            # ASSUMED: at each of these OttoLearn begins its sign-in, and comes back to it (docs/ottolearn-api.md)
            start = target or settings.start_url or learner_url
        return SignInRedirect(start, sessions.begin(match.learner.user_id, username))

    return sign_in
