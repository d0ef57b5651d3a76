"""Why a launch did not get in, for the administrator: which checks held, which failed, which were never reached."""

from __future__ import annotations

from typing import NamedTuple

from bridge.contracts import Kind, Outcome


class Check(NamedTuple):
    """One step of a launch, and the reasons for which it fails."""

    holds: str
    reasons: tuple[str, ...]


_REMOTE = ("remote_unavailable", "remote_refused")
_REQUEST = Check("the request is one that this address takes", (
    "too_large", "not_found", "method_not_allowed", "unknown_connection", "not_allowed_here", "malformed",
))  # fmt: skip
_IDENTITY = [
    Check("the learner is themselves", ("test_student", "masquerade")),
    Check("the LMS says their student ID", ("student_id_missing", "student_id_unusable")),
    Check("its fields name one person", ("identity_contradiction",)),
]
_LOOK_UP = ("look_up_doubtful", "look_up_inactive", "look_up_held", "look_up_unavailable")
_PERSON = [
    Check("the connection takes who vouches for it", ("assurance_too_low", "claimed_only")),
    Check("the roster says whose ID it is", ("identity_disputed",)),
    Check("OttoLearn's users are at hand", _REMOTE),
    Check("somebody in OttoLearn has the student ID", ("no_match", "newcomer_incomplete", *_LOOK_UP)),
    Check("nobody else has it", ("ambiguous",)),
    Check("their account is active", ("inactive",)),
    Check("the LMS's record is whom it was before", ("identity_changed", "identity_of_another")),
]
_LOGIN = [
    Check("the login comes from the platform we know", ("issuer_unknown",)),
    Check("it leads to this bridge", ("login_wrong_target",)),
]
_LTI13 = [
    Check("the login began here, not long ago", ("state_unknown", "state_expired")),
    Check("the platform signed the learner in", ("platform_error",)),
    Check("in the browser that began", ("state_other_browser", "state_no_cookie")),
    Check("the id_token is a token we can check", ("token_malformed",)),
    Check("the platform's keys can be read", _REMOTE),
    Check("its key is one of the platform's", ("key_unknown", "key_too_weak")),
    Check("its signature holds", ("bad_signature",)),
    Check("it comes from our platform", ("wrong_issuer",)),
    Check("it is for us", ("wrong_audience",)),
    Check("it says from when to when it holds", ("time_missing",)),
    Check("it is fresh", ("expired", "not_yet_valid")),
    Check("it is used for the first time", ("replayed",)),
    Check("it answers this login", ("wrong_nonce",)),
    Check("it speaks LTI 1.3.0", ("wrong_version",)),
    Check("it is a message we take", ("wrong_message",)),
    Check("its names are texts, as LTI 1.3 wants them", ("claim_mistyped",)),
    Check("its deployment is one we know", ("deployment_unknown",)),
    Check("it leads to this bridge", ("wrong_target",)),
    Check("it says all that a launch must say", ("claim_missing",)),
    Check("it names a learner", ("anonymous",)),
]
_LTI11 = [
    Check("the launch is signed", ("unsigned",)),
    Check("by a method we take", ("signature_method",)),
    Check("its key is the one we know", ("consumer_unknown",)),
    Check("its signature holds", ("bad_signature",)),
    Check("it is fresh", ("expired", "not_yet_valid")),
    Check("it is used for the first time", ("replayed",)),
    Check("it speaks LTI 1.0 to 1.2", ("wrong_version",)),
    Check("it is a message we take", ("wrong_message",)),
    Check("it says all that a launch must say", ("claim_missing",)),
]
_CALLBACK = [
    Check("the address it names is one we may call", ("aicc_url_not_allowed", "cmi5_url_not_allowed")),
    Check("the LMS can be asked", _REMOTE),
    Check("the LMS answers for this launch", (
        "aicc_session_unknown", "aicc_login_page", "aicc_answer_unreadable", "cmi5_refused", "cmi5_answer_unreadable",
    )),
]  # fmt: skip
_PACKAGE = [
    Check("its package is one of ours, for this connection", ("package_token_missing", "package_unknown")),
    Check("its package was neither revoked nor has it expired", ("package_ended",)),
]
_PAGE = [
    *_PACKAGE,
    Check("the package's page finds the LMS", ("scorm_api_missing",)),
    Check("the LMS starts the course", ("scorm_api_refused", "scorm_api_silent")),
    Check("the site that plays the package is approved", ("origin_not_allowed",)),
]
_BOUND = [Check("the LMS's session is one person's", ("session_of_another",)), *_PACKAGE]
_STEPS = {
    Kind.SCORM12: [*_PAGE, *_IDENTITY],
    Kind.SCORM2004: [*_PAGE, *_IDENTITY],
    Kind.LTI13: [*_LTI13, *_IDENTITY],
    Kind.LTI11: [*_LTI11, *_IDENTITY],
    Kind.AICC: [*_CALLBACK, *_IDENTITY, *_BOUND],
    Kind.CMI5: [*_CALLBACK, *_IDENTITY, *_BOUND],
}
_STEP_UP = [
    Check("the identity provider says who signed in", ("step_up_failed",)),
    Check("it is whom the LMS named", ("step_up_other_person",)),
]
_APART = [
    _LOGIN,
    [
        Check(
            "the one-time address is used once, in time, on its own site",
            ("code_unknown", "code_other_site"),
        )
    ],
    [Check("the choice of a course is made for the first time, in time", ("choice_unknown",))],
    [
        Check("OttoLearn's sign-in request fits its settings", ("sign_in_refused",)),
        Check("a launch of the last minute says who has come", ("launch_needed",)),
    ],
]
"""Requests of their own, before or after the launch's."""
_ANYWHERE = {
    "too_many": "no limit on how often is exceeded",
    "database_unavailable": "the bridge's database answers",
    "internal": "the bridge makes no mistake",
    "not_a_teacher": "a teacher asks what the link is to open",
    "no_courses": "there are courses to pick from",
}
"""Steps that a launch may fail at several places, by reason."""


def checks(kind: str, outcome: str, reason: str, *, known: bool) -> list[tuple[str, bool | None]]:
    """Each step of a launch of this kind, in the order of the code, with True for held, False for failed, None for
    never reached. `known` says whether the launch got as far as a student ID.

    A reason that belongs to no step stands as a step of its own.
    """
    steps = _steps(kind, reason)
    if outcome == Outcome.MATCHED:
        return [(step.holds, True) for step in steps]
    where = [at for at, step in enumerate(steps) if reason in step.reasons]
    if not where:
        return [(_ANYWHERE.get(reason, f"no objection of the kind “{reason}”"), False)]
    failed = where[-1 if known else 0]
    return [(step.holds, True if at < failed else False if at == failed else None) for at, step in enumerate(steps)]


def _steps(kind: str, reason: str) -> list[Check]:
    apart = next((steps for steps in _APART if any(reason in step.reasons for step in steps)), None)
    if apart is not None:
        return [_REQUEST, *apart]
    if kind not in set(Kind):
        return [_REQUEST]
    stepped = _STEP_UP if any(reason in step.reasons for step in _STEP_UP) else []
    return [_REQUEST, *_STEPS[Kind(kind)], *_PERSON, *stepped]
