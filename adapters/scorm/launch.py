"""SCORM 1.2 and 2004: what the page inside a package posts -> Launch.

The learner's own browser speaks here. The bridge has checked by then which package it is and which site it was played
on (bridge/packages/origin.py); nothing can prove the student ID, and the launch says so: `Assurance.ASSERTED`.

How ID and name become a Student is the same for AICC and cmi5. SCORM 1.2 (RTE 3.4.4) and AICC ask for "Last, First";
SCORM 2004 asks for no order, and Moodle sends "First Last" over SCORM unless told otherwise. So only a comma splits a
name; without one nobody can tell the parts apart. It is for display only.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import msgspec

from adapters.scorm.settings import Settings
from bridge.config.settings import origin
from bridge.contracts import Assurance, Kind, Launch, LaunchRequest, Student, clean
from bridge.errors import LaunchRejected
from bridge.identifiers import require

MAX_BODY = 16 * 1024
"""Bytes. A page posts an id, a name and an address."""
MAX_URL = 2000
MAX_NAME = 255
"""Characters of a whole name that are kept: CMIString255 of SCORM 1.2."""

_LANGUAGE = re.compile(r"\{lang=[^{}]*\}", re.IGNORECASE)  # SCORM 2004 RTE 4.1.1.6: {lang=fr-CA}Ève
_PLACEHOLDERS = frozenset({"-", "--", ".", "_", "–", "—"})  # what people type where an LMS demands a last name
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


class Name(NamedTuple):
    """Either part may be empty; both are NFC and single-spaced."""

    first: str
    last: str


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


def read_student(student_id: str, name: str) -> Student:
    """The common tuple.

    Raises LaunchRejected `student_id_missing` or `student_id_unusable`; a missing name stops nobody.
    """
    first, last = read_name(name)
    return Student(require(student_id, "the LMS's student ID"), first, last)


def read_name(text: object) -> Name:
    """First and last name of what an LMS calls the learner; never raises, whatever `text` is.

    "Last, First" is split at the last comma ("King, Jr., Martin" -> Martin / King, Jr.), but a closing suffix stays
    with the first name ("King, Martin, Jr." -> Martin, Jr. / King). A name that cannot be split is all first name.
    """
    whole = clean(text)
    marked = _LANGUAGE.match(whole)
    whole = whole[marked.end() if marked else 0 :][:MAX_NAME]
    last, comma, first = whole.rpartition(",")
    if _is_suffix(first):
        last, comma, first = whole.partition(",")
        if _is_suffix(first):
            return Name(_tidy(whole), "")
    return Name(_tidy(first), _tidy(last)) if comma else Name(_tidy(whole), "")


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


def _tidy(part: str) -> str:
    """Single blanks, and no word that only stands in for a name."""
    return " ".join(word for word in part.split() if word not in _PLACEHOLDERS)


def _is_suffix(part: str) -> bool:
    return part.strip(" .").lower() in _SUFFIXES
