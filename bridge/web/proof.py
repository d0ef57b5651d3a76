"""A launch whose browser brought no cookie: it must prove, by the platform's storage, that it began the login.

The launch is verified and kept, and nobody is let in. Its page fetches the secret from the frame that stores for the
platform, and posts it here; only then does the launch go on (facts of the check: `bridge.lti.state.proves`).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from flask import Request, Response, make_response, render_template

from bridge.config.settings import origin
from bridge.contracts import Launch
from bridge.errors import LaunchRejected
from bridge.lti.deep_linking import Selection
from bridge.lti.state import State, key_of, proves, without_cookie
from bridge.store import one_time
from bridge.web.policy import permit
from bridge.web.services import AppServices

PURPOSE = "proof"
PROOF_LIVES = 60.0
"""Seconds in which the page must have fetched the secret."""

Message = Launch | Selection
_KINDS: dict[str, type[Message]] = {"launch": Launch, "selection": Selection}


class Unproved(NamedTuple):
    """A launch that waits for its proof."""

    message: Message
    state: State
    auth_url: str
    """The platform's, whose origin alone may answer for its storage."""


def ask_for_proof(services: AppServices, name: str, unproved: Unproved) -> Response:
    """The page that fetches the secret."""
    message, state, auth_url = unproved
    code = services.token()
    kind = next(word for word, type_ in _KINDS.items() if isinstance(message, type_))
    text = msgspec.json.encode(message).decode()
    kept = {"connection": name, "binding": state.binding, "kind": kind, "message": text}
    one_time.keep(services.engine, PURPOSE, code, kept, until=services.now() + PROOF_LIVES)
    page = render_template(
        "proof.html",
        action=f"{services.public_url}/lti/{name}/proof",
        code=code,
        key=key_of(state.nonce),
        target=state.target,
        platform=origin(auth_url),
    )
    # The form leads on to OttoLearn by redirects, each of which browsers hold against the policy, too.
    onward = "https:" if services.is_secure else "http: https:"
    response = permit(make_response(page), scripts=True, form_to=onward, framed=True)
    response.headers["Referrer-Policy"] = "same-origin"  # with no-referrer, browsers post the form from Origin "null"
    return response


def read_proof(services: AppServices, name: str, request: Request) -> Message:
    """The launch that was kept, once the browser has proved itself. Raises LaunchRejected."""
    _check_same_origin(request, services.public_url)
    kept = one_time.take(services.engine, PURPOSE, request.form.get("code", ""), now=services.now())
    if kept is None or kept["connection"] != name:
        raise LaunchRejected("state_unknown", "no launch waits for this proof, or no longer")
    if not proves(request.form.get("secret", ""), kept["binding"]):
        reason = without_cookie(request.headers.get("Sec-Fetch-Dest", ""))
        raise LaunchRejected(reason, "the platform's storage did not hold the login's secret")
    return msgspec.json.decode(kept["message"], type=_KINDS[kept["kind"]])


def _check_same_origin(request: Request, public_url: str) -> None:
    """Only our own page may post a proof: whoever begins a login knows its secret, and could have another browser send
    it from a page of theirs.
    """
    site, sender = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in {None, "same-origin"} or sender not in {None, public_url} or site is sender is None:
        raise LaunchRejected("state_other_browser", "the proof does not come from a page of this bridge")
