"""From what a probe package saw of an LMS to the connection that fits it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ID_ELEMENTS = ("cmi.core.student_id", "cmi.learner_id")
NAME_ELEMENTS = ("cmi.core.student_name", "cmi.learner_name")
_SHAPES = (
    (
        re.compile(r".+_[ro]_[0-9]+"),
        {"strip": "_[ro]_[0-9]+"},
        "ILIAS ends its ids with the course; the rule takes it off",
    ),
    (re.compile(r"[0-9]+\.0+"), {"number": "integer"}, "the id is a number with decimals; the rule makes it whole"),
)


def propose(origin: str, findings: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a connection, as they would stand in the configuration."""
    connection: dict[str, Any] = {"adapter": "scorm", "student_id": "learner_id"}
    if origin and origin != "null":
        connection["package_origins"] = [origin]
    rules = [rule for pattern, rule, _ in _SHAPES if pattern.fullmatch(learner_id(findings))]
    return {**connection, "student_id_rules": rules} if rules else connection


def remarks(origin: str, findings: Mapping[str, Any]) -> list[str]:
    """What the administrator should know, in sentences."""
    found, versions = learner_id(findings), findings.get("versions") or []
    lines = [text for pattern, _, text in _SHAPES if pattern.fullmatch(found)]
    if not versions:
        lines.append("the page found no SCORM API: the LMS may serve content from another site than its own pages")
    elif not found:
        lines.append("the LMS gave no id: look for a setting that passes the user's id to courses, or use AICC or LTI")
    elif found.isdigit() and len(found) <= 6:
        lines.append("the id is a short number, perhaps the LMS's own: ask which field it is before you match by it")
    elif "@" in found:
        lines.append("the id is an e-mail address: it must stand in a Username attribute of OttoLearn")
    if origin in {"", "null"}:
        lines.append("the LMS plays packages in a sandbox without a site of its own; approve `null` only if you must")
    if len(versions) > 1:
        lines.append(f"the LMS offers {' and '.join(map(str, versions))}; the package's own version is used")
    return lines


def learner_id(findings: Mapping[str, Any]) -> str:
    """The id that the LMS gave, or empty."""
    return _first(findings, ID_ELEMENTS)


def learner_name(findings: Mapping[str, Any]) -> str:
    """The name that the LMS gave, or empty."""
    return _first(findings, NAME_ELEMENTS)


def _first(findings: Mapping[str, Any], elements: tuple[str, ...]) -> str:
    sessions = findings.get("sessions")
    for session in sessions.values() if isinstance(sessions, dict) else ():
        values = session.get("values") if isinstance(session, dict) else None
        if not isinstance(values, dict):
            continue
        for element in elements:
            entry = values.get(element)
            if isinstance(entry, dict) and isinstance(entry.get("value"), str):
                return str(entry["value"])
    return ""
