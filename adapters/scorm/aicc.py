"""AICC: the LMS opens our address with a session id, and we ask the LMS whose session it is (HACP GetParam).

Nothing in the request is believed: the call goes only to an address of the configuration, and the student comes only
from the answer. Hence `Assurance.CONFIRMED`, but only where the session id could not have been guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from adapters.scorm import callback, hacp
from adapters.scorm.callback import read_parameter, same_address
from adapters.scorm.charsets import decode
from adapters.scorm.launch import read_student
from adapters.scorm.package.aicc import PACKAGE_KEY
from adapters.scorm.settings import Settings
from bridge.contracts import Assurance, CallbackContext, Kind, Launch, LaunchRequest, Report
from bridge.errors import LaunchRejected, RemoteRefused
from bridge.net.http import HttpResponse, Outbound

MAX_SESSION_ID = 255
SHORTEST_SESSION_ID = 16
"""Characters below which a session id is taken for one that can be guessed."""
_COUNTED = re.compile(r"C\d+M\d+S", re.IGNORECASE)  # SAP: C<student>M<module>S
LEAST_VARIETY = 8
"""Different characters."""


def read_aicc(request: LaunchRequest, settings: Settings, context: CallbackContext) -> Launch:
    """Ask the LMS who the session of this launch belongs to.

    Raises LaunchRejected `not_allowed_here`, `malformed`, `aicc_url_not_allowed`, `aicc_login_page`,
    `aicc_session_unknown`, `aicc_answer_unreadable` or `student_id_missing`; RemoteUnavailable when the LMS does not
    answer; RemoteRefused when its address may not be called or its answer is too large.
    """
    if settings.aicc is None:
        raise LaunchRejected("not_allowed_here", "the connection has no aicc settings")
    session_id, requested = _parameters(request.query)
    if len(session_id) > MAX_SESSION_ID or not session_id.isprintable():
        raise LaunchRejected("malformed", "aicc_sid is too long or holds control characters")
    address = find_allowed(requested, settings.aicc.allowed_urls)
    answer = _post(context.outbound, address, "GetParam", session_id)
    _refuse_status(answer.status)
    core = hacp.read_core(decode(answer.body, answer.headers.get("Content-Type", "")), PACKAGE_KEY)
    student = read_student(core.student_id, core.student_name)
    guessable = is_guessable(session_id, student.student_id)
    return Launch(
        student,
        Kind.AICC,
        Assurance.ASSERTED if guessable else Assurance.CONFIRMED,
        package_token=core.package_token,
        locale=core.language,
        channel={"url": address, "session_id": session_id},
    )


def report_aicc(channel: Mapping[str, str], report: Report, settings: Settings, context: CallbackContext) -> None:
    """PutParam, and ExitAU after the last word.

    Raises RemoteUnavailable when it may work later, RemoteRefused when the LMS will not take it.
    """
    allowed = settings.aicc.allowed_urls if settings.aicc else ()
    if channel["url"] not in allowed:
        raise RemoteRefused("the address is in aicc.allowed_urls no more")
    if report.mastered or report.progress or report.new_seconds:  # an empty word would lower what the LMS has
        _tell(context.outbound, channel, "PutParam", hacp.write_core(report))
    if report.ends:
        _tell(context.outbound, channel, "ExitAU", "")


def is_guessable(session_id: str, student_id: str) -> bool:
    """Whether others could find this session id by counting up: then the LMS's answer proves no more than a browser."""
    return (
        len(session_id) < SHORTEST_SESSION_ID
        or len(set(session_id)) < LEAST_VARIETY
        or session_id.isdigit()
        or _COUNTED.fullmatch(session_id) is not None
        or (len(student_id) > 3 and student_id.lower() in session_id.lower())
    )


def find_allowed(requested: str, allowed: Sequence[str]) -> str:
    """The configured address that `requested` means, compared by scheme, host, port, path and query.

    The configured text is returned, so that no byte of the request gets into the call. Raises LaunchRejected
    `aicc_url_not_allowed`.
    """
    for address in allowed:
        if same_address(requested, address):
            return address
    shown = requested.partition("?")[0][:200]  # the query may hold a session
    raise LaunchRejected("aicc_url_not_allowed", f"{shown!r} is none of aicc.allowed_urls")


def _parameters(query: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The session id and the AICC_URL, whichever way the LMS wrote them into our address.

    Some encode both twice: an address without `://` is one that is still encoded. Some encode nothing: a `+` in the
    session id came as a blank then, which no session id holds.
    """
    session_id, address = read_parameter(query, "aicc_sid"), read_parameter(query, "aicc_url")
    if "://" not in address and "://" in unquote(address):
        session_id, address = unquote(session_id), unquote(address)
    return session_id.replace(" ", "+"), address


def _post(outbound: Outbound, address: str, command: str, session_id: str, data: str = "") -> HttpResponse:
    # Skillport: `command` must not be the last field
    form = {"command": command, "version": "4.0", "session_id": session_id, "aicc_data": data}
    return callback.call(outbound, "POST", address, data=form, login_page="aicc_login_page")


def _tell(outbound: Outbound, channel: Mapping[str, str], command: str, data: str) -> None:
    try:
        answer = _post(outbound, channel["url"], command, channel["session_id"], data)
        _refuse_status(answer.status)
        hacp.read_success(decode(answer.body, answer.headers.get("Content-Type", "")))
    except LaunchRejected as error:
        raise RemoteRefused(f"the LMS did not take {command}: {error.reason}") from error


def _refuse_status(status: int) -> None:
    if status in {401, 403}:
        raise LaunchRejected("aicc_login_page", f"the LMS answered {status}")
    if status != 200:  # Moodle: 404 and a web page for a session that it does not know
        raise LaunchRejected("aicc_session_unknown", f"the LMS answered {status}")
