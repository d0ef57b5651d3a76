"""imsmanifest.xml: one organization, one item, one SCO (SCORM 1.2 CAM 2.3; SCORM 2004 CAM 3.4).

No schemas and no schemaLocation: LMSs bring their own, and the IMS files may not be passed on without registration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

from adapters.scorm.package.course import Course
from adapters.scorm.package.page import START, file_names

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


@dataclass(frozen=True)
class _Edition:
    schema_version: str
    imscp: str
    adlcp: str
    sco: str
    """The attribute that marks a SCO; 1.2 writes it in lower case."""
    imsss: str = ""
    """Sequencing; SCORM 1.2 has none."""


_EDITIONS = {
    "scorm12": _Edition(
        schema_version="1.2",
        imscp="http://www.imsproject.org/xsd/imscp_rootv1p1p2",
        adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2",
        sco="scormtype",
    ),
    "scorm2004-3": _Edition(
        schema_version="2004 3rd Edition",
        imscp="http://www.imsglobal.org/xsd/imscp_v1p1",
        adlcp="http://www.adlnet.org/xsd/adlcp_v1p3",
        sco="scormType",
        imsss="http://www.imsglobal.org/xsd/imsss",
    ),
    "scorm2004-4": _Edition(
        schema_version="2004 4th Edition",
        imscp="http://www.imsglobal.org/xsd/imscp_v1p1",
        adlcp="http://www.adlnet.org/xsd/adlcp_v1p3",
        sco="scormType",
        imsss="http://www.imsglobal.org/xsd/imsss",
    ),
}


def build_manifest(course: Course) -> bytes:
    """The manifest of one of the SCORM formats, UTF-8."""
    edition = _EDITIONS[course.format]
    prefixes: dict[Any, str] = {None: edition.imscp, "adlcp": edition.adlcp}  # lxml-stubs forget the default namespace
    if edition.imsss:
        prefixes["imsss"] = edition.imsss
    root = etree.Element(
        f"{{{edition.imscp}}}manifest", {"identifier": course.identifier, "version": "1.0"}, nsmap=prefixes
    )
    _add_metadata(root, edition)
    _add_organization(root, edition, course.title)
    _add_resource(root, edition, file_names(course))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(
    parent: Element, namespace: str, tag: str, attributes: dict[str, str] | None = None, text: str = ""
) -> Element:
    child = etree.SubElement(parent, f"{{{namespace}}}{tag}", attributes or {})
    child.text = text or None
    return child


def _add_metadata(root: Element, edition: _Edition) -> None:
    metadata = _add(root, edition.imscp, "metadata")
    _add(metadata, edition.imscp, "schema", text="ADL SCORM")
    _add(metadata, edition.imscp, "schemaversion", text=edition.schema_version)


def _add_organization(root: Element, edition: _Edition, title: str) -> None:
    organizations = _add(root, edition.imscp, "organizations", {"default": "organization"})
    organization = _add(organizations, edition.imscp, "organization", {"identifier": "organization"})
    _add(organization, edition.imscp, "title", text=title)
    item = _add(organization, edition.imscp, "item", {"identifier": "item", "identifierref": "resource"})
    _add(item, edition.imscp, "title", text=title)
    if edition.imsss:
        _add_sequencing(item, organization, edition.imsss)


def _add_sequencing(item: Element, organization: Element, imsss: str) -> None:
    """The item sets its own completion: otherwise the LMS completes what a SCO leaves unsaid (SN 4.7)."""
    of_item = _add(item, imsss, "sequencing")
    _add(of_item, imsss, "deliveryControls", {"completionSetByContent": "true", "objectiveSetByContent": "true"})
    of_organization = _add(organization, imsss, "sequencing")
    _add(of_organization, imsss, "controlMode", {"choice": "true", "flow": "true"})


def _add_resource(root: Element, edition: _Edition, names: Sequence[str]) -> None:
    resources = _add(root, edition.imscp, "resources")
    attributes = {
        "identifier": "resource",
        "type": "webcontent",
        "href": START,
        f"{{{edition.adlcp}}}{edition.sco}": "sco",
    }
    resource = _add(resources, edition.imscp, "resource", attributes)
    for name in names:
        _add(resource, edition.imscp, "file", {"href": name})
