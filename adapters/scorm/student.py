"""The id and name that a package or an LMS answer carries -> Student."""

from __future__ import annotations

from adapters.scorm.names import read_name
from bridge.contracts import Student, clean
from bridge.errors import LaunchRejected

MAX_ID = 255
"""Characters of a student ID: CMIIdentifier of SCORM 1.2. SCORM 2004 allows 4,000; no LMS we know of uses them."""


def read_student(student_id: str, name: str) -> Student:
    """The common tuple.

    Raises LaunchRejected `student_id_missing` or `malformed`; a missing name stops nobody.
    """
    kept = clean(student_id)
    if not kept:
        raise LaunchRejected("student_id_missing", "the LMS gave an empty student ID")
    if len(kept) > MAX_ID:
        raise LaunchRejected("malformed", f"the student ID is longer than {MAX_ID} characters")
    first, last = read_name(name)
    return Student(kept, first, last)
