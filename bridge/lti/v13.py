"""LTI 1.3: the id_token that answers a login (Security Framework 1.0, section 5.1.3; LTI core, section 5.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64decode

from bridge.config.settings import origin, origin_or_empty
from bridge.contracts import LaunchRequest, SignedClaims
from bridge.errors import LaunchRejected
from bridge.lti.settings import Lti13
from bridge.lti.state import STATE_LIVES, State, States, without_cookie
from bridge.lti.student import CLAIM, web_address
from bridge.net import answers

RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"
MESSAGES = (RESOURCE_LINK, DEEP_LINKING)
LEEWAY = 60.0
"""Seconds by which the platform's clock may differ from ours."""
OLDEST_TOKEN = 600.0
"""Seconds since `iat`."""
LONGEST_LIFE = 24 * 3600.0
"""Seconds from `iat` to `exp`; Moodle gives 60, Canvas 3600."""

LONGEST_HEADER = 8192
"""Characters of the id_token's header, which may carry a certificate chain; it is ignored."""
LONGEST_TOKEN = 136_000
"""Characters of the id_token."""
NO_JWT = "the id_token is not a JWT"

_RS256 = jws.JWSRegistry(algorithms=["RS256"]).get_alg("RS256")

_PRINTABLE = re.compile(r"(?! *$)[\x20-\x7e]{1,255}", re.ASCII)
"""Subject, deployment and resource link ids: at most 255 ASCII characters (LTI core, sections 3.1 and 5.3)."""

FindKey = Callable[[str, str], RSAKey]
Spend = Callable[[str, float], bool]
KnowsDeployment = Callable[[str], bool]


class Verified(NamedTuple):
    """A launch whose every check holds, but perhaps for one."""

    claims: SignedClaims
    unproved: State | None
    """Set when no cookie came back: the browser must fetch the login's secret from the platform's storage. Nobody may
    be let in before `bridge.lti.state.proves` has seen it."""


def verify(
    request: LaunchRequest,
    settings: Lti13,
    connection: str,
    *,
    states: States,
    find_key: FindKey,
    consume: Spend,
    knows_deployment: KnowsDeployment = lambda _: False,
    now: float,
) -> Verified:
    """Return the claims of the id_token once every check holds, in this order: state, signature, audience, time, once,
    message (section 5.1.3 and LTI core, section 5.3). Raises LaunchRejected with the reason, and with the platform's
    return URL where only the message is wrong.

    `knows_deployment` is asked about a deployment that the settings do not name, after everything that proves who
    speaks; which message it is, `message_type` says.
    """
    form = _fields(request)
    state = states.read(form.get("state", ""), connection, now)
    if "error" in form:  # told without a cookie, too: it lets nobody in, and is what the learner must know
        raise LaunchRejected("platform_error", f"{form['error'][:64]}: {form.get('error_description', '')[:200]}")
    came_back = state.came_back(request.cookies)
    if not came_back and not state.target:
        reason = without_cookie(request.headers.get("sec-fetch-dest", ""))
        raise LaunchRejected(reason, "the login's cookie did not come back")
    claims = _signed(form.get("id_token", ""), settings, find_key)
    _check_audience(claims, settings)
    _check_time(claims, now)
    if not consume(f"lti13 {state.nonce}", now + STATE_LIVES + LEEWAY):
        raise LaunchRejected("replayed", "state and nonce were used before")
    if claims.get("nonce") != state.nonce:
        raise LaunchRejected("wrong_nonce", "the nonce is not the one this login began with")
    try:
        _check_message(claims, settings, knows_deployment)
        _check_target(claims, request.url)
        _check_person(claims)
    except LaunchRejected as error:
        error.return_url = return_url(claims)
        raise
    return Verified(SignedClaims(claims), None if came_back else state)


def message_type(claims: SignedClaims) -> str:
    """One of `MESSAGES`."""
    return str(claims[f"{CLAIM}message_type"])


def return_url(claims: Mapping[str, Any]) -> str:
    """The way back to the platform, where it names one that a browser may be sent to; else empty."""
    return web_address(_member(claims, "launch_presentation", "return_url"))


def _fields(request: LaunchRequest) -> dict[str, str]:
    form = dict(request.form)
    if request.method != "POST" or len(form) != len(request.form):
        raise LaunchRejected("malformed", "a launch is a POST in which no field repeats")
    return form


def _signed(id_token: str, settings: Lti13, find_key: FindKey) -> dict[str, Any]:
    """The claims, once signed by a key of the platform's. Which key and algorithm is ours to say, never the token's."""
    signed, _, signature = id_token.encode("utf-8", "replace").rpartition(b".")  # RFC 7515, section 7.1
    header, _, encoded = signed.partition(b".")
    if len(header) > LONGEST_HEADER or len(id_token) > LONGEST_TOKEN:
        raise LaunchRejected("token_malformed", "the id_token is too long")
    kid = _key_id(header)
    try:
        payload = urlsafe_b64decode(encoded)
    except ValueError as error:
        raise LaunchRejected("token_malformed", NO_JWT) from error
    try:
        holds = _RS256.verify(signed, urlsafe_b64decode(signature), find_key(str(settings.jwks_url), kid))
    except (JoseError, ValueError) as error:
        raise LaunchRejected("bad_signature", "the signature does not hold") from error
    if not holds:
        raise LaunchRejected("bad_signature", "the signature does not hold")
    try:
        claims = answers.read(payload)
    except answers.NotJson as error:
        raise LaunchRejected("token_malformed", "the id_token's payload is not JSON") from error
    if not isinstance(claims, dict):
        raise LaunchRejected("token_malformed", "the id_token's payload is not an object")
    return claims


@lru_cache(maxsize=256)
def _key_id(encoded: bytes) -> str:
    """The key that a protected header names. A platform's tokens have one header for as long as it signs by one key."""
    try:
        header = msgspec.json.decode(urlsafe_b64decode(encoded).removeprefix(answers.BOM))
    except (ValueError, RecursionError) as error:
        raise LaunchRejected("token_malformed", NO_JWT) from error
    if not isinstance(header, dict):
        raise LaunchRejected("token_malformed", NO_JWT)
    if "crit" in header or "b64" in header:  # RFC 7515, section 4.1.11, and RFC 7797: none that we understand
        raise LaunchRejected("token_malformed", "the id_token's header demands an extension (crit, b64)")
    kid = header.get("kid")
    if header.get("alg") != "RS256" or not isinstance(kid, str) or not kid:
        raise LaunchRejected("token_malformed", "the id_token must be signed by RS256 and name its key id")
    return kid


def _check_audience(claims: Mapping[str, Any], settings: Lti13) -> None:
    if claims.get("iss") != settings.issuer:
        raise LaunchRejected("wrong_issuer", f"iss is {_shown(claims.get('iss'))}")
    audience = claims.get("aud")
    if audience != settings.client_id and audience != [settings.client_id]:
        raise LaunchRejected("wrong_audience", f"aud is {_shown(audience)}")
    if claims.get("azp") not in (None, settings.client_id):
        raise LaunchRejected("wrong_audience", f"azp is {_shown(claims['azp'])}")


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not _is_time(issued) or not _is_time(expires):
        raise LaunchRejected("time_missing", "iat and exp must be numbers of seconds")
    if issued > now + LEEWAY:
        raise LaunchRejected("not_yet_valid", f"iat lies {int(issued - now)} seconds ahead of our clock")
    if expires <= now - LEEWAY or issued < now - OLDEST_TOKEN:
        raise LaunchRejected("expired", f"the id_token was issued {int(now - issued)} seconds ago")
    if expires > issued + LONGEST_LIFE:
        raise LaunchRejected("time_missing", f"exp lies more than {int(LONGEST_LIFE)} seconds after iat")


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11


def _check_message(claims: Mapping[str, Any], settings: Lti13, knows_deployment: KnowsDeployment) -> None:
    if claims.get(f"{CLAIM}version") != "1.3.0":
        raise LaunchRejected("wrong_version", f"the version is {str(claims.get(f'{CLAIM}version'))[:32]!r}")
    if claims.get(f"{CLAIM}message_type") not in MESSAGES:
        raise LaunchRejected("wrong_message", f"the message is {str(claims.get(f'{CLAIM}message_type'))[:64]!r}")
    deployment = _text(claims, f"{CLAIM}deployment_id")
    if deployment is None or not _is_id(deployment):
        raise LaunchRejected("deployment_unknown", f"deployment_id is {_shown(deployment)}")
    if deployment not in settings.deployment_ids and not knows_deployment(deployment):
        raise LaunchRejected("deployment_unknown", f"deployment_id is {deployment!r}")


def _check_target(claims: Mapping[str, Any], launch_url: str) -> None:
    if claims[f"{CLAIM}message_type"] == DEEP_LINKING and f"{CLAIM}target_link_uri" not in claims:
        return  # where a link leads is yet to be chosen; the certification suite leaves the claim out
    target = claims.get(f"{CLAIM}target_link_uri")
    if target != launch_url and origin_or_empty(target) != origin(launch_url):
        raise LaunchRejected("wrong_target", "target_link_uri is missing or not an address of this bridge")
    if claims[f"{CLAIM}message_type"] == RESOURCE_LINK:
        link = claims.get(f"{CLAIM}resource_link")
        if not _is_id(_text(link, "id") if isinstance(link, dict) else None):
            raise LaunchRejected("claim_missing", "resource_link.id")


def _check_person(claims: Mapping[str, Any]) -> None:
    if not _is_texts(claims.get(f"{CLAIM}roles")):
        raise LaunchRejected("claim_missing", "roles")
    if not _text(claims, "sub"):
        raise LaunchRejected("anonymous", "sub")
    if not _is_id(claims["sub"]):
        raise LaunchRejected("claim_missing", "sub must be at most 255 printable ASCII characters")


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    """A claim that must be text, None where there is none. Raises LaunchRejected where it is something else: taking the
    number 1 for the text `1` would make two ids one."""
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise LaunchRejected("claim_mistyped", f"{name.removeprefix(CLAIM)} is {_shown(value)}; LTI 1.3 wants text")
    return value


def _shown(value: object) -> str:
    """What a claim says, for the operator: a number that should be text must not look like that text."""
    if isinstance(value, bool | int | float):
        return f"the {'truth value' if isinstance(value, bool) else 'number'} {str(value)[:64].lower()}"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"the list {str(value)[:255]}"
    return "null" if value is None else repr(str(value)[:255])


def _member(claims: Mapping[str, Any], claim: str, member: str) -> object:
    value = claims.get(f"{CLAIM}{claim}")
    return value.get(member) if isinstance(value, dict) else None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _PRINTABLE.fullmatch(value) is not None


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and {*map(type, value)} <= {str}
