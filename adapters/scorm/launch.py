"""SCORM 1.2 and 2004: what the page inside a package posts -> Launch.

The learner's own browser speaks here. The bridge has checked by then which package it is and which site it was played
on (bridge/packages/origin.py); nothing can prove the student ID, and the launch says so: `Assurance.ASSERTED`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from adapters.scorm.settings import Settings
from adapters.scorm.student import read_student
from bridge.config.settings import origin
from bridge.contracts import Assurance, Kind, Launch, LaunchRequest
from bridge.errors import LaunchRejected

MAX_BODY = 16 * 1024
"""Bytes. A page posts an id, a name and an address."""
MAX_URL = 2000


class _Posted(msgspec.Struct, frozen=True):
    """The body, by adapters/scorm/package/launch.js; fields of later packages are ignored."""

    version: Literal["scorm12", "scorm2004"]
    learner_id: str
    learner_name: str = ""
    return_url: str = ""


def read_page(request: LaunchRequest, settings: Settings) -> Launch:
    """Read one posted launch.

    Raises LaunchRejected `too_large`, `malformed` or `student_id_missing`.
    """
    del settings  # a package sees only one id
    if len(request.body) > MAX_BODY:
        raise LaunchRejected("too_large", f"the body is larger than {MAX_BODY} bytes")
    posted = _read_body(request.body)
    return Launch(
        student=read_student(posted.learner_id, posted.learner_name),
        kind=Kind(posted.version),
        assurance=Assurance.ASSERTED,
        return_url=_way_back(posted.return_url, request.headers.get("origin", "")),
    )


def _read_body(body: bytes) -> _Posted:
    try:
        return msgspec.json.decode(body, type=_Posted)
    except (ValueError, RecursionError) as error:
        raise LaunchRejected("malformed", "the body is not the JSON of a package's page") from error


def _way_back(url: str, sender: str) -> str:
    """`url` where it leads back to the site that sent the launch, else nothing: no link to anywhere else."""
    try:
        leads_back = len(url) <= MAX_URL and url.isprintable() and "\\" not in url and origin(url) == sender
    except ValueError:
        return ""
    return url if leads_back else ""
