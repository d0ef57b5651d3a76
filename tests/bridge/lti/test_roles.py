from __future__ import annotations

import pytest

from bridge.lti.roles import makes_courses

MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
PERSON = "http://purl.imsglobal.org/vocab/lis/v2"


@pytest.mark.parametrize(
    "roles",
    [
        [f"{MEMBERSHIP}#Instructor"],
        [f"{MEMBERSHIP}#ContentDeveloper"],
        [f"{MEMBERSHIP}#Administrator"],
        [f"{PERSON}/institution/person#Administrator"],
        [f"{PERSON}/system/person#Administrator"],
        [f"{PERSON}/system/person#SysAdmin"],
        ["Instructor"],
        [f"{MEMBERSHIP}#Learner", f"{MEMBERSHIP}#Instructor"],
    ],
)
def test_who_makes_the_course_may_place_links(roles: list[str]) -> None:
    assert makes_courses(roles)


@pytest.mark.parametrize(
    "roles",
    [
        [],
        [""],
        [f"{MEMBERSHIP}#Learner"],
        [f"{MEMBERSHIP}#Mentor"],
        ["Learner"],
        ["instructor"],
        [f"{PERSON}/institution/person#Instructor"],  # teaches somewhere, not here
        [f"{PERSON}/institution/person#Student", f"{PERSON}/system/person#User"],
        ["https://evil.example/membership#Instructor"],
    ],
)
def test_who_only_learns_here_may_not(roles: list[str]) -> None:
    assert not makes_courses(roles)
