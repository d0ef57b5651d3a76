"""What became of a launch, in one sentence for an administrator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bridge.contracts import Outcome
from bridge.store.launch_lines import LaunchLine

# fmt: off
SUMMARIES: Final[Mapping[str, str]] = {
    # the request as a whole
    "malformed": "the request is not one that this kind of launch makes",
    "too_large": "the request is larger than 1 MiB",
    "not_found": "no page has the address that was asked for",
    "unknown_connection": "no connection has the name in the address",
    "not_allowed_here": "the connection is not configured for this kind of launch",
    "method_not_allowed": "the address takes another HTTP method",
    "assurance_too_low": "the connection's “accepts” takes no launch that is vouched for so little",
    "too_many": "too many launches came within a short time",
    # who the student is
    "student_id_missing": "the LMS did not send the student ID",
    "student_id_unusable": "the student ID has a character that nobody sees, or is too long",
    "identity_contradiction": "two fields of the launch name two people",
    "claimed_only": "the student ID stands only in a field that whoever edits a course can change",
    "identity_changed": "the LMS's record of this person came with another student ID before",
    "identity_of_another": "another record of the LMS is this OttoLearn user already",
    "identity_disputed": "the last roster found the student ID in conflict",
    "test_student": "it was the LMS's test student, who is nobody in OttoLearn",
    "masquerade": "an administrator of the LMS was acting as somebody else",
    # LTI 1.3
    "platform_error": "the LMS answered the login with an error",
    "issuer_unknown": "the login names an issuer or client ID that the connection does not have",
    "login_wrong_target": "the login leads to an address that is not of this bridge",
    "state_unknown": "the launch did not begin here, or began too long ago",
    "state_expired": "more than ten minutes passed between the click and the launch",
    "state_other_browser": "the browser did not bring the cookie of the login",
    "state_no_cookie": "the browser keeps no cookie of the bridge, though the launch had a window of its own",
    "replayed": "the same launch was sent twice",
    "token_malformed": "the id_token is not a JWT signed by RS256 with a key ID",
    "key_unknown": "the platform's key set does not have the key that the token names",
    "key_too_weak": "the platform signs with a key of fewer than 2048 bits",
    "bad_signature": "the signature does not hold",
    "wrong_issuer": "the token was issued by somebody else than the configured platform",
    "wrong_audience": "the token is not for this connection's client ID alone",
    "time_missing": "the token does not say from when to when it holds",
    "expired": "the launch is older than it may be",
    "not_yet_valid": "the clock of the LMS is ahead of the bridge's",
    "wrong_nonce": "the token answers another login",
    "wrong_version": "the launch is of another version of LTI than is spoken here",
    "wrong_message": "the message is of a type that is not taken here",
    "deployment_unknown": "the deployment ID is none of the connection's",
    "claim_missing": "a claim or field that every launch has is missing",
    "claim_mistyped": "a claim that must be text is something else",
    "anonymous": "the LMS did not say who the learner is",
    "wrong_target": "the token leads to an address that is not of this bridge",
    "not_a_teacher": "only a teacher of the course may pick what a link opens",
    "no_courses": "there is no course to pick from",
    "choice_unknown": "the choice of a course was made before, or more than an hour after the page was opened",
    # LTI 1.1
    "unsigned": "the launch is not signed",
    "signature_method": "the launch is signed by a method that the connection does not take",
    "consumer_unknown": "the consumer key is not the connection's",
    # packages
    "package_token_missing": "the launch carries no token of a package",
    "package_unknown": "the package was made for another connection, or by another bridge",
    "package_ended": "the package was revoked, or has expired",
    "origin_not_allowed": "nobody has approved the site that the package plays on",
    "code_other_site": "the one-time code came from another site than the launch",
    "scorm_api_missing": "the package found no SCORM API of an LMS around it",
    "scorm_api_refused": "the LMS's SCORM API did not start the session",
    "scorm_api_silent": "the LMS's SCORM API did not answer",
    "aicc_url_not_allowed": "the AICC address is not one that the bridge may call",
    "aicc_session_unknown": "the LMS does not know the AICC session",
    "aicc_login_page": "the LMS answered the AICC call with a login page",
    "aicc_answer_unreadable": "the LMS's answer to the AICC call is not AICC's format",
    "session_of_another": "the LMS used one session for two people within a day",
    "cmi5_url_not_allowed": "the cmi5 address is not one that the bridge may call",
    "cmi5_refused": "the LMS refused the bridge's cmi5 call",
    "cmi5_answer_unreadable": "the LMS's answer to the cmi5 call is not cmi5's JSON",
    "step_up_failed": "the second sign-in, at the identity provider, did not work out",
    "step_up_other_person": "the learner signed in at the identity provider as somebody else than the LMS named",
    "code_unknown": "the one-time address was used before, or is older than a minute",
    # OttoLearn's sign-in
    "launch_needed": "OttoLearn asked who has come, and no launch of the last minute says so",
    "sign_in_refused": "OttoLearn's sign-in request does not fit its settings in the bridge",
    # other systems
    "remote_unavailable": "another system did not answer",
    "database_unavailable": "the bridge's own database did not answer",
    "internal": "the bridge itself made a mistake",
    "remote_refused": "another system refused the bridge",
    # who OttoLearn knows
    "newcomer_incomplete": "OttoLearn requires of a new user what the LMS does not say of this person",
    "look_up_doubtful": "the LMS was asked for this person, and its answer does not fit the launch",
    "look_up_inactive": "the LMS was asked for this person, and their account there is not active",
    "look_up_held": "the LMS was asked for this person, and a limit of the roster holds them back",
    "look_up_unavailable": "the LMS could not be asked for this person",
    "no_match": "nobody in OttoLearn has the student ID",
    "ambiguous": "several OttoLearn users have the student ID",
    "inactive": "the OttoLearn user is inactive",
}
# fmt: on
"""Why a launch did not get in, by reason: what follows a colon."""
NOBODY_YET: Final = "This launch"
"""What did not get in, where it ended before its student ID was believed."""


def who_came(line: LaunchLine) -> str:
    """The person as the launch named them: by name, else by student ID."""
    return f"{line.first_name} {line.last_name}".strip() or line.student_id or NOBODY_YET


def what_became(line: LaunchLine) -> str:
    """What follows the person's name: `got in`, or `did not get in: the signature does not hold`."""
    if line.outcome == Outcome.MATCHED:
        return "got in"
    why = SUMMARIES.get(line.reason, line.reason.replace("_", " "))
    return f"did not get in: {why}" if why else "did not get in"
