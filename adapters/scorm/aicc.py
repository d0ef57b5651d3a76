"""AICC: the LMS opens our address with a session id, and we ask the LMS whose session it is (HACP GetParam).

Nothing in the request is believed: the call goes only to an address of the configuration, and the student comes only
from the answer. Hence `Assurance.CONFIRMED`; docs say what that is worth where an LMS's session ids can be guessed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from adapters.scorm import hacp
from adapters.scorm.settings import Settings
from adapters.scorm.student import read_student
from bridge.contracts import Assurance, Kind, Launch, LaunchRequest
from bridge.errors import LaunchRejected, RemoteRefused
from bridge.http import Answer, Outbound, host_of
from bridge.settings import origin

MAX_ANSWER = 64 * 1024
"""Bytes of an answer to GetParam."""
MAX_SESSION_ID = 255

_NEVER_IN_AN_ADDRESS = re.compile(r"[\x00-\x20@#]")  # what `urlsplit` would drop unseen; user names; fragments


def read_aicc(request: LaunchRequest, settings: Settings, outbound: Outbound) -> Launch:
    """Ask the LMS who the session of this launch belongs to.

    Raises LaunchRejected `not_allowed_here`, `malformed`, `aicc_url_not_allowed`, `aicc_login_page`,
    `aicc_session_unknown`, `aicc_answer_unreadable` or `student_id_missing`; RemoteUnavailable when the LMS does not
    answer; RemoteRefused when its address may not be called or its answer is too large.
    """
    if settings.aicc is None:
        raise LaunchRejected("not_allowed_here", "the connection has no aicc settings")
    session_id = _read_parameter(request.query, "aicc_sid")
    if len(session_id) > MAX_SESSION_ID or not session_id.isprintable():
        raise LaunchRejected("malformed", "aicc_sid is too long or holds control characters")
    address = find_allowed(_read_parameter(request.query, "aicc_url"), settings.aicc.allowed_urls)
    answer = _get_param(address, session_id, outbound)
    _refuse_status(answer.status)
    core = hacp.read_core(hacp.decode(answer.body, answer.headers.get("Content-Type", "")))
    return Launch(read_student(core.student_id, core.student_name), Kind.AICC, Assurance.CONFIRMED)


def find_allowed(requested: str, allowed: Sequence[str]) -> str:
    """The configured address that `requested` means, compared by scheme, host, port, path and query.

    The configured text is returned, so that no byte of the request gets into the call. Raises LaunchRejected
    `aicc_url_not_allowed`.
    """
    for address in allowed:
        if _same_address(requested, address):
            return address
    shown = requested.partition("?")[0][:200]  # the query may hold a session
    raise LaunchRejected("aicc_url_not_allowed", f"{shown!r} is none of aicc.allowed_urls")


def _same_address(requested: str, address: str) -> bool:
    if _NEVER_IN_AN_ADDRESS.search(requested):
        return False
    try:
        return _parts(requested) == _parts(address)
    except ValueError:  # a port or an IPv6 host that is none
        return False


def _parts(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return origin(url), parts.path or "/", parts.query


def _read_parameter(query: Sequence[tuple[str, str]], name: str) -> str:
    """The one value of `name`, whose letter case is the LMS's choice; two are refused, not chosen between."""
    values = [value for key, value in query if key.lower() == name]
    if len(values) != 1 or not values[0]:
        raise LaunchRejected("malformed", f"the launch has {'no' if not any(values) else 'more than one'} {name}")
    return values[0]


def _get_param(address: str, session_id: str, outbound: Outbound) -> Answer:
    # Skillport: `command` must not be the last field
    form = {"command": "GetParam", "version": "4.0", "session_id": session_id, "aicc_data": ""}
    try:
        return outbound.request("POST", address, data=form, max_bytes=MAX_ANSWER)
    except RemoteRefused as error:
        if 300 <= error.status < 400:
            raise LaunchRejected("aicc_login_page", f"{host_of(address)} answered with a redirect") from error
        raise


def _refuse_status(status: int) -> None:
    if status in {401, 403}:
        raise LaunchRejected("aicc_login_page", f"the LMS answered {status}")
    if status != 200:  # Moodle: 404 and a web page for a session that it does not know
        raise LaunchRejected("aicc_session_unknown", f"the LMS answered {status}")
