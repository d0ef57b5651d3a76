from __future__ import annotations

import pytest
from pydantic import ValidationError

from bridge.launch.courses import Course, course_with, each_key_once

SAFE = Course(key="SAFE-101", title="Safety at Work")
FIRE = Course(key="FIRE-1", title="Fire", url="https://learn.example.com/fire")


def test_a_link_finds_its_own_course_and_no_other() -> None:
    assert course_with("FIRE-1", (SAFE, FIRE)) is FIRE
    assert course_with("fire-1", (SAFE, FIRE)) is None
    assert course_with("", (SAFE, FIRE)) is None


def test_one_key_never_means_two_courses() -> None:
    assert each_key_once((SAFE, FIRE)) == (SAFE, FIRE)
    with pytest.raises(ValueError, match="SAFE-101"):
        each_key_once((SAFE, FIRE, Course(key="SAFE-101", title="Another")))


@pytest.mark.parametrize("key", ["", " ", "a b", "-a", "$Course", "x" * 65, "é", "a/b"])
def test_a_key_is_one_that_every_lms_keeps_as_it_is(key: str) -> None:
    with pytest.raises(ValidationError):
        Course(key=key, title="t")


def test_a_course_leads_to_a_web_address_or_nowhere() -> None:
    with pytest.raises(ValidationError):
        Course(key="k", title="t", url="javascript:alert(1)")
