"""LTI 1.0 to 1.2: a form signed with OAuth 1.0a (RFC 5849), body parameters, HMAC-SHA1 or HMAC-SHA256.

The nonce is spent only after the signature holds, so that a stranger can neither burn one nor fill the table.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, quote

from oauthlib.oauth1.rfc5849.signature import base_string_uri, normalize_parameters, signature_base_string
from oauthlib.oauth1.rfc5849.utils import escape

from bridge.contracts import LaunchRequest, SignedForm
from bridge.errors import LaunchRejected
from bridge.identifiers import UNDECODED
from bridge.lti.settings import Lti11
from bridge.lti.student import web_address

WINDOW = 300.0
"""Seconds by which the two clocks may differ, either way."""
LONGEST_NONCE = 255
RETURN_URL = "launch_presentation_return_url"

_DIGESTS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
LAUNCH = "basic-lti-launch-request"
ITEM_SELECTION = "ContentItemSelectionRequest"
_VERSIONS = {"LTI-1p0", "LTI-1p1", "LTI-1p2"}

OF_PLATFORM = (
    "lis_",
    "ext_",
    "user_",
    "role",
    "lti_",
    "context_",
    "resource_link_",
    "launch_presentation_",
    "tool_consumer_",
)
"""What the names of fields begin with that a platform fills (LTI 1.1.1, section 3; `ext_`, section 2.3)."""

Spend = Callable[[str, float], bool]
"""(key, until) -> True exactly once for each key."""
Fields = Sequence[tuple[str, str]]


def verify(request: LaunchRequest, settings: Lti11, *, now: float, consume: Spend) -> SignedForm:
    """Return the form once it is proven to be one fresh launch from a holder of the secret.

    Raises LaunchRejected; those raised after the signature held carry the LMS's return URL.
    """
    if not settings.enabled:
        raise LaunchRejected("not_allowed_here", "lti11 is switched off for this connection")
    form = _single_valued(request)
    signature = _proof(form, settings, request)
    _check_known_consumer(form, settings)
    if not signature:
        raise LaunchRejected("bad_signature", "the OAuth signature does not hold")
    _check_fresh(form, now)
    _check_unused(form, consume)
    try:
        _check_query(request)
        _check_message(form)
    except LaunchRejected as error:
        error.return_url = web_address(form.get(RETURN_URL))
        raise
    return SignedForm(form)


def message_type(form: SignedForm) -> str:
    """`LAUNCH` or `ITEM_SELECTION`."""
    return form["lti_message_type"]


def _single_valued(request: LaunchRequest) -> dict[str, str]:
    """The fields of body and query as one mapping; a field that says two things says nothing."""
    if request.method != "POST":
        raise LaunchRejected("method_not_allowed", "an LTI 1.1 launch is a POST")
    fields = [*request.form, *request.query]
    form = dict(fields)
    if len(form) < len(fields):
        _check_repeats(fields)
    if "oauth_consumer_key" not in form or "oauth_signature" not in form:
        raise LaunchRejected("unsigned", "the launch carries no OAuth signature")
    return form


def _check_repeats(fields: Fields) -> None:
    """A field may stand in the launch twice with one value, but nothing of OAuth's may."""
    seen: dict[str, str] = {}
    for name, value in fields:
        if name in seen and (seen[name] != value or name.startswith("oauth_")):
            raise LaunchRejected("malformed", f"the field {name[:64]!r} stands in the launch twice")
        seen[name] = value


def _proof(form: dict[str, str], settings: Lti11, request: LaunchRequest) -> bool:
    """Whether the signature holds. Worked out before the consumer is looked at: both answers take equally long."""
    method = form.get("oauth_signature_method", "")
    if method not in settings.signature_methods:
        allowed = ", ".join(settings.signature_methods)
        raise LaunchRejected("signature_method", f"the signature method is not one of {allowed}")
    if form.get("oauth_version", "1.0") != "1.0":
        raise LaunchRejected("signature_method", "oauth_version is not 1.0")
    secret, sent = settings.shared_secret.get_secret_value(), form["oauth_signature"].encode()
    return any(
        hmac.compare_digest(_signature(request, fields, method, secret), sent) for fields in _signed_fields(request)
    )


def _signed_fields(request: LaunchRequest) -> list[Fields]:
    """What may have been signed: body and query (RFC 5849, section 3.4.1.3), or Canvas's own reading of it.

    Canvas copies the query into the body and signs it once, against the URL without query
    (instructure/canvas-lms, lib/lti/security.rb; #600).
    """
    whole = [*request.form, *request.query]
    if any(UNDECODED in value for _, value in request.form):
        raw = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, errors="surrogateescape")
        whole = [*raw, *request.query]  # the bytes were signed, whatever they mean
    if request.query and set(request.query) <= set(request.form):
        return [whole, list(request.form)]
    return [whole]


def _signature(request: LaunchRequest, fields: Fields, method: str, secret: str) -> bytes:
    signed = [(name, value) for name, value in fields if name != "oauth_signature"]
    try:
        parameters = normalize_parameters(signed)  # type: ignore[arg-type]  # the stub knows no repeated names
    except UnicodeEncodeError:
        parameters = _normalized_bytes(signed)
    base = signature_base_string("POST", base_string_uri(request.url), parameters)
    key = f"{escape(secret)}&".encode()
    return b64encode(hmac.new(key, base.encode(), _DIGESTS[method]).digest())


def _normalized_bytes(fields: Fields) -> str:
    """RFC 5849, section 3.4.1.3.2, for values that are no UTF-8."""
    pairs = ((quote(text.encode("utf-8", "surrogateescape"), safe="~") for text in pair) for pair in fields)
    return "&".join("=".join(pair) for pair in sorted(map(tuple, pairs)))


def _check_known_consumer(form: dict[str, str], settings: Lti11) -> None:
    if not hmac.compare_digest(form["oauth_consumer_key"].encode(), settings.consumer_key.encode()):
        raise LaunchRejected("consumer_unknown", f"unknown consumer key {form['oauth_consumer_key'][:64]!r}")


def _check_fresh(form: dict[str, str], now: float) -> None:
    stamp = form.get("oauth_timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise LaunchRejected("malformed", "oauth_timestamp is not a number of seconds")
    if abs(now - int(stamp)) > WINDOW:
        late = int(now) - int(stamp)
        if late < 0:
            raise LaunchRejected("not_yet_valid", f"oauth_timestamp lies {-late} seconds ahead of our clock")
        raise LaunchRejected("expired", f"the launch is {late} seconds old")


def _check_unused(form: dict[str, str], consume: Spend) -> None:
    nonce, stamp = form.get("oauth_nonce", ""), form["oauth_timestamp"]
    if not nonce or len(nonce) > LONGEST_NONCE:
        raise LaunchRejected("malformed", f"oauth_nonce is missing or longer than {LONGEST_NONCE} characters")
    if not consume(f"lti11 {form['oauth_consumer_key']} {stamp} {nonce}", int(stamp) + WINDOW + 1):
        raise LaunchRejected("replayed", "oauth_nonce was used before")


def _check_query(request: LaunchRequest) -> None:
    """The address of a link is signed as well, but whoever edits a course may choose its query: nothing in it may say
    what is the platform's to say.
    """
    for name, _ in request.query:
        if name.startswith(OF_PLATFORM):
            raise LaunchRejected(
                "malformed", f"the launch URL's query holds {name[:64]!r}, which the LMS alone may say"
            )


def _check_message(form: dict[str, str]) -> None:
    if form.get("lti_version") not in _VERSIONS:
        raise LaunchRejected("wrong_version", f"lti_version is {form.get('lti_version', '')[:32]!r}")
    if form.get("lti_message_type") not in {LAUNCH, ITEM_SELECTION}:
        found = form.get("lti_message_type", "")[:64]
        raise LaunchRejected("wrong_message", f"lti_message_type is {found!r}")
    if form["lti_message_type"] == LAUNCH and not form.get("resource_link_id"):
        raise LaunchRejected("claim_missing", "resource_link_id")
