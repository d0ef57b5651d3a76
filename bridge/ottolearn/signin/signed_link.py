"""Sign-in by signed link: a redirect that carries a short-lived JWT. The format: docs/ottolearn-api.md."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from pydantic import SecretStr

from bridge.config.settings import origin
from bridge.contracts import FIRST_NAME, LAST_NAME, Learner, Match
from bridge.launch.courses import Course
from bridge.launch.redirect import SignInRedirect
from bridge.ottolearn.settings import SignedLink

_HEADER = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=") + b"."
"""The same for every link."""


def by_signed_link(
    settings: SignedLink,
    issuer: str,
    courses: Mapping[str, Course],
    *,
    now: Callable[[], float],
    token: Callable[[], str],
) -> Callable[[Match, str], SignInRedirect]:
    """From a learner, and the key of a course or none, to the address that lets them in: it says itself who comes."""

    def sign_in(match: Match, course_key: str) -> SignInRedirect:
        username, course = match.learner.attributes[match.attribute], courses.get(course_key)
        link = signed_link(settings, match.learner, username, issuer=issuer, now=now(), jti=token(), course=course)
        return SignInRedirect(link)

    return sign_in


def signed_link(
    settings: SignedLink,
    learner: Learner,
    username: str,
    *,
    issuer: str,
    now: float,
    jti: str,
    course: Course | None = None,
) -> str:
    """The address at which `learner` enters OttoLearn, good once and for `settings.lifetime` seconds.

    `username` is the value that matched, `issuer` the bridge's public address, `now` seconds since 1970, `jti` a value
    never used before, `course` where in OttoLearn the learner wants to go.
    """
    address, audience = _way(settings.url, settings.parameter)
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": str(learner.user_id),
        "preferred_username": username,
        "given_name": learner.attributes.get(FIRST_NAME, ""),
        "family_name": learner.attributes.get(LAST_NAME, ""),
        "iat": int(now),
        "exp": int(now) + settings.lifetime,
        "jti": jti,
    }
    if course is not None:
        claims |= {"course": course.key} | ({"course_url": course.url} if course.url else {})
    signed = _HEADER + urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=")
    mac = _mac(settings.secret).copy()  # RFC 7515, appendix A.1
    mac.update(signed)
    return f"{address}{signed.decode()}.{urlsafe_b64encode(mac.digest()).rstrip(b'=').decode()}"


@lru_cache(maxsize=8)
def _way(url: str, parameter: str) -> tuple[str, str]:
    """The address up to where the token stands, which needs no quoting, and its origin."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode({parameter: ""})]))
    return urlunsplit(parts._replace(query=query)), origin(url)


@lru_cache(maxsize=8)
def _mac(secret: SecretStr) -> hmac.HMAC:
    """HMAC-SHA256 with this key and nothing yet, to be copied: to prepare a key takes as long as the rest."""
    return hmac.new(secret.get_secret_value().encode(), digestmod="sha256")
