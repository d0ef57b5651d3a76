"""From what a platform says to a `Student`: what counts as absent, and which names are names.

The rules live here once; an adapter only says which field is which.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.contracts import Student, clean
from bridge.errors import LaunchRejected
from bridge.identifiers import is_no_id, normalize, require
from bridge.settings import split_plainly

LONGEST_NAME = 255
_PLACEHOLDERS = {"", "-", "."}  # Moodle demands a last name, so people with one name carry these


def present(value: object) -> str:
    """The value as text, or empty where it says that there is none (`bridge.identifiers.is_no_id`)."""
    text = normalize(value)
    return "" if is_no_id(text) else text


def student_id(candidates: Iterable[object], field: str) -> str:
    """The first candidate that says something. `field` is the setting's value, for the operator."""
    for candidate in candidates:
        if found := present(candidate):
            return require(found, field)
    raise LaunchRejected("student_id_missing", f"the launch carries no {field}")


def read_student(student_id: str, given: object, family: object, full: object) -> Student:
    """The tuple. A missing name never stops a launch."""
    first, last = _name(given), _name(family)
    if not first and not last:
        first, last = split_full_name(_name(full))
    return Student(student_id, first[:LONGEST_NAME], last[:LONGEST_NAME])


def split_full_name(full: str) -> tuple[str, str]:
    """First and last name of a full name: "Last, First", else the last word is the last name."""
    last, comma, first = full.partition(",")
    if comma:
        return _name(first), _name(last)
    first, _, last = full.rpartition(" ")
    return (_name(first), _name(last)) if first else (last, "")


def web_address(value: object) -> str:
    """`value` where it is an http or https address a browser may be sent to, else empty."""
    text = present(value)
    try:
        parts = split_plainly(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.hostname else ""


def _name(value: object) -> str:
    if isinstance(value, str) and value.isascii() and value.isalnum():  # most names, and rosters hold millions
        return value
    text = " ".join(clean(value).split())
    return "" if text in _PLACEHOLDERS or text.startswith("$") else text
