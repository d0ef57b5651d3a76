"""The zip that an administrator drops into an LMS.

    title, connection, format -> manifest.py, aicc.py or cmi5.py (what the LMS reads) + page.py (what the learner sees)
                              -> archive.py -> bytes

The same input gives the same bytes. Nothing in a package is secret from those who can open the course: its token says
which package it is, and not who the learner is.
"""

from __future__ import annotations

from adapters.scorm.package import aicc, cmi5, manifest, page
from adapters.scorm.package.archive import zip_files
from adapters.scorm.package.course import FORMATS, Course, Window
from bridge.presentation.brand import NO_BRAND, Brand

__all__ = ["FORMATS", "Window", "build_package"]


def build_package(
    *,
    format: str,  # noqa: A002  the word of `ottobridge package --format`
    connection: str,
    public_url: str,
    title: str,
    window: Window = "frame",
    token: str = "",
    language: str = "",
    brand: Brand | None = None,
    probe: bool = False,
) -> bytes:
    """A zip of `format` (one of `FORMATS`) that launches `connection` of the bridge at `public_url`.

    `window` says where OttoLearn opens: in the course's own frame, or in a window of its own, for an OttoLearn that
    may not be framed. `token` is the one under which the package was registered. `language` is the title's, and the
    page's where the LMS says none. A `probe` shows what the LMS passes and launches nothing. Raises ValueError, in
    words for the administrator, for a title or an address that will not do.
    """
    course = Course(
        format=format,
        connection=connection,
        public_url=public_url,
        title=title,
        window=window,
        token=token,
        language=language,
        brand=brand or NO_BRAND,
        probe=probe,
    )
    if course.format == "aicc":
        return zip_files(aicc.course_files(course))
    if course.format == "cmi5":
        return zip_files({"cmi5.xml": cmi5.build_structure(course)})
    return zip_files({"imsmanifest.xml": manifest.build_manifest(course), **page.page_files(course)})
