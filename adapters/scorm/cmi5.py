"""cmi5 (Quartz): trade the launch's `fetch` address for a token, once, and let the LMS's own data say what it is worth.

Section numbers are those of the cmi5 specification. What is believed is what the LMS accepts: the token opens the
state LMS.LaunchData and takes the statement *initialized* only for the actor and registration it was made for. An LMS
that gives the state for anybody confirms nobody.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from adapters.scorm.callback import lies_under, read_parameter
from adapters.scorm.cmi5_lms import Lms
from adapters.scorm.cmi5_statements import NORMAL, initialized
from adapters.scorm.launch import read_student
from adapters.scorm.settings import Settings
from bridge.contracts import Assurance, CallbackContext, Kind, Launch, LaunchRequest
from bridge.errors import LaunchRejected
from bridge.lti.student import web_address

PARAMETERS = ("endpoint", "fetch", "actor", "registration", "activityId")
MAX_PARAMETER = 4000
PATIENCE = 9.0
"""Seconds for all calls of a launch, so that the learner has an answer within ten."""
ANYBODY, THEM_ALONE = "anybody", "them alone"
REMEMBERED = 30 * 86_400.0
"""Seconds after which an LMS is asked for a made-up agent again: it may have been fixed."""
REMARK = "The LMS gives LMS.LaunchData for an agent that we made up: what it says of the learner confirms nothing."


class _Account(msgspec.Struct, frozen=True):
    name: str
    homePage: str  # noqa: N815 -- xAPI's spelling


class _Actor(msgspec.Struct, frozen=True):
    """An Agent that must be named by its account (8.1.3)."""

    account: _Account
    name: str | None = None
    objectType: str | None = None  # noqa: N815


def read_cmi5(request: LaunchRequest, settings: Settings, context: CallbackContext) -> Launch:
    """Take the launch's token, read LMS.LaunchData and the learner's preferences, say *initialized*.

    Raises LaunchRejected `not_allowed_here`, `malformed`, `cmi5_url_not_allowed`, `cmi5_refused`,
    `cmi5_answer_unreadable` or `student_id_missing`; RemoteUnavailable and RemoteRefused like the calls.
    """
    if settings.cmi5 is None:
        raise LaunchRejected("not_allowed_here", "the connection has no cmi5 settings")
    asked = {name: _parameter(request.query, name) for name in PARAMETERS}
    for name in ("endpoint", "fetch"):
        _require_allowed(asked[name], settings.cmi5.allowed_urls)
    if "?" in asked["endpoint"]:  # what is asked there would become a part of the query, and the path another one
        raise LaunchRejected("malformed", "endpoint has a query")
    actor, registration = _read_actor(asked["actor"]), _read_registration(asked["registration"])
    lms = Lms(context.outbound, context.now, context.now() + PATIENCE)
    channel = {
        "endpoint": asked["endpoint"].rstrip("/"),
        "token": lms.token(asked["fetch"]),
        "actor": asked["actor"],
        "registration": registration,
        "activity": asked["activityId"],
    }
    data = lms.launch_data(channel)
    channel |= {
        "context": msgspec.json.encode(data.contextTemplate or {}).decode(),
        "mode": (data.launchMode or NORMAL).strip().capitalize(),
        "mastery": msgspec.json.encode(data.masteryScore).decode(),
    }
    confirmed = _answers(lms, channel, context) == THEM_ALONE
    locale = lms.read_preferences(channel)
    lms.put(channel, initialized(context.now()))
    return Launch(
        read_student(actor.account.name, actor.name or ""),
        Kind.CMI5,
        Assurance.CONFIRMED if confirmed else Assurance.ASSERTED,
        return_url=_way_back(data.returnURL or ""),
        remark="" if confirmed else REMARK,
        package_token=_entitlement(data.entitlementKey),
        locale=locale,
        channel=channel,
    )


def _answers(lms: Lms, channel: Mapping[str, str], context: CallbackContext) -> str:
    """Whom the LMS at this endpoint answers. It is asked once, and what it did is remembered."""
    words = f"cmi5 made-up agent {channel['endpoint']}"
    found = context.memory.look(words)
    if not found:
        found = ANYBODY if lms.answers_anybody(channel) else THEM_ALONE
        context.memory.keep(words, found, REMEMBERED)
    return found


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
        raise LaunchRejected("malformed", f"actor is no Agent with an account: {error}") from error
    if actor.objectType not in {None, "Agent"}:
        raise LaunchRejected("malformed", "actor.objectType is not Agent")
    if not web_address(actor.account.homePage):
        raise LaunchRejected("malformed", "actor.account.homePage is no web address")
    return actor


def _read_registration(text: str) -> str:
    """As the LMS writes it, in whatever letter case: it compares what comes back (8.1.4)."""
    try:
        uuid.UUID(text)
    except ValueError as error:
        raise LaunchRejected("malformed", "registration is no UUID") from error
    return text


def _way_back(url: str) -> str:
    """The way back to the LMS; some encode the address as a whole."""
    return web_address(url) or web_address(unquote(url))


def _entitlement(key: Any) -> str:
    """LaunchData has `{"courseStructure": KEY, "alternate": …}` (10.2.4); some LMSs say the key itself."""
    found = key.get("courseStructure") if isinstance(key, dict) else key
    return found if isinstance(found, str) else ""
