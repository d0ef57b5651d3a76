"""From what a platform says to a `Student` and their `Launch`: what counts as absent, which names are names, and what
every LTI launch carries under the same name, whichever LMS sent it.

The rules live here once; an adapter only says which field is the student ID.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bridge.config.settings import split_plainly
from bridge.contracts import Assurance, Kind, Launch, SignedClaims, SignedForm, Student, clean
from bridge.errors import LaunchRejected
from bridge.identifiers import NO_ID, UNDECODED, is_no_id, lower_ascii, normalize, require
from bridge.lti.grades import SCORE_SCOPE

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
"""What the names of LTI's own claims begin with."""
LONGEST_NAME = 255
_PLACEHOLDERS = {"", "-", "."}  # Moodle demands a last name, so people with one name carry these
LONGEST_LOCALE = 35
"""Characters: RFC 5646, section 4.4.1."""
_PLAIN = {"sub", "email", "name", "given_name", "family_name", "preferred_username"}
"""Claims of OpenID Connect; every other name is one of LTI's."""
ENDPOINT = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


def present(value: object) -> str:
    """The value as text, or empty where it says that there is none (`bridge.identifiers.is_no_id`)."""
    if value is None:
        return ""
    if isinstance(value, str) and value.isascii() and value.isalnum():  # most IDs and names
        return "" if value.lower() in NO_ID else value
    text = normalize(value)
    return "" if is_no_id(text) else text


class NamedId(NamedTuple):
    """A student ID as a signed launch carries it, and what it is worth by who can write the fields it stands in."""

    student_id: str
    assurance: Assurance
    other_case: str = ""
    """The ID as another field has it, where that differs in ASCII letter case alone: often somebody else."""


def read_id(platform: Sequence[object], author: Sequence[object], field: str) -> NamedId:
    """The student ID that a launch carries. `field` is the setting's value, for the operator.

    `platform`: values of fields that the platform alone fills. `author`: values of fields that whoever edits a course
    can write too, such as the custom fields of a link. An ID that stands only there may be anybody's choice.
    Raises LaunchRejected `student_id_missing`, `student_id_unusable`, and `identity_contradiction` where two fields
    name two people.
    """
    sure = [*filter(None, map(present, platform))]
    said = [*sure, *filter(None, map(present, author))]
    if not said:
        raise LaunchRejected("student_id_missing", f"the launch carries no {field}")
    found = require(said[0], field)
    other_case = ""
    for text in said:
        if text != found:
            if lower_ascii(text) != lower_ascii(found):
                raise LaunchRejected("identity_contradiction", f"the fields for {field} hold different student IDs")
            other_case = other_case or text
    return NamedId(found, Assurance.SIGNED if sure else Assurance.CLAIMED, other_case)


def read_student(student_id: str, given: object, family: object, full: object) -> Student:
    """The tuple. A missing name never stops a launch."""
    first, last = _name(given), _name(family)
    if not first and not last:
        first, last = split_full_name(_name(full))
    return Student(student_id, first[:LONGEST_NAME], last[:LONGEST_NAME])


def split_full_name(full: str) -> tuple[str, str]:
    """First and last name of a full name: "Last, First", else the last word is the last name."""
    last, comma, first = full.partition(",")
    if comma:
        return _name(first), _name(last)
    first, _, last = full.rpartition(" ")
    return (_name(first), _name(last)) if first else (last, "")


def web_address(value: object) -> str:
    """`value` where it is an http or https address a browser may be sent to, else empty."""
    text = present(value)
    try:
        parts = split_plainly(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.hostname else ""


def claim(claims: SignedClaims, name: str, member: str = "") -> object:
    """The claim `name`, or a member of it, or None. LTI's own claims are named without their prefix."""
    value = claims.get(name if name in _PLAIN else f"{CLAIM}{name}")
    if member:
        return value.get(member) if isinstance(value, dict) else None
    return value


def custom_fields(claims: SignedClaims) -> Mapping[str, object]:
    """The custom fields of the link; empty where there are none."""
    value = claims.get(f"{CLAIM}custom")
    return value if isinstance(value, dict) else {}


def locale_of_claims(claims: SignedClaims) -> str:
    """The language that the person reads: of this page's frame (LTI core 1.3, section 5.4.7), else the person's own
    (OpenID Connect Core 1.0, section 5.1)."""
    return _locale(claim(claims, "launch_presentation", "locale")) or _locale(claims.get("locale"))


def locale_of_form(form: SignedForm) -> str:
    """The same in an LTI 1.1 form."""
    return _locale(form.get("launch_presentation_locale"))


def launch_of_claims(
    claims: SignedClaims, named: NamedId, *, student: Student | None = None, remark: str = ""
) -> Launch:
    """The launch in an id_token, once the adapter has said which student ID it carries; `student`: whom it names, where
    the LMS names people in a way of its own.
    """
    return Launch(
        student or read_student(named.student_id, *map(claims.get, ("given_name", "family_name", "name"))),
        Kind.LTI13,
        named.assurance,
        other_case=named.other_case,
        return_url=web_address(claim(claims, "launch_presentation", "return_url")),
        record=present(claims.get("sub")),
        roles=tuple(claims[f"{CLAIM}roles"]),
        course=present(custom_fields(claims).get("course")),
        remark=remark,
        locale=locale_of_claims(claims),
        channel=channel_of_claims(claims),
    )


def launch_of_form(form: SignedForm, named: NamedId, *, student: Student | None = None, remark: str = "") -> Launch:
    """The same of an LTI 1.1 form."""
    names = (form.get(f"lis_person_name_{part}") for part in ("given", "family", "full"))
    return Launch(
        student or read_student(named.student_id, *names),
        Kind.LTI11,
        named.assurance,
        other_case=named.other_case,
        return_url=web_address(form.get("launch_presentation_return_url")),
        record=present(form.get("user_id")),
        roles=roles(form),
        course=present(form.get("custom_course")),
        remark=remark,
        locale=locale_of_form(form),
        channel=channel_of_form(form),
    )


def roles(form: SignedForm) -> tuple[str, ...]:
    """The roles that a form names, with commas between them (LTI 1.1, section 3)."""
    return tuple(role for role in (part.strip() for part in form.get("roles", "").split(",")) if role)


def is_test_user(roles: Iterable[str]) -> bool:
    """Whether the platform says that this is nobody but its own test user (LTI core 1.3, appendix A.2.1.1)."""
    return _TEST_USER in roles


def channel_of_claims(claims: SignedClaims) -> dict[str, str]:
    """How this platform takes a score for this learner and link; empty where it does not (AGS 3.1)."""
    endpoint = claims.get(ENDPOINT)
    if not isinstance(endpoint, dict):
        return {}
    scopes = endpoint.get("scope")
    if not isinstance(scopes, list | str) or SCORE_SCOPE not in scopes:
        return {}
    line, user = endpoint.get("lineitem"), claims.get("sub")
    return {"lineitem": line, "user": user} if isinstance(line, str) and isinstance(user, str) else {}


def channel_of_form(form: SignedForm) -> dict[str, str]:
    """The same for LTI 1.1 (Basic Outcomes, section 6)."""
    url, source = form.get("lis_outcome_service_url", ""), form.get("lis_result_sourcedid", "")
    return {"outcomes": url, "sourcedid": source} if url and source else {}


def _locale(value: object) -> str:
    text = present(value)
    return text if len(text) <= LONGEST_LOCALE else ""


def _name(value: object) -> str:
    if isinstance(value, str) and value.isprintable():  # most names, and rosters hold millions
        if value.isascii() and value.isalnum():
            return value
        plain = unicodedata.normalize("NFC", value)
        spaced = "  " in plain or plain[:1] in {"", " ", "$"} or plain[-1] == " "
        if not spaced and plain not in _PLACEHOLDERS and UNDECODED not in plain:
            return plain
    text = " ".join(clean(value).split())
    return "" if text in _PLACEHOLDERS or text.startswith("$") or UNDECODED in text else text
