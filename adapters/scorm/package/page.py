"""The page inside a SCORM package: index.html filled in for a course, its scripts, texts and style."""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files
from string import Template

from adapters.scorm.package.course import Course
from bridge.presentation.brand import colour_rules, read_logo
from bridge.presentation.catalogue import catalogue, gettext_noop
from bridge.presentation.languages import ENGLISH, LANGUAGES, Language, choose

START = "index.html"
STYLE = "style.css"
NAME = "OttoLearn"
"""What stands above the page where the brand has no name and no logo."""
STARTING = gettext_noop("Starting your course …")
NO_SCRIPT = gettext_noop("This course needs JavaScript. Please allow it in your browser and open the course again.")
_TEXT = re.compile(r'gettext\(\s*("(?:[^"\\]|\\.)*")')
"""A text in launch.js."""
_TRANSLATED = [language for language in LANGUAGES.values() if language != ENGLISH]


def page_files(course: Course) -> dict[str, bytes]:
    """Every file of the page by its name in the package."""
    scripts = ["lms.js", "probe.js"] if course.probe else ["lms.js", "language.js", "launch.js"]
    made = {START: _fill(_read(START).decode(), course, scripts)}
    made |= {name: _read(name) for name in scripts}
    made[STYLE] = style_of(course)
    if not course.probe:  # it speaks to administrators, in English
        made |= {f"texts-{language.tag}.js": _texts(language) for language in _TRANSLATED}
    if course.brand.logo:
        logo = read_logo(course.brand.logo)
        made[logo.file_name] = logo.content
    return made


def file_names(course: Course) -> tuple[str, ...]:
    """What the page of `course` consists of."""
    return tuple(page_files(course))


def style_of(course: Course) -> bytes:
    """The style of all pages, with the colours of the brand."""
    style = files("bridge.presentation").joinpath("static", STYLE).read_text("utf-8")
    return (style + colour_rules(course.brand)).encode()


def _texts(language: Language) -> bytes:
    """The texts of launch.js in a language, as a script: a page that is played from a disk fetches nothing."""
    english = [json.loads(text) for text in _TEXT.findall(_read("launch.js").decode())]
    texts = {text: catalogue(language).gettext(text) for text in dict.fromkeys(english)}
    return f"window.OttoBridgeTexts = {json.dumps(texts, ensure_ascii=False, indent=0)};\n".encode()


def _read(name: str) -> bytes:
    return files("adapters.scorm.package").joinpath(name).read_bytes()


def _fill(template: str, course: Course, scripts: list[str]) -> bytes:
    language = ENGLISH if course.probe else choose([course.language])
    gettext = catalogue(language).gettext
    facts = {
        "title": course.title,
        "bridge": course.origin,
        "token": course.token,
        "language": course.language,
        "languages": " ".join(LANGUAGES),
        "tag": language.tag,
        "direction": language.direction,
        "starting": gettext(STARTING),
        "noscript": gettext(NO_SCRIPT),
        "launch_url": course.launch_url("scorm"),
        "scorm": "scorm12" if course.format == "scorm12" else "scorm2004",
        "window": course.window,
        # the bridge sends the learner on to OttoLearn; only a bridge that is tried out has plain http anywhere
        "frames": "https: http:" if course.public_url.startswith("http:") else "https:",
    }
    markup = {
        "scripts": "\n  ".join(f'<script src="{name}" defer></script>' for name in scripts),
        "brand": _brand(course),
    }
    return Template(template).substitute({name: escape(fact) for name, fact in facts.items()} | markup).encode()


def _brand(course: Course) -> str:
    brand = course.brand
    alternative = "" if brand.name else NAME
    logo = f'<img src="{read_logo(brand.logo).file_name}" alt="{alternative}">' if brand.logo else ""
    return logo if logo and not brand.name else f"{logo}<bdi>{escape(brand.name or NAME)}</bdi>"
