"""From what a platform says to a `Student`: what counts as absent, and which names are names.

The rules live here once; an adapter only says which field is which.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from bridge.config.settings import split_plainly
from bridge.contracts import Assurance, Student, clean
from bridge.errors import LaunchRejected
from bridge.identifiers import UNDECODED, is_no_id, lower_ascii, normalize, require

LONGEST_NAME = 255
_PLACEHOLDERS = {"", "-", "."}  # Moodle demands a last name, so people with one name carry these


def present(value: object) -> str:
    """The value as text, or empty where it says that there is none (`bridge.identifiers.is_no_id`)."""
    text = normalize(value)
    return "" if is_no_id(text) else text


class NamedId(NamedTuple):
    """A student ID as a signed launch carries it, and what it is worth by who can write the fields it stands in."""

    student_id: str
    assurance: Assurance
    other_case: str = ""
    """The ID as another field has it, where that differs in ASCII letter case alone: often somebody else."""


def read_id(platform: Sequence[object], author: Sequence[object], field: str) -> NamedId:
    """The student ID that a launch carries. `field` is the setting's value, for the operator.

    `platform`: values of fields that the platform alone fills. `author`: values of fields that whoever edits a course
    can write too, such as the custom fields of a link. An ID that stands only there may be anybody's choice.
    Raises LaunchRejected `student_id_missing`, `student_id_unusable`, and `identity_contradiction` where two fields
    name two people.
    """
    sure = [text for value in platform if (text := present(value))]
    said = [*sure, *(text for value in author if (text := present(value)))]
    if not said:
        raise LaunchRejected("student_id_missing", f"the launch carries no {field}")
    found = require(said[0], field)
    others = [text for text in said if text != found]
    if any(lower_ascii(text) != lower_ascii(found) for text in others):
        raise LaunchRejected("identity_contradiction", f"the fields for {field} hold different student IDs")
    return NamedId(found, Assurance.SIGNED if sure else Assurance.CLAIMED, next(iter(others), ""))


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


class refusals_return_to:  # noqa: N801 -- a block, as those of contextlib
    """A block after a signature held: its refusals lead back to `address`, where that is a web address."""

    def __init__(self, address: object) -> None:
        self._address = address

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, LaunchRejected):
            error.return_url = web_address(self._address)


def _name(value: object) -> str:
    if isinstance(value, str) and value.isprintable():  # most names, and rosters hold millions
        if value.isascii() and value.isalnum():
            return value
        plain = unicodedata.normalize("NFC", value)
        spaced = "  " in plain or plain[:1] in {"", " ", "$"} or plain[-1] == " "
        if not spaced and plain not in _PLACEHOLDERS and UNDECODED not in plain:
            return plain
    text = " ".join(clean(value).split())
    return "" if text in _PLACEHOLDERS or text.startswith("$") or UNDECODED in text else text
