"""Why a launch did not get in, for the administrator: which checks held, which failed, which were never reached."""

from __future__ import annotations

from typing import NamedTuple

from bridge.contracts import Kind, Outcome


class Check(NamedTuple):
    """One step of a launch, and the reasons for which it fails."""

    holds: str
    reasons: tuple[str, ...]


_REMOTE = ("remote_unavailable", "remote_refused")
_REQUEST = Check("the address exists and takes this request", (
    "too_large", "not_found", "method_not_allowed", "unknown_connection", "not_allowed_here", "malformed",
))  # fmt: skip
_IDENTITY = [
    Check("the learner launched, not a test student or somebody acting as them", ("test_student", "masquerade")),
    Check("the LMS sends a student ID", ("student_id_missing", "student_id_unusable")),
    Check("all fields of the launch name the same person", ("identity_contradiction",)),
]
_LOOK_UP = ("look_up_doubtful", "look_up_inactive", "look_up_held", "look_up_unavailable")
_PERSON = [
    Check("the connection accepts who vouches for the student ID", ("assurance_too_low", "claimed_only")),
    Check("the last roster has no conflict over the student ID", ("identity_disputed",)),
    Check("OttoLearn's users can be read", _REMOTE),
    Check("an OttoLearn user has the student ID", ("no_match", "newcomer_incomplete", *_LOOK_UP)),
    Check("only one OttoLearn user has it", ("ambiguous",)),
    Check("the OttoLearn user is active", ("inactive",)),
    Check("the LMS's record belongs to the same person as before", ("identity_changed", "identity_of_another")),
]
_LOGIN = [
    Check("the login names the connection's issuer and client ID", ("issuer_unknown",)),
    Check("the target link URI is an address of this bridge", ("login_wrong_target",)),
]
_LTI13 = [
    Check("the login began here, at most ten minutes before", ("state_unknown", "state_expired")),
    Check("the platform reports no error", ("platform_error",)),
    Check("the browser is the one that began the login", ("state_other_browser", "state_no_cookie")),
    Check("the id_token is a signed JWT", ("token_malformed",)),
    Check("the platform's key set can be read", _REMOTE),
    Check("the signing key is in the key set, and strong enough", ("key_unknown", "key_too_weak")),
    Check("the signature is valid", ("bad_signature",)),
    Check("the issuer is the connection's platform", ("wrong_issuer",)),
    Check("the audience is the connection's client ID", ("wrong_audience",)),
    Check("the token says when it was issued and when it expires", ("time_missing",)),
    Check("the launch is neither too old nor from the future", ("expired", "not_yet_valid")),
    Check("the launch was not used before", ("replayed",)),
    Check("the nonce is the one of this login", ("wrong_nonce",)),
    Check("the LTI version is 1.3.0", ("wrong_version",)),
    Check("the bridge accepts the message type", ("wrong_message",)),
    Check("the claims that must be text are text", ("claim_mistyped",)),
    Check("the deployment ID is one of the connection's", ("deployment_unknown",)),
    Check("the target link URI is an address of this bridge", ("wrong_target",)),
    Check("nothing that LTI requires is missing", ("claim_missing",)),
    Check("the token says who the learner is", ("anonymous",)),
]
_LTI11 = [
    Check("the launch is signed", ("unsigned",)),
    Check("the connection accepts the signature method", ("signature_method",)),
    Check("the consumer key is the connection's", ("consumer_unknown",)),
    Check("the signature is valid", ("bad_signature",)),
    Check("the launch is neither too old nor from the future", ("expired", "not_yet_valid")),
    Check("the launch was not used before", ("replayed",)),
    Check("the LTI version is 1.0 to 1.2", ("wrong_version",)),
    Check("the bridge accepts the message type", ("wrong_message",)),
    Check("nothing that LTI requires is missing", ("claim_missing",)),
]
_CALLBACK = [
    Check("the bridge may call the address that the launch names", ("aicc_url_not_allowed", "cmi5_url_not_allowed")),
    Check("the LMS answers the bridge's call", _REMOTE),
    Check("the LMS's answer confirms the launch", (
        "aicc_session_unknown", "aicc_login_page", "aicc_answer_unreadable", "cmi5_refused", "cmi5_answer_unreadable",
    )),
]  # fmt: skip
_PACKAGE = [
    Check("the package was made by this bridge, for this connection", ("package_token_missing", "package_unknown")),
    Check("the package is neither revoked nor expired", ("package_ended",)),
]
_PAGE = [
    *_PACKAGE,
    Check("the page in the package finds the LMS's API", ("scorm_api_missing",)),
    Check("the LMS's API starts the session", ("scorm_api_refused", "scorm_api_silent")),
    Check("the site that plays the package is approved", ("origin_not_allowed",)),
]
_BOUND = [Check("the LMS's session belongs to one person", ("session_of_another",)), *_PACKAGE]
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
    Check("that is the person whom the LMS named", ("step_up_other_person",)),
]
_APART = [
    _LOGIN,
    [
        Check(
            "the one-time address is used once, in time, on its own site",
            ("code_unknown", "code_other_site"),
        )
    ],
    [Check("the choice of a course is made once, in time", ("choice_unknown",))],
    [
        Check("OttoLearn's sign-in request matches its settings in the bridge", ("sign_in_refused",)),
        Check("a launch of the last minute says who the learner is", ("launch_needed",)),
    ],
]
"""Requests of their own, before or after the launch's."""
_ANYWHERE = {
    "too_many": "no rate limit is exceeded",
    "database_unavailable": "the bridge's database answers",
    "internal": "the bridge has no internal error",
    "not_a_teacher": "a teacher chooses what the link opens",
    "no_courses": "there are courses to choose from",
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
