"""What Moodle's refusals mean, and what to change in Moodle. They come with HTTP 200 and an `errorcode`."""

from __future__ import annotations

from bridge.errors import OttoBridgeError, RemoteRefused, RemoteUnavailable

BY_FIELD = "core_user_get_users_by_field"
ENROLLED = "core_enrol_get_enrolled_users"
COHORT_MEMBERS = "core_cohort_get_cohort_members"
COURSES_OF = "core_enrol_get_users_courses"
SITE_INFO = "core_webservice_get_site_info"

_CAPABILITIES = {
    BY_FIELD: "moodle/user:viewdetails and moodle/user:viewalldetails",
    ENROLLED: "moodle/site:viewparticipants, and for courses moodle/course:viewparticipants, moodle/course:enrolreview",
    COHORT_MEMBERS: "moodle/cohort:view",
    COURSES_OF: "moodle/user:viewdetails and moodle/course:viewparticipants",
}

_LATER = {"sitemaintenance": "Moodle is in maintenance mode", "upgraderunning": "Moodle is being upgraded"}

_SUSPENDED = "the token's own user is suspended, deleted, unconfirmed or may not log in: repair it, or use another user"

_WORDS = {
    "invalidtoken": "Moodle does not know the token, or it has expired: make a new one at Site administration > "
    "Server > Web services > Manage tokens and put it into `api.token`",
    "accessexception": "Moodle refuses the token: its service is switched off or lacks {function}, the token has "
    "expired or is bound to another IP address, or its user lacks the capability webservice/rest:use",
    "errorcoursecontextnotvalid": "the token's user cannot enter a course that the roster needs: give them "
    "moodle/course:view and moodle/course:viewhiddencourses, and let them agree to the site policy",
    "nopermissions": "the token's user lacks a capability: allow {capabilities} in a system role",
    "requireloginerror": "the token's user cannot enter a course that the roster needs: give them moodle/course:view",
    "invalidrecord": "a course or cohort in `roster.filters` is not in this Moodle (any more)",
    "invalidparameter": "Moodle does not take our question for {function}; it may be older than Moodle 3.9",
    "wsaccessusersuspended": _SUSPENDED,
    "wsaccessuserdeleted": _SUSPENDED,
    "wsaccessuserunconfirmed": _SUSPENDED,
    "wsaccessuserexpired": "the password of the token's own user has expired: set a new one",
    "wsaccessusernologin": _SUSPENDED,
    "usernotconfirmed": _SUSPENDED,
}


class NotTaken(RemoteRefused):
    """Moodle does not take a value that it was asked for: it can be nobody's."""


def refusal(errorcode: str, function: str) -> OttoBridgeError:
    """The error for `errorcode`, in words. Moodle's own message stays out: it may name people."""
    if errorcode in _LATER:
        return RemoteUnavailable(f"{_LATER[errorcode]}; nothing was read, the next run tries again")
    known = "".join(c for c in errorcode[:60] if c.isascii() and (c.isalnum() or c in "_/-"))
    words = _WORDS.get(errorcode, "Moodle refuses {function}: see its web service documentation for the code")
    filled = words.format(function=function, capabilities=_CAPABILITIES.get(function, "what it needs"))
    kind = NotTaken if errorcode == "invalidparameter" else RemoteRefused
    return kind(f"{filled} ({known or 'no code'})", status=200)
