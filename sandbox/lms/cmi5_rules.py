"""What an LMS refuses of an AU's statements: each rule under the number that ADL's list of requirements gives it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

VERBS = "http://adlnet.gov/expapi/verbs/"
CATEGORIES = "https://w3id.org/xapi/cmi5/context/categories/"
EXTENSIONS = "https://w3id.org/xapi/cmi5/context/extensions/"
SESSION, MASTERY = f"{EXTENSIONS}sessionid", f"{EXTENSIONS}masteryscore"
_DEFINED = {"initialized", "completed", "passed", "failed", "terminated"}
_JUDGING = {"completed", "passed", "failed"}
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00(:?00)?)")
_DURATION = re.compile(r"P(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")


class Asked(NamedTuple):
    """A statement, and what is known of the launch it belongs to."""

    statement: Mapping[str, Any]
    number: str
    """The id in the address."""
    parameters: Mapping[str, str]
    """Of the launch."""
    data: Mapping[str, Any]
    """LMS.LaunchData."""
    said: Sequence[str]
    """The verbs of this session so far."""
    said_before: Sequence[str]
    """Those of the registration's sessions before."""
    read_preferences: bool

    @property
    def verb(self) -> str:
        """Without the beginning that all of ADL's share."""
        return str(_in(self.statement, "verb", "id", "")).removeprefix(VERBS)

    @property
    def context(self) -> Mapping[str, Any]:
        """Empty where there is none."""
        return _mapping(self.statement.get("context"))

    @property
    def activities(self) -> Mapping[str, Any]:
        """The lists of the context."""
        return _mapping(self.context.get("contextActivities"))

    @property
    def extensions(self) -> Mapping[str, Any]:
        """Those of the context."""
        return _mapping(self.context.get("extensions"))

    @property
    def result(self) -> Mapping[str, Any]:
        """Empty where there is none."""
        return _mapping(self.statement.get("result"))

    @property
    def score(self) -> Mapping[str, Any]:
        """Empty where there is none."""
        return _mapping(self.result.get("score"))

    @property
    def categories(self) -> set[str]:
        """Without the beginning that cmi5's share."""
        return {str(entry["id"]).removeprefix(CATEGORIES) for entry in self.activities.get("category", [])}

    @property
    def is_defined(self) -> bool:
        """Whether it claims to be one of the specification's own (7.1.3)."""
        return "cmi5" in self.categories

    @property
    def template(self) -> Mapping[str, Any]:
        """What the context must hold."""
        return _mapping(self.data["contextTemplate"])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _in(of: Mapping[str, Any], outer: str, inner: str, otherwise: Any) -> Any:
    return _mapping(of.get(outer)).get(inner, otherwise)


def _is_uuid(text: Any) -> bool:
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _keeps_activities(asked: Asked) -> bool:
    given = _mapping(asked.template.get("contextActivities"))
    return all(entry in asked.activities.get(name, []) for name, entries in given.items() for entry in entries)


def _keeps_extensions(asked: Asked) -> bool:
    given = _mapping(asked.template.get("extensions"))
    return all(asked.extensions.get(name) == value for name, value in given.items() if name != SESSION)


def _is_as_mastered(asked: Asked) -> bool:
    mastery, scaled = asked.data.get("masteryScore"), asked.score.get("scaled")
    if mastery is None or scaled is None or asked.verb not in {"passed", "failed"}:
        return True
    return bool((scaled >= mastery) == (asked.verb == "passed"))


def _names_mastery(asked: Asked) -> bool:
    mastery = asked.data.get("masteryScore")
    return mastery is None or asked.verb not in {"passed", "failed"} or asked.extensions.get(MASTERY) == mastery


def _is_of_registration(asked: Asked) -> bool:
    return bool(asked.context.get("registration") == asked.parameters["registration"])


def _is_of_session(asked: Asked) -> bool:
    return bool(asked.extensions.get(SESSION) == asked.template["extensions"][SESSION])


def _is_judged_once(asked: Asked) -> bool:
    return asked.verb not in {"passed", "failed"} or not {"passed", "failed"} & set(asked.said)


def _has_duration(verb: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.verb != verb or bool(_DURATION.fullmatch(str(asked.result.get("duration", ""))))


def _looks_only(mode: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.data["launchMode"] != mode or asked.verb in {"initialized", "terminated"}


RULES: Sequence[tuple[str, str, Callable[[Asked], bool]]] = (
    ("4.1.0.0-1", "actor, verb and object are needed", lambda a: {"actor", "verb", "object"} <= a.statement.keys()),
    ("4.1.0.0-1", "the id in the address is another", lambda a: a.statement.get("id", a.number) == a.number),
    ("6.3.0.0-1", "an AU voids nothing", lambda a: a.verb != "voided"),
    ("9.1.0.0-1", "the id is a UUID", lambda a: _is_uuid(a.statement.get("id"))),
    ("9.7.0.0-1", "a timestamp is needed", lambda a: "timestamp" in a.statement),
    ("9.7.0.0-2", "the timestamp is in UTC", lambda a: bool(_UTC.fullmatch(str(a.statement["timestamp"])))),
    ("11.0.0.0-3", "the learner's preferences were not read", lambda a: a.read_preferences),
    ("8.1.3.0-3", "the actor is another", lambda a: a.statement["actor"] == json.loads(a.parameters["actor"])),
    ("9.6.0.0-1", "a context is needed", lambda a: bool(a.context)),
    ("9.6.1.0-1", "the registration is another", _is_of_registration),
    ("10.2.1.0-6", "the template's activities are missing", _keeps_activities),
    ("10.2.1.0-7", "the template's extensions are changed", _keeps_extensions),
    ("9.6.3.1-4", "the session id is missing", _is_of_session),
    ("9.3.0.0-4", "initialized comes first", lambda a: a.verb == "initialized" or "initialized" in a.said),
    ("9.3.0.0-5", "terminated comes last", lambda a: "terminated" not in a.said),
    ("9.6.2.1-1", "this verb needs the category cmi5", lambda a: a.verb not in _DEFINED or a.is_defined),
    ("9.3.0.0-1", "cmi5 defines no such verb", lambda a: not a.is_defined or a.verb in _DEFINED),
    ("8.1.5.0-6", "the object is another", lambda a: not a.is_defined or _is_the_activity(a)),
    ("9.6.2.2-1", "success and completion need moveon", lambda a: not _judges(a) or "moveon" in a.categories),
    ("9.6.2.2-2", "moveon belongs to no such statement", lambda a: "moveon" not in a.categories or _judges(a)),
    ("9.3.0.0-2", "it was said in this session", lambda a: not a.is_defined or a.verb not in a.said),
    ("9.3.0.0-3", "it was judged before", _is_judged_once),
    ("9.3.0.0-6", "completed before", lambda a: a.verb != "completed" or "completed" not in a.said_before),
    ("9.3.0.0-7", "passed before", lambda a: a.verb != "passed" or "passed" not in a.said_before),
    ("9.3.0.0-8", "failed after passed", lambda a: a.verb != "failed" or "passed" not in a.said_before),
    ("10.2.2.0-2", "Browse allows no such statement", _looks_only("Browse")),
    ("10.2.2.0-3", "Review allows no such statement", _looks_only("Review")),
    ("9.5.1.0-2", "only passed and failed have a score", lambda a: not a.score or a.verb in {"passed", "failed"}),
    ("9.5.1.0-3", "a raw score needs min and max", lambda a: "raw" not in a.score or {"min", "max"} <= a.score.keys()),
    ("9.5.2.0-1", "passed means success", lambda a: a.verb != "passed" or a.result.get("success") is True),
    ("9.5.2.0-2", "failed means no success", lambda a: a.verb != "failed" or a.result.get("success") is False),
    ("9.5.2.0-3", "success is out of place", lambda a: "success" not in a.result or a.verb in {"passed", "failed"}),
    ("9.5.3.0-1", "completed means completion", lambda a: a.verb != "completed" or a.result.get("completion") is True),
    ("9.5.3.0-2", "completion is out of place", lambda a: "completion" not in a.result or a.verb == "completed"),
    ("9.5.4.1-1", "terminated needs a duration", _has_duration("terminated")),
    ("9.5.4.1-2", "completed needs a duration", _has_duration("completed")),
    ("9.5.4.1-3", "passed needs a duration", _has_duration("passed")),
    ("9.5.4.1-4", "failed needs a duration", _has_duration("failed")),
    ("9.6.3.2-2", "the mastery score is missing", _names_mastery),
    ("9.3.4.0-2", "the score is not as the verb says", _is_as_mastered),
)  # fmt: skip
"""Number, what is wrong, and what must hold."""


def violated(asked: Asked) -> str:
    """The first rule that a statement breaks, with its number; empty where it breaks none."""
    return next((f"{number}: {wrong}" for number, wrong, holds in RULES if not holds(asked)), "")


def _judges(asked: Asked) -> bool:
    return asked.is_defined and (asked.verb in _JUDGING or bool(asked.result.keys() & {"success", "completion"}))


def _is_the_activity(asked: Asked) -> bool:
    return bool(_in(asked.statement, "object", "id", "") == asked.parameters["activityId"])
