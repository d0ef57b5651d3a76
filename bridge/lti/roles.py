"""What a role lets a person do. Roles of LTI 1.3 are URIs (LTI core, appendix A.2); short names are older and go on.

Only roles in the course count, and those that administer the LMS: a student may well teach elsewhere, and a platform
sends that along.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.presentation.advice import Reader

_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_PERSON = "http://purl.imsglobal.org/vocab/lis/v2/{}/person#"
_MAKERS = ("Instructor", "ContentDeveloper", "Administrator")
_COURSE_MAKERS = frozenset(
    [*_MAKERS]
    + [f"{_MEMBERSHIP}{name}" for name in _MAKERS]
    + [f"{_PERSON.format(place)}Administrator" for place in ("institution", "system")]
    + [f"{_PERSON.format('system')}SysAdmin"]
    + [f"urn:lti:role:ims/lis/{name}" for name in _MAKERS]  # LTI 1.1, appendix A.2
    + [f"urn:lti:{place}:ims/lis/Administrator" for place in ("instrole", "sysrole")]
    + ["urn:lti:sysrole:ims/lis/SysAdmin"]
)
_TEACHERS = frozenset(
    f"{prefix}{name}"
    for prefix in ("", _MEMBERSHIP, "urn:lti:role:ims/lis/")
    for name in ("Instructor", "ContentDeveloper", "TeachingAssistant")
)
_ADMINISTRATORS = _COURSE_MAKERS - {
    f"{prefix}{name}"
    for prefix in ("", _MEMBERSHIP, "urn:lti:role:ims/lis/")
    for name in ("Instructor", "ContentDeveloper")
}


def makes_courses(roles: Iterable[str]) -> bool:
    """Whether somebody with these roles may place links in the course they came from."""
    return not _COURSE_MAKERS.isdisjoint(roles)


def reader_of(roles: Iterable[str]) -> Reader:
    """For whom to write what somebody with these roles reads."""
    found = set(roles)
    if not _ADMINISTRATORS.isdisjoint(found):
        return Reader.ADMINISTRATOR
    return Reader.LEARNER if _TEACHERS.isdisjoint(found) else Reader.TEACHER
