"""Why a launch did not get in, for the administrator: which checks held, which failed, which were never reached."""

from __future__ import annotations

from typing import NamedTuple

from bridge.contracts import Kind, Outcome


class Check(NamedTuple):
    """One step of a launch, and the reasons for which it fails."""

    holds: str
    reasons: tuple[str, ...]


_REQUEST = Check("the request is one that this address takes", (
    "too_large", "not_found", "method_not_allowed", "unknown_connection", "not_allowed_here", "malformed",
))  # fmt: skip
_PERSON = [
    Check("the LMS says who the learner is", ("student_id_missing", "anonymous")),
    Check("the learner is themselves", ("test_student", "masquerade")),
    Check("OttoLearn can be asked", ("remote_unavailable", "remote_refused")),
    Check("somebody in OttoLearn has the student ID", ("no_match",)),
    Check("nobody else has it", ("ambiguous",)),
    Check("their account is active", ("inactive",)),
]
_LTI13 = [
    Check("the platform is the one we know", ("issuer_unknown",)),
    Check("the login began here, not long ago", ("state_unknown", "state_expired")),
    Check("in this browser", ("state_other_browser",)),
    Check("the platform signed the learner in", ("platform_error",)),
    Check("the id_token is a token we can check", ("token_malformed",)),
    Check("its key is one of the platform's", ("key_unknown", "key_too_weak")),
    Check("its signature holds", ("bad_signature",)),
    Check("it comes from our platform", ("wrong_issuer",)),
    Check("it is for us", ("wrong_audience",)),
    Check("it is fresh", ("expired", "not_yet_valid")),
    Check("it is used for the first time", ("replayed",)),
    Check("it answers this login", ("wrong_nonce",)),
    Check("it speaks LTI 1.3.0", ("wrong_version",)),
    Check("it is a message we take", ("wrong_message",)),
    Check("its deployment is one we know", ("deployment_unknown",)),
    Check("it leads to this bridge", ("wrong_target",)),
    Check("it says all that a launch must say", ("claim_missing",)),
]
_LTI11 = [
    Check("the launch is signed", ("unsigned",)),
    Check("its key is the one we know", ("consumer_unknown",)),
    Check("its signature holds", ("bad_signature",)),
    Check("it is fresh", ("expired", "not_yet_valid")),
    Check("it is used for the first time", ("replayed",)),
    Check("it speaks LTI 1.0 to 1.2", ("wrong_version",)),
    Check("it is a message we take", ("wrong_message",)),
    Check("it says all that a launch must say", ("claim_missing",)),
]
_STEPS = {Kind.LTI13: _LTI13, Kind.LTI11: _LTI11}


def checks(kind: str, outcome: str, reason: str) -> list[tuple[str, bool | None]]:
    """Each step of a launch of this kind with True for held, False for failed, None for never reached.

    A reason that belongs to no step stands as a step of its own.
    """
    steps = [_REQUEST, *_STEPS.get(Kind(kind), []), *_PERSON] if kind in set(Kind) else [_REQUEST]
    if outcome == Outcome.MATCHED:
        return [(step.holds, True) for step in steps]
    failed = next((at for at, step in enumerate(steps) if reason in step.reasons), None)
    if failed is None:
        return [(f"no objection of the kind “{reason}”", False)]
    return [(step.holds, True if at < failed else False if at == failed else None) for at, step in enumerate(steps)]
