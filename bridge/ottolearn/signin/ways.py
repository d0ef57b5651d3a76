"""The two ways into OttoLearn, each as one function from a matched learner to an address and its cookies."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from bridge.launch.courses import Course
from bridge.launch.redirect import SignInRedirect
from bridge.learners.directory import Match
from bridge.ottolearn.settings import Oidc, SignedLink
from bridge.ottolearn.signin.launch_session import LaunchSessions
from bridge.ottolearn.signin.signed_link import signed_link

SignIn = Callable[[Match, Course | None], SignInRedirect]
"""The way in for a learner who wants to go to a course, or just in."""


def by_signed_link(settings: SignedLink, issuer: str, *, now: Callable[[], float], token: Callable[[], str]) -> SignIn:
    """The address itself says who comes."""

    def sign_in(match: Match, course: Course | None) -> SignInRedirect:
        username = match.learner.attributes[match.attribute]
        link = signed_link(settings, match.learner, username, issuer=issuer, now=now(), jti=token(), course=course)
        return SignInRedirect(link)

    return sign_in


def initiation(uri: str, issuer: str, target: str) -> str:
    """The address at which OttoLearn signs in anew, whoever it took the browser for before, and goes on to `target`:
    initiating login from a third party (OpenID Connect Core 1.0, section 4).
    """
    asked = urlencode({"iss": issuer, "target_link_uri": target})
    return f"{uri}{'&' if urlsplit(uri).query else '?'}{asked}"


def by_oidc(settings: Oidc, issuer: str, learner_url: str, sessions: LaunchSessions) -> SignIn:
    """The learner goes to OttoLearn, which asks the bridge who has come; the browser's cookies lead to the answer."""

    def sign_in(match: Match, course: Course | None) -> SignInRedirect:
        attributes = match.learner.attributes
        username = attributes.get(settings.username_attribute or "") or attributes[match.attribute]
        target = course.url if course else None
        if settings.initiate_login_uri:
            start = initiation(settings.initiate_login_uri, issuer, target or learner_url)
        else:
            # ASSUMED: at each of these OttoLearn begins its sign-in, and comes back to it (docs/ottolearn-api.md)
            start = target or settings.start_url or learner_url
        return SignInRedirect(start, sessions.begin(match.learner.user_id, username))

    return sign_in
