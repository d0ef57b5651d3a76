"""What every LTI launch carries under the same name, whichever LMS sent it: names, roles, the way back."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.contracts import Kind, Launch, SignedClaims, SignedForm
from bridge.lti.grades import SCORE_SCOPE
from bridge.lti.student import NamedId, present, read_student, web_address
from bridge.lti.v11 import roles
from bridge.lti.v13 import CLAIM

LONGEST_LOCALE = 35
"""Characters: RFC 5646, section 4.4.1."""
_PLAIN = {"sub", "email", "name", "given_name", "family_name", "preferred_username"}
"""Claims of OpenID Connect; every other name is one of LTI's."""
ENDPOINT = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"


def claim(claims: SignedClaims, name: str, member: str = "") -> object:
    """The claim `name`, or a member of it, or None. LTI's own claims are named without their prefix."""
    value = claims.get(name if name in _PLAIN else f"{CLAIM}{name}")
    if member:
        return value.get(member) if isinstance(value, dict) else None
    return value


def locale_of_claims(claims: SignedClaims) -> str:
    """The language that the person reads: of this page's frame (LTI core 1.3, section 5.4.7), else the person's own
    (OpenID Connect Core 1.0, section 5.1)."""
    return _locale(claim(claims, "launch_presentation", "locale")) or _locale(claims.get("locale"))


def locale_of_form(form: SignedForm) -> str:
    """The same in an LTI 1.1 form."""
    return _locale(form.get("launch_presentation_locale"))


def _locale(value: object) -> str:
    text = present(value)
    return text if len(text) <= LONGEST_LOCALE else ""


def launch_of_claims(claims: SignedClaims, named: NamedId) -> Launch:
    """The launch in an id_token, once the adapter has said which student ID it carries."""
    return Launch(
        read_student(named.student_id, claims.get("given_name"), claims.get("family_name"), claims.get("name")),
        Kind.LTI13,
        named.assurance,
        other_case=named.other_case,
        return_url=web_address(claim(claims, "launch_presentation", "return_url")),
        record=present(claims.get("sub")),
        roles=tuple(claims[f"{CLAIM}roles"]),
        course=present(claim(claims, "custom", "course")),
        locale=locale_of_claims(claims),
        channel=channel_of_claims(claims),
    )


def launch_of_form(form: SignedForm, named: NamedId) -> Launch:
    """The launch in an LTI 1.1 form, once the adapter has said which student ID it carries."""
    names = (form.get(f"lis_person_name_{part}") for part in ("given", "family", "full"))
    return Launch(
        read_student(named.student_id, *names),
        Kind.LTI11,
        named.assurance,
        other_case=named.other_case,
        return_url=web_address(form.get("launch_presentation_return_url")),
        record=present(form.get("user_id")),
        roles=roles(form),
        course=present(form.get("custom_course")),
        locale=locale_of_form(form),
        channel=channel_of_form(form),
    )


def is_test_user(roles: Iterable[str]) -> bool:
    """Whether the platform says that this is nobody but its own test user (LTI core 1.3, appendix A.2.1.1)."""
    return _TEST_USER in roles


def channel_of_claims(claims: SignedClaims) -> dict[str, str]:
    """How this platform takes a score for this learner and link; empty where it does not (AGS 3.1)."""
    endpoint = claims.get(ENDPOINT)
    if not isinstance(endpoint, dict) or SCORE_SCOPE not in (endpoint.get("scope") or ()):
        return {}
    line, user = endpoint.get("lineitem"), claims.get("sub")
    return {"lineitem": line, "user": user} if isinstance(line, str) and isinstance(user, str) else {}


def channel_of_form(form: SignedForm) -> dict[str, str]:
    """The same for LTI 1.1 (Basic Outcomes, section 6)."""
    url, source = form.get("lis_outcome_service_url", ""), form.get("lis_result_sourcedid", "")
    return {"outcomes": url, "sourcedid": source} if url and source else {}
