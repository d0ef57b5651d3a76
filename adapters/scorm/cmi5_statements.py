"""The statements of an AU (cmi5 Quartz 9), built from what a launch brought: plain values in, plain values out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

VERBS = "http://adlnet.gov/expapi/verbs/"
CMI5 = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
MOVE_ON = "https://w3id.org/xapi/cmi5/context/categories/moveon"
MASTERY = "https://w3id.org/xapi/cmi5/context/extensions/masteryscore"
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
NORMAL = "Normal"
_EXACT = 2.0**53
"""Below it every whole number is exact, in JavaScript too."""


class Statement(NamedTuple):
    """One statement to be made."""

    verb: str
    """The last part of its IRI."""
    at: float
    """When it came about, in seconds since 1970."""
    result: Mapping[str, Any] = {}
    categories: Sequence[str] = (CMI5,)
    """A statement that the specification defines has the category cmi5 (9.6.2.1)."""
    once: bool = False
    """Once in a registration, whatever number of sessions it has (9.3.0); others belong to one session."""


def initialized(now: float) -> Statement:
    """The first statement of a session (9.3.2)."""
    return Statement("initialized", now)


def progressed(at: float, progress: float, seconds: int) -> Statement:
    """No statement of the specification's own, but allowed (7.1.3)."""
    result = {"extensions": {PROGRESS: int(progress * 100)}, "duration": _duration(seconds)}
    return Statement("progressed", at, result, ())


def completed(at: float, seconds: int) -> Statement:
    """9.3.3, 9.5.3."""
    return Statement("completed", at, {"completion": True, "duration": _duration(seconds)}, (CMI5, MOVE_ON), once=True)


def passed(at: float, seconds: int) -> Statement:
    """9.3.4, 9.5.2. Full marks, so that no masteryScore lies above them."""
    result = {"success": True, "score": {"scaled": 1}, "duration": _duration(seconds)}
    return Statement("passed", at, result, (CMI5, MOVE_ON), once=True)


def terminated(at: float, seconds: int) -> Statement:
    """The last statement of a session (9.3.8)."""
    return Statement("terminated", at, {"duration": _duration(seconds)})


def number_of(channel: Mapping[str, str], statement: Statement) -> str:
    """The statement's id, the same whenever it is said again (xAPI 2.1.1).

    The token is the session: another launch of the same learner has another one.
    """
    account = msgspec.json.decode(channel["actor"])["account"]
    registration = (channel["registration"], channel["activity"], str(account["homePage"]), str(account["name"]))
    key = statement.result if statement.verb == "progressed" else ""
    session = (channel["token"], channel["registration"])
    of = (*registration, statement.verb) if statement.once else (*session, statement.verb, str(key))
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(of)))


def written(channel: Mapping[str, str], statement: Statement) -> bytes:
    """The statement as JSON; numbers as JavaScript writes them, for proxies that write them anew."""
    document: dict[str, Any] = {
        "id": number_of(channel, statement),
        "actor": msgspec.json.decode(channel["actor"]),
        "verb": {"id": f"{VERBS}{statement.verb}", "display": {"en": statement.verb}},
        "object": {"objectType": "Activity", "id": channel["activity"]},
        "context": _context(channel, statement),
        "timestamp": _utc(statement.at),
    }
    if statement.result:
        document["result"] = statement.result
    return msgspec.json.encode(_plain(document))


def _context(channel: Mapping[str, str], statement: Statement) -> dict[str, Any]:
    """The contextTemplate with what the specification adds to it; nothing of it is replaced (10.2.1)."""
    template: dict[str, Any] = msgspec.json.decode(channel["context"])
    activities = dict(template.get("contextActivities") or {})
    given = activities.get("category") or []
    known = given if isinstance(given, list) else [given]  # xAPI 1.0.3, 2.4.6.2: one alone may stand without a list
    ids = {entry.get("id") for entry in known if isinstance(entry, dict)}
    category = [*known, *({"id": name} for name in statement.categories if name not in ids)]
    if category:
        activities["category"] = category
    context = {**template, "registration": channel["registration"], "contextActivities": activities}
    mastery = msgspec.json.decode(channel.get("mastery") or "null")
    if mastery is not None and statement.verb == "passed":  # 9.6.3.2
        context["extensions"] = {MASTERY: mastery, **(template.get("extensions") or {})}
    return context


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value


def _utc(at: float) -> str:
    """UTC (9.7), marked by a Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _duration(seconds: int) -> str:
    return f"PT{max(seconds, 0)}S"
