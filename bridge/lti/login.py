"""LTI 1.3: third-party login initiation (Security Framework 1.0, section 5.1.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode, urlsplit

from bridge.config.settings import origin, origin_or_empty
from bridge.errors import LaunchRejected
from bridge.lti.settings import Lti13
from bridge.lti.state import States, cookie_names

LONGEST_HINT = 8192
"""Characters of login_hint and lti_message_hint (Canvas's is a JWT)."""
LONGEST_TARGET = 64
"""Characters of lti_storage_target, the name of a frame."""


class Login(NamedTuple):
    """What the browser gets to take to the platform."""

    url: str
    """The platform's authorization endpoint, with the request."""
    cookie_names: tuple[str, str]
    """For a cookie and its partitioned twin; `verify` accepts either."""
    secret: str
    """What the browser must bring back, in a cookie or from the platform's storage."""
    storage_key: str
    storage_target: str
    """The frame that stores for the platform (lti-cs-pm), or empty."""


def begin(
    fields: Mapping[str, str],
    settings: Lti13,
    connection: str,
    *,
    states: States,
    launch_url: str,
    now: float,
    token: Callable[[], str],
) -> Login:
    """Answer a login initiation (section 5.1.1.1): where to send the browser, and the secret that marks it.

    `fields` are the parameters of the GET or POST; `token` makes 128 random bits or more as URL-safe text.
    """
    for name in ("iss", "login_hint", "target_link_uri"):
        if not fields.get(name):
            raise LaunchRejected("malformed", f"the login initiation carries no {name}")
    if fields["iss"] != settings.issuer or fields.get("client_id", settings.client_id) != settings.client_id:
        raise LaunchRejected(
            "issuer_unknown", f"iss {fields['iss'][:255]!r}, client_id {fields.get('client_id', '')[:255]!r}"
        )
    target_uri = fields["target_link_uri"]
    if target_uri != launch_url and origin_or_empty(target_uri) != origin(launch_url):
        raise LaunchRejected("login_wrong_target", "target_link_uri is not an address of this bridge")
    hint, message_hint = fields["login_hint"], fields.get("lti_message_hint")
    if max(len(hint), len(message_hint or "")) > LONGEST_HINT:
        raise LaunchRejected("malformed", f"a hint is longer than {LONGEST_HINT} characters")
    target = fields.get("lti_storage_target", "")[:LONGEST_TARGET]
    nonce, secret = token(), token()
    state = states.make(connection, nonce, secret, now, target)  # URL-safe, as is the nonce
    common = _request_of_all(settings.auth_url, settings.client_id, launch_url)
    url = f"{common}state={state}&nonce={nonce}&login_hint={quote_plus(hint)}"
    if message_hint is not None:
        url += f"&lti_message_hint={quote_plus(message_hint)}"
    names = cookie_names(nonce)
    return Login(url, names, secret, names[0], target)


@lru_cache(maxsize=1024)
def _request_of_all(auth_url: str, client_id: str, launch_url: str) -> str:
    """The authentication request as far as every login of a connection makes the same (section 5.1.1.2)."""
    request = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": client_id,
        "redirect_uri": launch_url,
    }
    return f"{auth_url}{'&' if urlsplit(auth_url).query else '?'}{urlencode(request)}&"
