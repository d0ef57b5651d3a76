"""An LTI platform that signs whatever a test asks it to, right or wrong."""

from __future__ import annotations

import copy
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import msgspec
from joserfc import jws
from joserfc.jwk import RSAKey
from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import SIGNATURE_TYPE_BODY

from bridge.contracts import LaunchRequest
from bridge.lti.settings import Lti11, Lti13

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
NOW = 1_800_000_000.0
ISSUER, CLIENT, DEPLOYMENT = "https://lms.example.edu", "10000000000004", "6:8865aa05"
BRIDGE = "https://bridge.example.edu"
LAUNCH_URL = f"{BRIDGE}/lti/campus/launch"
JWKS_URL = "https://lms.example.edu/jwks"

KEY = RSAKey.generate_key(2048, {"kid": "platform-1"}, private=True)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "platform-1"}, private=True)

SETTINGS = Lti13(
    issuer=ISSUER,
    client_id=CLIENT,
    deployment_ids=(DEPLOYMENT,),
    auth_url="https://sso.example.edu/authorize",
    jwks_url=JWKS_URL,
)
LTI11 = Lti11.model_validate({"consumer_key": "campus-key", "shared_secret": "s3cret & more/é"})


def claims(nonce: str, now: float = NOW, /, **changes: Any) -> dict[str, Any]:
    """The claims of a good launch. `changes` replace claims by name (LTI's without prefix); None removes one."""
    good = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": _record_of(changes),
        "nonce": nonce,
        "iat": int(now),
        "exp": int(now) + 3600,
        "given_name": "Zoë",
        "family_name": "O’Brien",
        "name": "Zoë O’Brien",
        "email": "zoe@example.edu",
        f"{CLAIM}version": "1.3.0",
        f"{CLAIM}message_type": "LtiResourceLinkRequest",
        f"{CLAIM}deployment_id": DEPLOYMENT,
        f"{CLAIM}target_link_uri": LAUNCH_URL,
        f"{CLAIM}resource_link": {"id": "rl-1"},
        f"{CLAIM}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
        f"{CLAIM}context": {
            "id": "con-182",
            "label": "BIO101",
            "title": "Biology 101",
            "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
        },
        f"{CLAIM}tool_platform": {"guid": "lms-1", "name": "Example LMS", "product_family_code": "example"},
        f"{CLAIM}lis": {"person_sourcedid": "S000101"},
        f"{CLAIM}custom": {"course_level": "1"},
        f"{CLAIM}launch_presentation": {"return_url": "https://lms.example.edu/courses/5"},
    }
    for name, value in changes.items():
        full = name if name in good or name in {"azp", "nbf", "jti", "locale"} else f"{CLAIM}{name}"
        if value is None:
            good.pop(full)
        else:
            good[full] = value
    return good


def _record_of(changes: Mapping[str, Any]) -> str:
    """A record for each person: as in an LMS, whoever has another student ID has another record."""
    lis = changes.get("lis")
    named = lis.get("person_sourcedid") if isinstance(lis, dict) else None
    return ascii(f"a445ca99-{named}") if named else "a445ca99-1a64"


def token(payload: Any, *, key: RSAKey = KEY, header: Mapping[str, Any] | None = None) -> str:
    """`payload` signed as a compact JWS. `header` replaces members of the good header; None removes one."""
    protected: dict[str, Any] = {"alg": "RS256", "kid": "platform-1", "typ": "JWT", **(header or {})}
    protected = {name: value for name, value in protected.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=["RS256", "HS256", "PS256"], strict_check_header=False)
    body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    return jws.serialize_compact(protected, body, key, registry=registry)


def query_of(url: str) -> dict[str, str]:
    """The parameters of an authentication request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def post(url: str, fields: list[tuple[str, str]], cookies: Mapping[str, str] | None = None) -> LaunchRequest:
    """A form post as plain values."""
    address, _, query = url.partition("?")
    body = urlencode(fields).encode()
    pairs = parse_qsl(query, keep_blank_values=True)
    return LaunchRequest("POST", address, query=pairs, form=fields, body=body, cookies=dict(cookies or {}))


FORM = {
    "lti_message_type": "basic-lti-launch-request",
    "lti_version": "LTI-1p0",
    "resource_link_id": "rli-1234",
    "context_id": "con-182",
    "user_id": "123456",
    "roles": "Learner",
    "lis_person_sourcedid": "S000101",
    "lis_person_name_given": "Zoë",
    "lis_person_name_family": "O’Brien",
    "lis_person_name_full": "Zoë O’Brien",
    "lis_person_contact_email_primary": "zoe@example.edu",
    "launch_presentation_return_url": "https://lms.example.edu/courses/5?a=1&b=2",
    "resource_link_description": "Line one\r\nline two & “quotes” 😀",
    "oauth_callback": "about:blank",
    "custom_empty": "",
}
"""The fields of a good LTI 1.1 launch, before it is signed."""


def sign(
    url: str,
    fields: Mapping[str, str] | None = None,
    *,
    key: str = "campus-key",
    secret: str = "s3cret & more/é",
    method: str = "HMAC-SHA1",
    timestamp: float = NOW,
    nonce: str = "nonce-1",
) -> list[tuple[str, str]]:
    """The fields with OAuth's own, signed by oauthlib."""
    client = Client(
        key,
        client_secret=secret,
        signature_method=method,
        signature_type=SIGNATURE_TYPE_BODY,
        timestamp=str(int(timestamp)),
        nonce=nonce,
    )
    plain = copy.copy(dict(FORM if fields is None else fields))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    _, _, body = client.sign(url, http_method="POST", body=plain, headers=headers)
    return parse_qsl(body, keep_blank_values=True)


def forged_signature(text: str) -> str:
    """Something that looks like a signature."""
    return b64encode(text.encode().ljust(20, b"x")[:20]).decode()
