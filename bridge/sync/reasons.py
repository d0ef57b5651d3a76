"""Why a run ended as it did, and why it left a person alone: the one catalogue behind reports and docs/reasons.md.

A reason word is stable: administrators search for it and scripts match it. What OttoLearn refused is `refused_` and the
HTTP status.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

_LMS: Final = "LMS administrator"
_OPERATOR: Final = "operator of the bridge"
_OTTOLEARN: Final = "OttoLearn administrator"
_NOBODY: Final = "nobody"


class RunReason(enum.StrEnum):
    """A word in the record of a run."""

    # of one person
    PASSED_ON = "passed_on"
    ID_CHANGED = "id_changed"
    DUPLICATE = "duplicate"
    CLAIMED_TWICE = "claimed_twice"
    TAKEN = "taken"
    OTHER_VALUE = "other_value"
    OTHER_ID = "other_id"
    VARIANT = "variant"
    AMBIGUOUS = "ambiguous"
    CHANGED_IN_OTTOLEARN = "changed_in_ottolearn"
    INACTIVE_IN_OTTOLEARN = "inactive_in_ottolearn"
    PROTECTED_USER = "protected_user"
    REQUIRED_MISSING = "required_missing"
    NO_STUDENT_ID = "no_student_id"
    BAD_STUDENT_ID = "bad_student_id"
    INACTIVE_IN_LMS = "inactive_in_lms"
    IN_GRACE = "in_grace"
    RENAMED_IN_OTTOLEARN = "renamed_in_ottolearn"
    LEFT_BY_ALL = "left_by_all"
    ON_ANOTHER_ROSTER = "on_another_roster"
    INACTIVE_ALREADY = "inactive_already"
    NOT_IN_OTTOLEARN = "not_in_ottolearn"
    NO_ANSWER = "no_answer"
    # of a run
    LIMIT_EXCEEDED = "limit_exceeded"
    ROSTER_INCOMPLETE = "roster_incomplete"
    SNAPSHOT_LOST = "snapshot_lost"
    RIGHT_LOST = "right_lost"
    COLUMNS_GUESSED = "columns_guessed"
    NOBODY_LINKED = "nobody_linked"
    HELD_ALREADY = "held_already"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    LOCKED = "locked"
    LOCK_LOST = "lock_lost"
    UNAVAILABLE = "unavailable"
    CONFIGURATION = "configuration"
    STALE = "stale"
    CRASHED = "crashed"


class RunAdvice(NamedTuple):
    """One row: what a reason means, who can do something about it, and what."""

    meaning: str
    who: str
    how: str


# fmt: off
OF_A_PERSON: Final = {
    RunReason.PASSED_ON: RunAdvice("the ID is an OttoLearn user's who is another record of the LMS: the ID was given to somebody new, or the person has a new account there", _LMS, "if it is somebody new, give them an ID of their own; if the account was made anew: `ottobridge people release`"),
    RunReason.ID_CHANGED: RunAdvice("a record of the LMS has another ID than before; nobody is made or deactivated", _OPERATOR, "if the ID was corrected: `ottobridge people follow OLD_ID NEW_ID`, or `on_id_change: follow`, which follows whom a roster has named before, not whom one launch alone has"),
    RunReason.DUPLICATE: RunAdvice("two members of the roster have one student ID (case and blanks do not count), or lead to one OttoLearn user", _LMS, "correct the ID in the LMS"),
    RunReason.CLAIMED_TWICE: RunAdvice("two members want one Username value", _LMS, "correct one of them in the LMS"),
    RunReason.TAKEN: RunAdvice("an id of this person belongs to another OttoLearn user", _OTTOLEARN, "the report names the user and the attribute: correct either side"),
    RunReason.OTHER_VALUE: RunAdvice("a Username attribute that the roster fills holds another ID, which the sync did not write: somebody may launch by it", _OPERATOR, "fill another Username attribute, empty this one, or `replace_ids: true`"),
    RunReason.OTHER_ID: RunAdvice("the student ID is unknown, but another id of this person is an OttoLearn user's: a changed ID?", _OTTOLEARN, "change the username in OttoLearn; the next run follows"),
    RunReason.VARIANT: RunAdvice("OttoLearn has the ID with another case or with blanks", _OTTOLEARN, "make both sides equal"),
    RunReason.AMBIGUOUS: RunAdvice("two OttoLearn users have the student ID", _OTTOLEARN, "remove it from one"),
    RunReason.CHANGED_IN_OTTOLEARN: RunAdvice("somebody changed what the sync had written; it stays", _OPERATOR, "nothing, or `--override`"),
    RunReason.INACTIVE_IN_OTTOLEARN: RunAdvice("the user was deactivated, not by a sync", _OTTOLEARN, "activate it there if that was a mistake"),
    RunReason.PROTECTED_USER: RunAdvice("an administrator", _NOBODY, "nothing"),
    RunReason.REQUIRED_MISSING: RunAdvice("the LMS has no value for something OttoLearn requires; a last name `-` or `.` is none", _LMS, "fill it in the LMS, or by `constants` or `templates`"),
    RunReason.NO_STUDENT_ID: RunAdvice("no ID; whom no other Username attribute tells counts as gone", _LMS, "fill it in the LMS"),
    RunReason.BAD_STUDENT_ID: RunAdvice("an ID that is too long or not writable; whom no other Username attribute tells counts as gone", _LMS, "fill it in the LMS"),
    RunReason.INACTIVE_IN_LMS: RunAdvice("suspended or inactive there", _NOBODY, "nothing"),
    RunReason.IN_GRACE: RunAdvice("missing, but not for long enough", _NOBODY, "nothing"),
    RunReason.RENAMED_IN_OTTOLEARN: RunAdvice("gone, but the OttoLearn user has another username by now, by which another connection knows somebody: nobody is deactivated; or, of somebody on the roster, the record is an OttoLearn user who has lost the ID there, and nobody else has it: no second user is made", _OTTOLEARN, "if it is the one who left, deactivate the user there; or put the username back; if the person is to begin anew: `ottobridge people release`"),
    RunReason.LEFT_BY_ALL: RunAdvice("gone, and the other connection that had the person has let go since the plan was made", _NOBODY, "nothing: the next run deactivates"),
    RunReason.ON_ANOTHER_ROSTER: RunAdvice("gone here, but another connection has the person", _NOBODY, "nothing"),
    RunReason.INACTIVE_ALREADY: RunAdvice("gone here, and inactive in OttoLearn before", _NOBODY, "nothing"),
    RunReason.NOT_IN_OTTOLEARN: RunAdvice("gone here, and removed in OttoLearn before", _NOBODY, "nothing"),
    RunReason.NO_ANSWER: RunAdvice("OttoLearn did not answer for this record, several times", _NOBODY, "the next run tries again"),
}
"""Why one person was left alone, or stands among the conflicts or in quarantine."""

OF_A_RUN: Final = {
    RunReason.LIMIT_EXCEEDED: RunAdvice("more would change than the limits of the connection allow; what is beyond them is held", _OPERATOR, "look at the plan, then `ottobridge sync approve RUN`, or raise the limit"),
    RunReason.ROSTER_INCOMPLETE: RunAdvice("the source did not prove that everybody was read; nobody will be deactivated", _LMS, "the notice says what to change at the source; then sync again"),
    RunReason.SNAPSHOT_LOST: RunAdvice("earlier runs had people, and the snapshot of them is gone; nobody is deactivated by this run, which rebuilds it from the roster", _OPERATOR, "find out what emptied the database; whoever has left the roster meanwhile is unknown to later runs, too: deactivate them in OttoLearn"),
    RunReason.RIGHT_LOST: RunAdvice("the source took away a right, so that it tells less of people; nobody gets access by this reading", _LMS, "give the right back; then sync again"),
    RunReason.COLUMNS_GUESSED: RunAdvice("the reader guessed what a column means; nothing is written before somebody has confirmed it", _OPERATOR, "look at the plan, then apply it as the notice says"),
    RunReason.NOBODY_LINKED: RunAdvice("rows were read, and nobody could be linked", _OPERATOR, "compare `match` with what OttoLearn holds; the report has each row"),
    RunReason.HELD_ALREADY: RunAdvice("the last run holds creations, so that nobody is made for one launch either", _OPERATOR, "`ottobridge sync approve RUN` for what is held"),
    RunReason.INTERRUPTED: RunAdvice("somebody stopped the run; what was under way is finished and recorded", _NOBODY, "the next run resumes there"),
    RunReason.STOPPED: RunAdvice("an administrator stopped the run; what was under way is finished and recorded", _NOBODY, "the next run, when it is due or by hand, resumes there"),
    RunReason.LOCKED: RunAdvice("another run of the connection is under way", _NOBODY, "wait for it; `ottobridge runs` shows it"),
    RunReason.LOCK_LOST: RunAdvice("the database let go of the lock of the run, so that another one may have begun", _NOBODY, "the next run resumes there"),
    RunReason.UNAVAILABLE: RunAdvice("the source or OttoLearn did not answer, or refused; the notice says which", _OPERATOR, "`ottobridge doctor` tries both; the next run resumes there"),
    RunReason.CONFIGURATION: RunAdvice("the configuration of this connection is not valid", _OPERATOR, "`ottobridge config check`"),
    RunReason.STALE: RunAdvice("what the plan was made from has changed since", _OPERATOR, "make a new plan"),
    RunReason.CRASHED: RunAdvice("the process ended in the middle", _NOBODY, "the next run finds out what became of it and goes on"),
}
"""Why a run was held, failed, or did only a part."""

REFUSED: Final = RunAdvice("OttoLearn refused the record", _OPERATOR, "`runs show RUN`; the next run tries again")
"""Of `refused_400` and the like."""
