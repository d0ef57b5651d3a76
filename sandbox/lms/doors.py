"""The launch kinds a visitor chooses from: which connection of the bridge each goes through."""

from __future__ import annotations

from typing import NamedTuple

from bridge.contracts import Kind


class Door(NamedTuple):
    """One way from the LMS into the bridge."""

    key: str
    """The word in the address of a launch."""
    title: str
    connection: str
    """The name of the bridge's connection."""
    kind: Kind


CANVAS, MOODLE, PACKAGES = "demo-canvas", "demo-moodle", "demo-packages"

DOORS = (
    Door("canvas-lti13", "Canvas, LTI 1.3", CANVAS, Kind.LTI13),
    Door("canvas-lti11", "Canvas, LTI 1.1", CANVAS, Kind.LTI11),
    Door("moodle-lti13", "Moodle, LTI 1.3", MOODLE, Kind.LTI13),
    Door("moodle-lti11", "Moodle, LTI 1.1", MOODLE, Kind.LTI11),
    Door("scorm12", "SCORM 1.2 package", PACKAGES, Kind.SCORM12),
    Door("scorm2004", "SCORM 2004 package", PACKAGES, Kind.SCORM2004),
    Door("aicc", "AICC course", PACKAGES, Kind.AICC),
    Door("cmi5", "cmi5 course", PACKAGES, Kind.CMI5),
)


def find_door(key: str) -> Door | None:
    """The door with `key`, or None where there is none."""
    return next((door for door in DOORS if door.key == key), None)
