"""The page inside a SCORM package: index.html filled in for a course, scripts and style as they are."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

from adapters.scorm.package.course import Course

START = "index.html"


def file_names(course: Course) -> tuple[str, ...]:
    """What the page of `course` consists of."""
    return (START, "lms.js", script_of(course), "style.css")


def script_of(course: Course) -> str:
    """The script that begins when the page is there."""
    return "probe.js" if course.probe else "launch.js"


def page_files(course: Course) -> dict[str, bytes]:
    """Every file of the page by its name in the package."""
    return {name: _read(name) for name in file_names(course)} | {START: _fill(_read(START).decode(), course)}


def _read(name: str) -> bytes:
    return files("adapters.scorm.package").joinpath(name).read_bytes()


def _fill(template: str, course: Course) -> bytes:
    facts = {
        "title": course.title,
        "bridge": course.origin,
        "script": script_of(course),
        "token": course.token,
        "language": course.language,
        "launch_url": course.launch_url("scorm"),
        "scorm": "scorm12" if course.format == "scorm12" else "scorm2004",
        "window": course.window,
        # the bridge sends the learner on to OttoLearn; only a bridge that is tried out has plain http anywhere
        "frames": "https: http:" if course.public_url.startswith("http:") else "https:",
    }
    return Template(template).substitute({name: escape(fact) for name, fact in facts.items()}).encode()
