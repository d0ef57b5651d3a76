"""Why a launch was not let through: the one catalogue behind pages, records and the README's table.

A reason word is stable: administrators search for it and scripts match it.
"""

from __future__ import annotations

from typing import NamedTuple

NAME_DIFFERS = "name_differs"
"""The mark of a launch whose learner OttoLearn names otherwise than the LMS."""


class Reason(NamedTuple):
    """One row: the HTTP status, what the learner is told to do, who can fix the cause, and how."""

    status: int
    learner: str
    """A key of `bridge.presentation.advice.ADVICE`."""
    who: str
    how: str


# fmt: off
_LMS = "LMS administrator"
_OPERATOR = "operator of the bridge"
_OTTOLEARN = "OttoLearn administrator"
_LEARNER = "learner"

REASONS = {
    # the request as a whole
    "malformed": Reason(400, "support", _LMS, "The request is not one that this kind of launch makes; the detail says what is wrong. Compare the launch URL with `ottobridge setup`."),
    "too_large": Reason(413, "support", _LMS, "The request is larger than 1 MiB: remove custom parameters from the tool."),
    "not_found": Reason(404, "support", _LMS, "No page has this address: compare the launch URL with `ottobridge setup`."),
    "unknown_connection": Reason(404, "support", _LMS, "The connection's name in the URL is not in the configuration."),
    "not_allowed_here": Reason(404, "support", _OPERATOR, "The connection is not configured for this kind of launch: add `lti13`, `lti11` or `aicc` to it."),
    "method_not_allowed": Reason(405, "again", _LMS, "This address takes another HTTP method; a reload or a bookmark of the launch URL does this."),
    "assurance_too_low": Reason(403, "support", _OPERATOR, "The connection's `accepts` does not take launches of this assurance: let the LMS launch by LTI, AICC or cmi5, or extend `accepts`."),
    "too_many": Reason(429, "busy", _LEARNER, "Too many launches of one person or from one address within a short time; it passes by itself."),
    # who the student is
    "student_id_missing": Reason(400, "identity", _LMS, "The LMS did not send the field that the connection calls `student_id`: fill it for this person, or let the tool see it."),
    "student_id_unusable": Reason(400, "unusable", _LMS, "The student ID holds a character that nobody sees, or is longer than 255 characters: correct it in the LMS; the bridge drops nothing from an ID."),
    "identity_contradiction": Reason(403, "whose", _LMS, "Two fields of the launch name two people: somebody who edits the course has set a custom field of the link. Remove it from the link."),
    "claimed_only": Reason(403, "support", _OPERATOR, "The student ID stands only in a custom field, which whoever edits a course can set to anybody's: choose a `student_id` that the LMS fills by itself, sync a roster that vouches for it (docs/security.md; Canvas's does not), or let `accepts` take `claimed` if you trust every course author."),
    "identity_changed": Reason(409, "whose", _OPERATOR, "The LMS's record came with another student ID before, or is an OttoLearn user who has another ID by now. Look at both sides: `ottobridge people show`; then `people follow`, if the person's ID has changed in the LMS, fix it in OttoLearn, or `people release`, if the record is to begin anew."),
    "identity_of_another": Reason(409, "whose", _OPERATOR, "Another record of the LMS is this OttoLearn user already. If the person has got a new account in the LMS: `ottobridge people release`; else give each person an ID of their own."),
    "identity_disputed": Reason(409, "whose", _LMS, "The last roster gave this student ID to two people, or to somebody else than before (`ottobridge runs`): give each person an ID of their own, then sync again."),
    "test_student": Reason(403, "test_student", _LEARNER, "Canvas's Test Student is nobody in OttoLearn: leave the student view, or set `impersonation: mark`."),
    "masquerade": Reason(403, "masquerade", _LEARNER, "A Canvas administrator acts as somebody else: stop acting as user, or set `impersonation: mark`."),
    # LTI 1.3
    "platform_error": Reason(400, "support", _LMS, "The LMS refused to sign the learner in and says why in the detail."),
    "issuer_unknown": Reason(400, "support", _OPERATOR, "`iss` or `client_id` differs from `lti13.issuer` or `lti13.client_id`."),
    "login_wrong_target": Reason(400, "support", _LMS, "The login's `target_link_uri` is not an address of this bridge: compare the tool's URLs with `ottobridge setup`."),
    "state_unknown": Reason(400, "stale", _LEARNER, "The launch did not begin here, or began too long ago."),
    "state_expired": Reason(400, "stale", _LEARNER, "More than ten minutes passed between the click and the launch."),
    "state_other_browser": Reason(400, "window", _LEARNER, "The browser kept no cookie between the login and the launch: allow cookies, or open the tool in a new window, for everybody by the tool's settings in the LMS. By plain http no browser carries one from host to host: use https."),
    "state_no_cookie": Reason(400, "cookies", _LEARNER, "The launch came in a window of its own, and the browser still had no cookie of the login: it blocks the bridge's cookies, or the login began in another browser or a private window."),
    "replayed": Reason(400, "again", _LEARNER, "The same launch was sent twice: a reload, or the back button."),
    "token_malformed": Reason(400, "support", _LMS, "The id_token is not a signed JWT with the algorithm RS256 and a key id."),
    "key_unknown": Reason(401, "support", _OPERATOR, "No key at `lti13.jwks_url` has the token's key id."),
    "key_too_weak": Reason(401, "support", _LMS, "The platform signs with an RSA key of fewer than 2048 bits."),
    "bad_signature": Reason(401, "support", _OPERATOR, "The signature does not hold: compare key and secret (LTI 1.1), `jwks_url` (LTI 1.3), and `bridge.public_url` with the launch URL in the LMS."),
    "wrong_issuer": Reason(401, "support", _OPERATOR, "The token's `iss` is not `lti13.issuer`."),
    "wrong_audience": Reason(401, "support", _OPERATOR, "The token is not for `lti13.client_id` alone."),
    "time_missing": Reason(400, "support", _LMS, "The token's `iat` or `exp` is missing or no number of seconds, or they lie more than a day apart; the detail says which."),
    "expired": Reason(401, "late", _LMS, "The token is older than it may be: check the clocks of the LMS and the bridge."),
    "not_yet_valid": Reason(401, "clock", _LMS, "The LMS's clock is ahead of the bridge's by as much as the detail says: set both by a time server (`timedatectl set-ntp true` on each; `timedatectl` says whether it is synchronised)."),
    "wrong_nonce": Reason(401, "again", _LEARNER, "The token belongs to another login."),
    "wrong_version": Reason(400, "support", _LMS, "The LTI version is not one we speak (1.3.0, or LTI-1p0)."),
    "wrong_message": Reason(400, "support", _LMS, "The message is not a launch of a resource link."),
    "deployment_unknown": Reason(403, "support", _OPERATOR, "Add the deployment id named in the detail to `lti13.deployment_ids`, if it is yours."),
    "claim_missing": Reason(400, "support", _LMS, "A claim or field that every launch has is missing; the detail names it."),
    "claim_mistyped": Reason(400, "support", _LMS, "A claim that must be text is a number or something else, so that it names nothing here; the detail names it. Only the platform can fix that."),
    "anonymous": Reason(400, "identity", _LMS, "The LMS did not say who the learner is (a launch without `sub`)."),
    "wrong_target": Reason(400, "support", _LMS, "The token's `target_link_uri` is missing or not an address of this bridge."),
    "not_a_teacher": Reason(403, "not_a_teacher", _LMS, "Only a teacher of the course picks what a link opens: give the person that role in the course."),
    "no_courses": Reason(404, "no_courses", _OPERATOR, "There is nothing to pick: list OttoLearn's courses under `courses`."),
    "choice_unknown": Reason(400, "stale", _LEARNER, "The choice was made before, or more than an hour after the page was opened."),
    # LTI 1.1
    "unsigned": Reason(401, "support", _LMS, "The tool has no consumer key in the LMS: enter key and secret."),
    "signature_method": Reason(401, "support", _OPERATOR, "The launch is signed by a method that `lti11.signature_methods` does not list, or not by OAuth 1.0."),
    "consumer_unknown": Reason(401, "support", _OPERATOR, "The consumer key is not `lti11.consumer_key`."),
    # packages
    "package_token_missing": Reason(403, "package", _LMS, "The launch does not come from a package made by `ottobridge package`, or from one made before packages carried a token: make it again and replace it in the LMS."),
    "package_unknown": Reason(403, "package", _LMS, "The package was made for another connection, or by another bridge: make it again with `ottobridge package`."),
    "package_ended": Reason(403, "package", _LMS, "The package was revoked or has expired (`ottobridge package list`): make a new one and replace it in the LMS."),
    "origin_not_allowed": Reason(403, "support", _OPERATOR, "Nobody approved the site named in the detail. If it is your LMS: `ottobridge package origins approve CONNECTION SITE`, or `package_origins` in the configuration."),
    "code_other_site": Reason(403, "again", _LEARNER, "The one-time code was sent on from another site than the launch came from."),
    "scorm_api_missing": Reason(400, "open_course", _LMS, "The package's page found no SCORM API in the windows around it within ten seconds: the course was opened outside of the LMS, is no SCORM activity there, or lies on another site than the LMS."),
    "scorm_api_refused": Reason(400, "open_course", _LMS, "The LMS's SCORM API did not start the session: see the LMS's log; often the attempt was over, or the course is open in another window."),
    "scorm_api_silent": Reason(400, "open_course", _LMS, "The LMS's SCORM API left a call without an answer for ten seconds: see the LMS's log."),
    "aicc_url_not_allowed": Reason(403, "support", _OPERATOR, "Add the address named in the detail to `aicc.allowed_urls`, if it is your LMS."),
    "aicc_session_unknown": Reason(403, "callback", _LMS, "The LMS does not know the AICC session."),
    "aicc_login_page": Reason(403, "support", _LMS, "The LMS answered the AICC call with a login page: it must answer without a login (Moodle: allow external AICC HACP)."),
    "aicc_answer_unreadable": Reason(403, "support", _LMS, "The LMS answered the AICC call with something that is not AICC's format."),
    "session_of_another": Reason(403, "callback", _LMS, "The LMS used one session id for two people within a day: it must make new ones."),
    "cmi5_url_not_allowed": Reason(403, "support", _OPERATOR, "Add what the address named in the detail begins with to `cmi5.allowed_urls`, if it is your LMS."),
    "cmi5_refused": Reason(403, "callback", _LMS, "The LMS did not take our call: a launch that was opened twice, or an LMS that wants a login there."),
    "cmi5_answer_unreadable": Reason(403, "support", _LMS, "The LMS answered the cmi5 call with something that is not cmi5's JSON."),
    "step_up_failed": Reason(401, "again", _OPERATOR, "The sign-in at the connection's `step_up` provider did not work out; the detail says why."),
    "step_up_other_person": Reason(403, "other_person", _LEARNER, "The learner signed in at the provider as somebody else than the LMS named."),
    "code_unknown": Reason(400, "stale", _LEARNER, "The one-time address was used before, or is older than 60 seconds."),
    # OttoLearn's sign-in
    "launch_needed": Reason(403, "open_course", _LEARNER, "OttoLearn asked who has come, and no launch of the last minute says so: open the course from the LMS. If it goes on, the browser keeps no cookies: open the tool in a new window."),
    "sign_in_refused": Reason(400, "support", _OPERATOR, "OttoLearn's sign-in request does not fit `ottolearn.sign_in`: the detail names the `client_id` or `redirect_uri` that it sent."),
    # other systems
    "remote_unavailable": Reason(503, "later", _OPERATOR, "The system named in the detail did not answer; `ottobridge doctor` tries it."),
    "database_unavailable": Reason(503, "later", _OPERATOR, "The bridge's own database did not answer, was locked or was full, as the detail says; `/readyz` says when it is well again. The launch works once it is."),
    "internal": Reason(500, "later", _OPERATOR, "A mistake of the bridge itself: the log has it under the reference."),
    "remote_refused": Reason(502, "support", _OPERATOR, "The system named in the detail refused us; `ottobridge doctor` says more."),
    # who OttoLearn knows
    "newcomer_incomplete": Reason(404, "incomplete", _OPERATOR, "OttoLearn requires what the LMS does not say of this person; the detail names it. Moodle has `-` for a last name where somebody has one name: `new_learner: {lastName: \"-\"}` of the connection stands in for it, or make the user in OttoLearn."),
    "look_up_doubtful": Reason(409, "whose", _LMS, "The LMS was asked for this person, and what it said does not fit: the detail names it, and `ottobridge runs show` the run. Fix it in the LMS, or link the learner: `ottobridge unmatched`."),
    "look_up_inactive": Reason(403, "support", _LMS, "The LMS was asked for this person, and its account there is not active: activate it there."),
    "look_up_held": Reason(403, "later", _OPERATOR, "The LMS was asked for this person, and a limit of the connection's `roster`, or a sync that waits for approval, lets nobody in: look at the run that the detail names, and at `ottobridge runs`, and approve."),
    "look_up_unavailable": Reason(503, "later", _OPERATOR, "The LMS could not be asked for this person, or not in time, as the detail says; `ottobridge doctor` tries it. The next launch asks again."),
    "no_match": Reason(404, "no_match", _OTTOLEARN, "Nobody has this student ID in a Username attribute: sync the roster, or enter it."),
    "ambiguous": Reason(409, "ambiguous", _OTTOLEARN, "Several people have this student ID: keep it with one."),
    "inactive": Reason(403, "inactive", _OTTOLEARN, "The person is inactive: activate them."),
}
# fmt: on
