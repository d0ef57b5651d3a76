"""cmi5.xml: a course of one assignable unit (cmi5 13.1, course structure).

The unit is the bridge's own address; the token travels as `entitlementKey`, which the LMS hands to us in LMS.LaunchData
and to nobody else (cmi5 10.2.4). A learner has moved on when OttoLearn says mastered: completed and passed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from adapters.scorm.package.course import Course

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

NAMESPACE = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"


def build_structure(course: Course) -> bytes:
    """The course structure, UTF-8."""
    prefixes: dict[Any, str] = {None: NAMESPACE}  # lxml-stubs forget the default namespace
    root = etree.Element(f"{{{NAMESPACE}}}courseStructure", nsmap=prefixes)
    about = _add(root, "course", {"id": f"{course.public_url}/cmi5/{course.identifier}"})
    _describe(about, course)
    unit = _add(
        root,
        "au",
        {
            "id": f"{course.public_url}/cmi5/{course.identifier}/unit",
            "moveOn": "CompletedAndPassed",
            "launchMethod": "AnyWindow" if course.window == "frame" else "OwnWindow",
        },
    )
    _describe(unit, course)
    _add(unit, "url", text=course.launch_url("cmi5"))
    if course.token:
        _add(unit, "entitlementKey", text=course.token)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _describe(parent: Element, course: Course) -> None:
    for tag, text in (("title", course.title), ("description", "Opens OttoLearn.")):
        language = (course.language if tag == "title" else "") or "en"
        _add(_add(parent, tag), "langstring", {"lang": language}, text)


def _add(parent: Element, tag: str, attributes: dict[str, str] | None = None, text: str = "") -> Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes or {})
    child.text = text or None
    return child
