"""cmi5 (Quartz): trade the launch's `fetch` address for a token, once, and let the LMS's own data say what it is worth.

Section numbers are those of the cmi5 specification. What is believed is what the LMS accepts: the token opens the
state LMS.LaunchData and takes the statement *initialized* only for the actor and registration it was made for.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from adapters.scorm import callback
from adapters.scorm.callback import lies_under, read_parameter
from adapters.scorm.settings import Settings
from adapters.scorm.student import read_student
from bridge.contracts import Assurance, Kind, Launch, LaunchRequest, Report
from bridge.errors import LaunchRejected, RemoteRefused
from bridge.http import Answer, Outbound
from bridge.lti.student import web_address

PARAMETERS = ("endpoint", "fetch", "actor", "registration", "activityId")
MAX_PARAMETER = 4000
DEADLINE = 3.0
"""Seconds for each of the three calls of a launch, so that the learner has an answer within ten."""
VERBS = "http://adlnet.gov/expapi/verbs/"
INITIALIZED, COMPLETED, PASSED = f"{VERBS}initialized", f"{VERBS}completed", f"{VERBS}passed"
TERMINATED = f"{VERBS}terminated"
PROGRESSED = f"{VERBS}progressed"
CMI5 = {"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}
MOVE_ON = {"id": "https://w3id.org/xapi/cmi5/context/categories/moveon"}
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


class _Account(msgspec.Struct, frozen=True):
    name: str
    homePage: str  # noqa: N815 -- xAPI's spelling


class _Actor(msgspec.Struct, frozen=True):
    """An Agent that must be named by its account (8.1.3)."""

    account: _Account
    name: str = ""
    objectType: str = "Agent"  # noqa: N815


class _LaunchData(msgspec.Struct, frozen=True):
    """The state LMS.LaunchData (10.2); other members are ignored."""

    contextTemplate: dict[str, Any] = {}  # noqa: N815
    launchMode: str = "Normal"  # noqa: N815
    returnURL: str = ""  # noqa: N815
    entitlementKey: Any = None  # noqa: N815


def read_cmi5(request: LaunchRequest, settings: Settings, outbound: Outbound) -> Launch:
    """Take the launch's token, read LMS.LaunchData, say *initialized*.

    Raises LaunchRejected `not_allowed_here`, `malformed`, `cmi5_url_not_allowed`, `cmi5_refused`,
    `cmi5_answer_unreadable` or `student_id_missing`; RemoteUnavailable and RemoteRefused like the calls.
    """
    if settings.cmi5 is None:
        raise LaunchRejected("not_allowed_here", "the connection has no cmi5 settings")
    asked = {name: _parameter(request.query, name) for name in PARAMETERS}
    for name in ("endpoint", "fetch"):
        _require_allowed(asked[name], settings.cmi5.allowed_urls)
    actor, registration = _read_actor(asked["actor"]), _read_registration(asked["registration"])
    channel = {
        "endpoint": asked["endpoint"].rstrip("/"),
        "token": _fetch(outbound, asked["fetch"]),
        "actor": asked["actor"],
        "registration": registration,
        "activity": asked["activityId"],
    }
    data = _read_launch_data(outbound, channel)
    channel |= {"context": msgspec.json.encode(data.contextTemplate).decode(), "mode": data.launchMode}
    # the token is the session: another launch of the same learner has another one
    _say(outbound, channel, INITIALIZED, key=channel["token"])
    return Launch(
        read_student(actor.account.name, actor.name),
        Kind.CMI5,
        Assurance.CONFIRMED,
        return_url=web_address(data.returnURL),
        package_token=_entitlement(data.entitlementKey),
        channel=channel,
    )


def report_cmi5(
    channel: Mapping[str, str], report: Report, settings: Settings, outbound: Outbound
) -> Mapping[str, str]:
    """The statements that a report calls for, in order; *terminated* is the last (9.3).

    In the modes Browse and Review only *initialized* and *terminated* may be said (10.2.2). A statement has the same
    id whenever it is said again, so an LRS takes it once. Raises RemoteUnavailable or RemoteRefused.
    """
    allowed = settings.cmi5.allowed_urls if settings.cmi5 else ()
    if not any(lies_under(f"{channel['endpoint']}/", prefix) for prefix in allowed):
        raise RemoteRefused("the address is under cmi5.allowed_urls no more")
    normal = channel["mode"] == "Normal"
    duration = f"PT{max(report.seconds, 0)}S"
    try:
        if normal and not report.mastered and report.progress > 0:
            percent = int(report.progress * 100)
            result = {"extensions": {PROGRESS: percent}, "duration": duration}
            _say(
                outbound, channel, PROGRESSED, result, key=f"{percent} {report.seconds}", at=report.time, defined=False
            )
        if normal and report.mastered:
            done: dict[str, Any] = {"completion": True, "duration": duration}
            _say(outbound, channel, COMPLETED, done, at=report.time, moves_on=True)
            passed = {"success": True, "score": {"scaled": 1.0}, "duration": duration}
            _say(outbound, channel, PASSED, passed, at=report.time, moves_on=True)
        if report.ends:
            _say(outbound, channel, TERMINATED, {"duration": duration}, at=report.time)
    except LaunchRejected as error:
        raise RemoteRefused(error.detail) from error
    return channel


def _parameter(query: Sequence[tuple[str, str]], name: str) -> str:
    value = read_parameter(query, name, exact_case=True)
    if len(value) > MAX_PARAMETER:
        raise LaunchRejected("malformed", f"{name} is longer than {MAX_PARAMETER} characters")
    return value


def _require_allowed(url: str, prefixes: Sequence[str]) -> None:
    """`endpoint` may be the prefix itself, written without its last slash."""
    if not any(lies_under(url, prefix) or url == prefix.rstrip("/") for prefix in prefixes):
        shown = url.partition("?")[0][:200]
        raise LaunchRejected("cmi5_url_not_allowed", f"{shown!r} is under none of cmi5.allowed_urls")


def _read_actor(text: str) -> _Actor:
    try:
        actor = msgspec.json.decode(text.encode("utf-8", "surrogatepass"), type=_Actor)
    except (ValueError, RecursionError) as error:
        raise LaunchRejected("malformed", "actor is no Agent with an account") from error
    if actor.objectType != "Agent" or not web_address(actor.account.homePage):
        raise LaunchRejected("malformed", "actor is no Agent, or its account has no homePage")
    return actor


def _read_registration(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise LaunchRejected("malformed", "registration is no UUID") from error


def _fetch(outbound: Outbound, url: str) -> str:
    """The token, which is given out once (8.2)."""
    answer = _call(outbound, "POST", url)
    said = _json(answer, dict[str, Any])
    token = said.get("auth-token")
    if answer.status != 200 or not isinstance(token, str) or not _TOKEN.fullmatch(token):
        code = str(said.get("error-code", ""))[:10]
        raise LaunchRejected("cmi5_refused", f"the LMS gave no token (status {answer.status}, error-code {code!r})")
    return token


def _read_launch_data(outbound: Outbound, channel: Mapping[str, str]) -> _LaunchData:
    query = urlencode(
        {
            "stateId": "LMS.LaunchData",
            "activityId": channel["activity"],
            "agent": channel["actor"],
            "registration": channel["registration"],
        }
    )
    answer = _call(outbound, "GET", f"{channel['endpoint']}/activities/state?{query}", headers=_headers(channel))
    if answer.status != 200:
        raise LaunchRejected("cmi5_refused", f"the LMS gave no LMS.LaunchData (status {answer.status})")
    data: _LaunchData = _json(answer, _LaunchData)
    return data


def _say(
    outbound: Outbound,
    channel: Mapping[str, str],
    verb: str,
    result: dict[str, Any] | None = None,
    *,
    key: str = "",
    at: float | None = None,
    defined: bool = True,
    moves_on: bool = False,
) -> None:
    """One statement, put under an id of its own (xAPI 2.1.1); `defined` ones have the category cmi5 (9.6.2.1)."""
    session = channel["token"]
    number = str(uuid.uuid5(uuid.NAMESPACE_URL, "\n".join((session, channel["registration"], verb, key))))
    context: dict[str, Any] = msgspec.json.decode(channel["context"])
    categories = [*([CMI5] if defined else []), *([MOVE_ON] if moves_on else [])]
    activities = dict(context.get("contextActivities") or {})
    activities["category"] = [*activities.get("category", []), *categories]
    statement: dict[str, Any] = {
        "id": number,
        "actor": msgspec.json.decode(channel["actor"]),
        "verb": {"id": verb, "display": {"en": verb.rpartition("/")[2]}},
        "object": {"objectType": "Activity", "id": channel["activity"]},
        "context": {**context, "registration": channel["registration"], "contextActivities": activities},
    }
    if result:
        statement["result"] = result
    if at is not None:
        statement["timestamp"] = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    url = f"{channel['endpoint']}/statements?statementId={number}"
    headers = {**_headers(channel), "Content-Type": "application/json"}
    answer = _call(outbound, "PUT", url, headers=headers, data=msgspec.json.encode(statement))
    if answer.status not in {200, 204, 409}:  # 409: it has this statement
        word = verb.rpartition("/")[2]
        raise LaunchRejected("cmi5_refused", f"the LMS did not take the statement {word} (status {answer.status})")


def _call(
    outbound: Outbound, method: str, url: str, *, headers: Mapping[str, str] | None = None, data: bytes | None = None
) -> Answer:
    return callback.call(
        outbound, method, url, headers=headers, data=data, deadline=DEADLINE, login_page="cmi5_refused"
    )


def _headers(channel: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Basic {channel['token']}", "X-Experience-API-Version": "1.0.3"}


def _json(answer: Answer, shape: Any) -> Any:
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (ValueError, RecursionError) as error:
        raise LaunchRejected("cmi5_answer_unreadable", "the LMS's answer is not the JSON that cmi5 asks for") from error


def _entitlement(key: Any) -> str:
    """LaunchData has `{"courseStructure": KEY, "alternate": …}` (10.2.4); some LMSs say the key itself."""
    found = key.get("courseStructure") if isinstance(key, dict) else key
    return found if isinstance(found, str) else ""
