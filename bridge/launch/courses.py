"""The configured courses of OttoLearn: a teacher picks one by deep linking, and a launch names one."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from bridge.config.settings import Frozen, WebAddress


class Course(Frozen):
    """One entry of `courses:`."""

    key: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """The identifier that links in the LMS carry."""
    title: str = Field(min_length=1, max_length=255)
    url: WebAddress | None = None
    """Where in OttoLearn the course is."""


def course_with(key: str, courses: Iterable[Course]) -> Course | None:
    """The course of this key, or None: a link may be older than the configuration."""
    return next((course for course in courses if course.key == key), None)


def each_key_once(courses: tuple[Course, ...]) -> tuple[Course, ...]:
    """`courses`; ValueError where two have the same key."""
    keys = [course.key for course in courses]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"allowed: each key once; twice there: {', '.join(twice)}")
    return courses
