"""Sign-in by signed link: a redirect that carries a short-lived JWT. The format: docs/ottolearn-api.md."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from joserfc import jws
from joserfc.jwk import OctKey
from pydantic import SecretStr

from bridge.config.settings import origin
from bridge.contracts import Learner
from bridge.launch.courses import Course
from bridge.ottolearn.api import FIRST_NAME, LAST_NAME
from bridge.ottolearn.settings import SignedLink


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
    token = jws.serialize_compact({"alg": "HS256", "typ": "JWT"}, msgspec.json.encode(claims), _key(settings.secret))
    return address + token


@lru_cache(maxsize=8)
def _way(url: str, parameter: str) -> tuple[str, str]:
    """The address up to where the token stands, which needs no quoting, and its origin."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode({parameter: ""})]))
    return urlunsplit(parts._replace(query=query)), origin(url)


@lru_cache(maxsize=8)
def _key(secret: SecretStr) -> OctKey:
    return OctKey.import_key(secret.get_secret_value())
