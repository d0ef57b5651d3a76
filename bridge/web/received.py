"""What a request said, for the administrator who asks why it was refused: everything that names a setting to change,
nothing that would let anybody repeat it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Request
from joserfc.util import urlsafe_b64decode
from werkzeug.exceptions import RequestEntityTooLarge

from bridge.errors import LaunchRejected
from bridge.web.requests import FORM, read_pairs

LONGEST = 200
"""Characters shown of one value."""
MOST = 100
"""Fields shown of one request."""
MOST_POSTED = 16 * 1024
"""Bytes of a posted object that are looked at; a page's are far fewer."""
DEEPEST = 6
"""Levels shown of a claim: a stranger's may be nested deeper than Python's stack."""
SECRETS = {
    *("state", "nonce", "login_hint", "lti_message_hint", "oauth_signature", "lis_result_sourcedid"),
    *("code", "client_assertion", "jwt", "invitation", "fetch", "aicc_sid", "data"),
    *("return_url", "launch_presentation_return_url", "deep_link_return_url"),  # an LMS's session may stand in these
}
"""Fields and claims of which only the beginning and the length are kept."""
SECRET_PARTS = (
    *("token", "secret", "password", "passwd", "pwd", "passphrase", "credential", "authorization"),
    *("apikey", "api_key", "private_key", "sesskey", "sessionid", "session_id"),
)
"""As are those with such a word in their name: `custom_api_token`, `client_secret`."""
SHORT = 12
"""Characters of a secret of which nothing is kept but their number: its beginning would be half of it."""
HEADERS = ("Origin", "User-Agent", "Content-Type", "Sec-Fetch-Site", "Sec-Fetch-Dest")


def describe(request: Request) -> dict[str, Any]:
    """The request in words. An id_token is shown as its header and claims, which nobody has verified here."""
    form = _pairs(_body(request)) if request.mimetype == FORM else []
    return {
        "method": request.method,
        "path": request.path[:LONGEST],
        "headers": {name: request.headers[name][:LONGEST] for name in HEADERS if name in request.headers},
        "cookies": sorted(name[:64] for name in request.cookies)[:MOST],
        "query": _shown(_pairs(request.query_string)),
        "form": _shown(form),
        **_posted(request),
        **_token(dict(form).get("id_token", "")),
    }


def _posted(request: Request) -> dict[str, Any]:
    """What a package's page posted, which is JSON whatever it is called; nothing where it is no object."""
    body = _body(request)
    if body.lstrip()[:1] != b"{" or len(body) > MOST_POSTED:
        return {}
    try:
        fields = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {"posted": f"{len(body)} bytes that are no JSON"}
    return {"posted": _shown(fields.items())} if isinstance(fields, dict) else {}


def _body(request: Request) -> bytes:
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge:
        return b""


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return read_pairs(encoded)
    except LaunchRejected:  # for being no text: then there is nothing to show
        return []


def _shown(pairs: Iterable[tuple[str, object]], depth: int = 0) -> dict[str, Any]:
    return {name[:64]: _value(name, value, depth) for name, value in list(pairs)[:MOST]}


def _value(name: str, value: object, depth: int) -> Any:
    if isinstance(value, dict | list) and depth == DEEPEST:
        return "…"
    if isinstance(value, dict):
        return _shown(value.items(), depth + 1)
    if isinstance(value, list):
        return [_value(name, item, depth + 1) for item in value[:10]]
    text = value if isinstance(value, str) else None
    if text is None:
        return value if not isinstance(value, int | float) or abs(value) < 1e15 else str(value)[:LONGEST]
    if name.lower() in SECRETS or any(part in name.lower() for part in SECRET_PARTS):
        begins = text[:6] if len(text) >= SHORT else ""
        return f"{begins}… ({len(text)} characters)" if text else ""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _token(id_token: str) -> dict[str, Any]:
    try:
        header, claims = (msgspec.json.decode(urlsafe_b64decode(part.encode())) for part in id_token.split(".")[:2])
    except (ValueError, RecursionError):
        return {}
    parts = {"token_header": header, "token_claims": claims}
    return {name: _shown(part.items()) for name, part in parts.items() if isinstance(part, dict)}
