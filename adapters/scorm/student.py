"""The id and name that a package or an LMS answer carries -> Student; the name is for display only.

SCORM 1.2 (RTE 3.4.4) and AICC ask for "Last, First"; SCORM 2004 asks for no order, and Moodle sends "First Last"
over SCORM unless told otherwise. So only a comma splits a name; without one nobody can tell the parts apart.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from bridge.contracts import Student, clean
from bridge.identifiers import require

MAX_NAME = 255
"""Characters of a whole name that are kept: CMIString255 of SCORM 1.2."""

_LANGUAGE = re.compile(r"\{lang=[^{}]*\}", re.IGNORECASE)  # SCORM 2004 RTE 4.1.1.6: {lang=fr-CA}Ève
_PLACEHOLDERS = frozenset({"-", "--", ".", "_", "–", "—"})  # what people type where an LMS demands a last name
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


class Name(NamedTuple):
    """Either part may be empty; both are NFC and single-spaced."""

    first: str
    last: str


def read_student(student_id: str, name: str) -> Student:
    """The common tuple.

    Raises LaunchRejected `student_id_missing` or `student_id_unusable`; a missing name stops nobody.
    """
    first, last = read_name(name)
    return Student(require(student_id, "the LMS's student ID"), first, last)


def read_name(text: object) -> Name:
    """First and last name of what an LMS calls the learner; never raises, whatever `text` is.

    "Last, First" is split at the last comma ("King, Jr., Martin" -> Martin / King, Jr.), but a closing suffix stays
    with the first name ("King, Martin, Jr." -> Martin, Jr. / King). A name that cannot be split is all first name.
    """
    whole = clean(text)
    marked = _LANGUAGE.match(whole)
    whole = whole[marked.end() if marked else 0 :][:MAX_NAME]
    last, comma, first = whole.rpartition(",")
    if _is_suffix(first):
        last, comma, first = whole.partition(",")
        if _is_suffix(first):
            return Name(_tidy(whole), "")
    return Name(_tidy(first), _tidy(last)) if comma else Name(_tidy(whole), "")


def _tidy(part: str) -> str:
    """Single blanks, and no word that only stands in for a name."""
    return " ".join(word for word in part.split() if word not in _PLACEHOLDERS)


def _is_suffix(part: str) -> bool:
    return part.strip(" .").lower() in _SUFFIXES
