"""An AICC course of one assignable unit: .crs, .au, .des and .cst (CMI001, course structure level 1).

CRLF and quotes everywhere, because Moodle's import reads nothing else. The unit is the bridge's own address; an AICC
package holds no page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from adapters.scorm.package.course import Course

_UNIT = "A1"
PACKAGE_KEY = "ottobridge_package"
"""The LMS keeps `core_vendor` and gives it back to us in [Core_Vendor], server to server, never in an address."""


def course_files(course: Course) -> dict[str, bytes]:
    """The four files by their names, UTF-8 with CRLF."""
    return {
        "course.crs": _course(course),
        "course.au": _table(_assignable_unit(course)),
        "course.des": _table(
            [("system_id", "developer_id", "title", "description"), (_UNIT, course.identifier, course.title, "")]
        ),
        "course.cst": _table([("block", "member"), ("root", _UNIT)]),
    }


def _course(course: Course) -> bytes:
    lines = (
        "[Course]",
        "Course_Creator=OttoBridge",
        f"Course_ID={course.identifier}",
        "Course_System=HTML",
        f"Course_Title={course.title}",
        "Level=1",
        "Max_Fields_CST=2",
        "Max_Fields_ORT=0",
        "Total_AUs=1",
        "Total_Blocks=0",
        "Total_Complex_Objectives=0",
        "Total_Objectives=0",
        "Version=4.0",
        "[Course_Behavior]",
        "Max_Normal=99",
        "[Course_Description]",
        "Opens OttoLearn.",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


def _assignable_unit(course: Course) -> Sequence[Sequence[str]]:
    unit = {
        "system_id": _UNIT,
        "type": "Lesson",
        "command_line": "",
        "max_time_allowed": "",
        "time_limit_action": "",
        "file_name": course.launch_url("aicc"),
        "max_score": "100",
        "mastery_score": "",
        "system_vendor": "OttoBridge",
        "core_vendor": f"{PACKAGE_KEY}={course.token}" if course.token else "",
        "web_launch": "",
        "au_password": "",
    }
    return (tuple(unit), tuple(unit.values()))


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
