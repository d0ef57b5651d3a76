"""AICC HACP (CMI001 6.4, version 4): the group [Core] of what an LMS says to GetParam, and of what it is told.

Read leniently, because LMSs write it in many ways (letter case, blanks, line ends, comments, order), but never so
that a learner's own text becomes somebody's id: [Core_Lesson], lesson location and name come back from what learners
sent or typed, so a second [Core] or a second, different student_id is refused rather than preferred.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from bridge.contracts import Report
from bridge.errors import LaunchRejected

_LINE_END = re.compile(r"[\r\n]+")  # not splitlines(): it also splits at U+2028 and friends, inside a value
_GROUP = re.compile(r"\[([^\[\]]*)\]")  # no \s* around the name: a learner's row of blanks would take hours
_ENCODED = re.compile(r"(?P<head>[^\[]*?)(?P<key>(?:^|[\r\n&])aicc_data=)(?P<data>%5B[^\r\n&]*)", re.IGNORECASE)
"""Everything before the first group, and the data where they are percent-encoded as in a form."""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class Core(NamedTuple):
    """Who the session belongs to, as the LMS wrote it."""

    student_id: str
    student_name: str
    package_token: str = ""
    """What our package put into [Core_Vendor], where the LMS passes that on."""
    language: str = ""
    """What the learner reads, by [Student_Preferences]; some LMSs write a tag, others a name."""


class _Pair(NamedTuple):
    group: str
    """In lower case; empty before the first group."""
    key: str
    """In lower case."""
    value: str


def read_core(text: str, package_key: str = "") -> Core:
    """The learner of an answer to GetParam, and the token under `package_key` in [Core_Vendor].

    Raises LaunchRejected `aicc_login_page`, `aicc_answer_unreadable` or `aicc_session_unknown`; an empty student ID
    is returned as it is.
    """
    pairs = read_success(text)
    if sum(pair == _Pair("core", "", "") for pair in pairs) != 1:
        raise LaunchRejected("aicc_answer_unreadable", "the answer does not hold exactly one [Core]")
    ids = {pair.value for pair in pairs if pair.group == "core" and pair.key == "student_id"}
    names = [pair.value for pair in pairs if pair.group == "core" and pair.key == "student_name"]
    if len(ids) > 1:
        raise LaunchRejected("aicc_answer_unreadable", "the answer holds two student IDs")
    tokens = [pair.value for pair in pairs if package_key and pair[:2] == ("core_vendor", package_key)]
    name = _ENTITY.sub(lambda found: html.unescape(found[0]), names[0]) if names else ""
    languages = [pair.value for pair in pairs if pair[:2] == ("student_preferences", "language")]
    return Core("".join(ids), name, tokens[0] if tokens else "", "".join(languages[:1]))


def read_success(text: str) -> Sequence[_Pair]:
    """What an answer holds. Raises LaunchRejected unless it says `error=0`."""
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        raise LaunchRejected("aicc_login_page", "the LMS answered with a web page, not with AICC data")
    pairs = tuple(_read_pairs(_unwrapped(text)))
    _refuse_error({pair.key: pair.value for pair in pairs if not pair.group})
    return pairs


def write_core(report: Report) -> str:
    """The `aicc_data` of PutParam: [Core] with all its keywords, CRLF after each line.

    Whole numbers only, and a status that is never empty: Skillport keeps neither fractions nor blanks. LMSs add
    the time up, so it is what they do not have yet. No line break before [Core], which may wipe what is stored.
    """
    percent = 100 if report.mastered else int(report.progress * 100)
    minutes, seconds = divmod(max(report.new_seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    status = "passed" if report.mastered else "incomplete"
    lines = (
        "[Core]",
        "Lesson_Location=",
        f"Lesson_Status={status}",
        f"Score={percent},100,0",
        f"Time={min(hours, 9999):02d}:{minutes:02d}:{seconds:02d}",
    )
    return "".join(f"{line}\r\n" for line in lines)


def _unwrapped(text: str) -> str:
    """The answer without the percent-encoding that some LMSs put around `aicc_data`, or around the whole answer.

    Once, and before the first group: what a learner wrote inside the data is not decoded again.
    """
    found = _ENCODED.match(text)
    if found is None:
        return text
    data = found["data"]
    plain = unquote(data) if "%20" in data else unquote_plus(data)
    head = found["head"].replace("&", "\n") if "&" in found["key"] else found["head"]
    return f"{head}\naicc_data={plain}{text[found.end() :]}"


def _read_pairs(text: str) -> Iterator[_Pair]:
    """Every `key=value` with its group; a group itself is a pair without key and value.

    Comments (`;`) come out as keys that nobody asks for.
    """
    group = ""
    for line in _LINE_END.split(text):
        key, _, value = (part.strip() for part in line.partition("="))
        if key.lower() == "aicc_data":  # the data may begin on this very line
            key, value = value, ""
        if found := _GROUP.match(key):
            group = found[1].strip().lower()
            yield _Pair(group, "", "")
        elif key:
            yield _Pair(group, key.lower(), value)


def _refuse_error(head: Mapping[str, str]) -> None:
    """`error=0` alone is success; Moodle says 101 for a session that has ended."""
    error = head.get("error", "")
    if not error:
        raise LaunchRejected("aicc_answer_unreadable", "the answer holds no `error=` line")
    if error != "0":
        raise LaunchRejected("aicc_session_unknown", f"the LMS answered error={error[:20]!r}")
