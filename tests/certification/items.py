"""The items of the public certification lists, and what the bridge answers to each.

Sources: 1EdTech's LTI Advantage certification guide, section 6 (LTI 1.3 core), and the numbered list of the LTI 1.1
tool certification as its implementers kept it.
The payloads are ours, shaped as the lists describe them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.fakes.lti_platform import CLIENT, FORM, NOW

LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
STRANGE = "http://purl.imsglobal.org/vocab/lis/v2/uknownrole/unknown#Helper"
BEYOND_A_LINK = (
    *("name", "given_name", "family_name", "email"),
    *("context", "tool_platform", "lis", "custom", "launch_presentation"),
)
NO_NAMES = {"name": None, "given_name": None, "family_name": None}

ENTERS = "matched"


class Item(NamedTuple):
    """One item: what is sent, and what must come of it: `matched`, or the reason of the refusal."""

    number: str
    asks: str
    outcome: str
    claims: dict[str, Any] = {}  # noqa: RUF012 -- never changed
    header: dict[str, Any] = {}  # noqa: RUF012
    payload: Any = None
    """Sent instead of claims."""
    connection: str = "campus"
    again: bool = False
    """Whether the same launch has let its learner in a moment ago."""


KNOWN_BAD = [
    Item("1A.1", "no `kid` in the JWT header", "token_malformed", header={"kid": None}),
    Item("1A.2", "a wrong `kid`", "key_unknown", header={"kid": "imstester_66067"}),
    Item("1A.3", "a wrong LTI version", "wrong_version", {"version": "11.3"}),
    Item("1A.4", "no LTI version", "wrong_version", {"version": None}),
    Item("1A.5", "not an LTI message", "wrong_issuer", payload={"name": "badltilaunch"}),
    Item(
        "1A.6",
        "several required claims missing at once",
        "wrong_issuer",
        {"aud": None, "iss": None, "sub": None, "deployment_id": None, "roles": None},
    ),
    Item("1A.7", "bad timestamps", "expired", {"iat": 11111, "exp": 22222}),
    Item("1A.8", "no `message_type`", "wrong_message", {"message_type": None}),
    Item("1A.9", "no `roles`", "claim_missing", {"roles": None}),
    Item("1A.10", "no `deployment_id`", "deployment_unknown", {"deployment_id": None}),
    Item("1A.11", "no `resource_link.id`", "claim_missing", {"resource_link": {"title": "Quiz"}}),
    Item("1A.12", "no `sub`", "anonymous", {"sub": None}),
]


def _valid(first: int, section: str, role: str, unknown: tuple[str, list[str]], nothing: list[str]) -> list[Item]:
    """The nine valid launches of a teacher or a student; who is nameless enters all the same."""
    asks = [
        ("full data", {"roles": [role]}),
        ("several roles, unknown ones among them", {"roles": [role, STRANGE, f"{role}#Sub"]}),
        ("the short role", {"roles": [role.partition("#")[2]]}),
        (unknown[0], {"roles": unknown[1]}),
        ("no role", {"roles": nothing}),
        ("only an e-mail address, no name", {"roles": [role], **NO_NAMES}),
        ("only names, no e-mail address", {"roles": [role], "email": None}),
        ("no personal data at all", {"roles": [role], "email": None, **NO_NAMES}),
        ("only an e-mail address, and no context", {"roles": [role], **NO_NAMES, "context": None}),
    ]
    return [Item(f"{section}.{first + at}", words, ENTERS, sent) for at, (words, sent) in enumerate(asks)]


VALID_INSTRUCTOR = _valid(13, "1B", INSTRUCTOR, ("an unknown role", [STRANGE]), [])
VALID_LEARNER = [
    *_valid(22, "1C", LEARNER, ("an unknown role beside the known one", [STRANGE, LEARNER]), [""]),
    Item(
        "1C.31",
        "a learner with nothing but a subject and a resource link (`student_id: user_id`)",
        ENTERS,
        {"sub": "S000101", **dict.fromkeys(BEYOND_A_LINK)},
        connection="by-subject",
    ),
]
GAPS = [
    Item("1H.1", "a token without `exp`", "time_missing", {"exp": None}),
    Item("1H.2", "a token without `iat`", "time_missing", {"iat": None}),
    Item("1H.3", "`iat` of the day before", "expired", {"iat": int(NOW) - 86400, "exp": int(NOW) + 60}),
    Item("1H.4", "no `target_link_uri`", "wrong_target", {"target_link_uri": None}),
    Item("1H.5", "an untrusted second audience", "wrong_audience", {"aud": [CLIENT, "https://untrusted.example"]}),
    Item("1H.6", "`azp` of another client", "wrong_audience", {"azp": "another-client"}),
    Item("1H.7", "the id_token and state of a launch that was let in before", "replayed", again=True),
    Item(
        "1H.8",
        "a second audience beside us, and us as `azp`",
        "wrong_audience",
        {"aud": ["https://untrusted.example", CLIENT], "azp": CLIENT},
    ),
]
CORE = [*KNOWN_BAD, *VALID_INSTRUCTOR, *VALID_LEARNER, *GAPS]


class Held(NamedTuple):
    """One item of a service, and the test that holds it: it is no single launch."""

    number: str
    asks: str
    test: str
    """`file::test`, below tests/."""


_ANSWER, _MEMBERS = "bridge/web/test_deep_linking.py", "bridge/lti/test_nrps.py"
_COURSES, _ROSTER = "bridge/web/test_courses.py", "adapters/lti/test_roster.py"
SERVICES = [
    Held("1D.32", "a deep linking request is received", f"{_ANSWER}::test_32_a_teacher_is_shown_the_courses"),
    Held(
        "1D.33, 34",
        "the answer arrives, and is a deep linking response",
        f"{_ANSWER}::test_33_34_the_choice_goes_back_to_the_lms_as_a_response",
    ),
    Held("1D.35", "its `iat` and `exp` hold", f"{_ANSWER}::test_35_the_response_is_fresh"),
    Held(
        "1D.36, 37",
        "its signature holds by our published keys; every required claim; `data` unchanged",
        f"{_ANSWER}::test_36_37_the_response_is_signed_by_a_published_key_and_complete",
    ),
    Held(
        "1D.38",
        "the link is what was picked",
        f"{_ANSWER}::test_38_the_link_is_to_the_course_that_was_picked",
    ),
    Held(
        "1E.39",
        "a launch names the member list",
        f"{_COURSES}::test_a_launch_leaves_its_course_behind",
    ),
    Held("1E.40", "the members are asked for, page by page", f"{_MEMBERS}::test_every_page_is_read"),
    Held("1E.41", "in their own media type", f"{_MEMBERS}::test_members_are_asked_for_in_their_own_media_type"),
    Held(
        "1E.42",
        "with the platform's token",
        f"{_ROSTER}::test_a_person_of_two_courses_comes_once",
    ),
    Held("1E.43", "whose only scope is to read members", f"{_MEMBERS}::test_the_assertion_says_what_platforms_check"),
]


class Form(NamedTuple):
    """One item of the LTI 1.1 list."""

    number: str
    asks: str
    outcome: str
    """`matched`, the reason of a refusal, or `back: REASON` where the browser is sent back to the LMS with it."""
    changes: dict[str, str | None] = {}  # noqa: RUF012 -- never changed
    key: str = "campus-key"
    secret: str = ""


NAMELESS = dict.fromkeys(
    ("lis_person_name_given", "lis_person_name_family", "lis_person_name_full", "lis_person_contact_email_primary")
)
ONLY_CONTEXT = {**NAMELESS, "lis_person_sourcedid": None, "custom_student_id": None, "user_id": None, "roles": None}
RETURN = "launch_presentation_return_url"

TOOL_11 = [
    Form("1G.1.1", "no resource_link_id", "back: claim_missing", {"resource_link_id": None}),
    Form("1G.1.2", "the same without a return URL", "claim_missing", {"resource_link_id": None, RETURN: None}),
    Form("1G.1.3", "an invalid consumer key", "consumer_unknown", key="nobody"),
    Form("1G.1.4", "an invalid signature", "bad_signature", secret="guess"),
    Form("1G.1.5", "an invalid lti_version", "back: wrong_version", {"lti_version": "LTI-1"}),
    Form("1G.1.6", "a wrong lti_version", "back: wrong_version", {"lti_version": "LTI-2p0"}),
    Form("1G.1.7", "no lti_version", "back: wrong_version", {"lti_version": None}),
    Form("1G.1.8", "an invalid lti_message_type", "back: wrong_message", {"lti_message_type": "a-basic-lti-launch"}),
    Form("1G.1.9", "no lti_message_type", "back: wrong_message", {"lti_message_type": None}),
    Form("1G.2.1", "an instructor", ENTERS, {"roles": "Instructor"}),
    Form("1G.2.2", "an instructor, another link", ENTERS, {"roles": "Instructor", "resource_link_id": "rli-5678"}),
    Form("1G.2.3", "a learner", ENTERS, {"roles": "Learner"}),
    Form("1G.2.4", "a learner, another link", ENTERS, {"roles": "Learner", "resource_link_id": "rli-5678"}),
    Form("1G.3.1", "the full URN of an instructor", ENTERS, {"roles": "urn:lti:role:ims/lis/Instructor"}),
    Form("1G.3.2", "a list of roles", ENTERS, {"roles": "Instructor,Mentor"}),
    Form("1G.3.3", "a full URN in a list", ENTERS, {"roles": "urn:lti:role:ims/lis/Instructor,Mentor"}),
    Form("1G.3.4", "a learner's URN in a list", ENTERS, {"roles": "Mentor,urn:lti:role:ims/lis/Learner"}),
    Form("1G.3.5", "no context role", ENTERS, {"roles": None}),
    Form("1G.3.6", "only an institution role", ENTERS, {"roles": "urn:lti:instrole:ims/lis/Learner"}),
    Form("1G.3.7", "an institution role with no counterpart", ENTERS, {"roles": "urn:lti:instrole:ims/lis/Alumni"}),
    Form("1G.3.8", "an unrecognised role", ENTERS, {"roles": "NotALearner"}),
    Form(
        "1G.4.1",
        "an e-mail address, no name",
        ENTERS,
        {**NAMELESS, "lis_person_contact_email_primary": "zoe@example.edu"},
    ),
    Form("1G.4.2", "given and family name, no full name", ENTERS, {"lis_person_name_full": None}),
    Form(
        "1G.4.3",
        "only a full name, which is split",
        ENTERS,
        {"lis_person_name_given": None, "lis_person_name_family": None},
    ),
    Form("1G.4.4", "no personal data", ENTERS, NAMELESS),
    Form("1G.4.5", "nothing but a context", "back: student_id_missing", ONLY_CONTEXT),
    Form("1G.4.6", "no context", ENTERS, {"context_id": None}),
    Form("1G.4.7", "nothing but a resource link", "back: student_id_missing", {**ONLY_CONTEXT, "context_id": None}),
]


def fields_of(form: Form) -> dict[str, str]:
    """The fields to sign."""
    merged: dict[str, str | None] = {**FORM, **form.changes}
    return {name: value for name, value in merged.items() if value is not None}
