"""The zip that an administrator drops into an LMS.

    title, connection, format -> manifest.py or aicc.py (what the LMS reads) + page.py (what the learner sees)
                              -> archive.py -> bytes

The same input gives the same bytes. Nothing in a package is secret: whoever can open the course can read all of it.
"""

from __future__ import annotations

from adapters.scorm.package import aicc, manifest, page
from adapters.scorm.package.archive import zip_files
from adapters.scorm.package.course import FORMATS, Course, Window

__all__ = ["FORMATS", "Window", "build_package"]


def build_package(
    *,
    format: str,  # noqa: A002  the word of `ottobridge package --format`
    connection: str,
    public_url: str,
    title: str,
    window: Window = "frame",
) -> bytes:
    """A zip of `format` (one of `FORMATS`) that launches `connection` of the bridge at `public_url`.

    `window` says where OttoLearn opens: in the course's own frame, or in a window of its own, for an OttoLearn that
    may not be framed. Raises ValueError, in words for the administrator, for a title or an address that will not do.
    """
    course = Course(format=format, connection=connection, public_url=public_url, title=title, window=window)
    if course.format == "aicc":
        return zip_files(aicc.course_files(course))
    return zip_files({"imsmanifest.xml": manifest.build_manifest(course), **page.page_files(course)})
