"""The id and name that a package or an LMS answer carries -> Student."""

from __future__ import annotations

from adapters.scorm.names import read_name
from bridge.contracts import Student
from bridge.identifiers import require


def read_student(student_id: str, name: str) -> Student:
    """The common tuple.

    Raises LaunchRejected `student_id_missing` or `student_id_unusable`; a missing name stops nobody.
    """
    first, last = read_name(name)
    return Student(require(student_id, "the LMS's student ID"), first, last)
