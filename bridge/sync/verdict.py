"""The checks of a look-up: whether the person found in the LMS is the one who launches, and why they may not enter."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, NoReturn, Self

from bridge.contracts import RECORD, Connection, Launch, ReaderContext, RosterEnd, RosterMember
from bridge.errors import LaunchRejected, LearnerIncomplete, LearnerNotFound, RosterIncomplete
from bridge.identifiers import key, normalize
from bridge.learners.students import differ
from bridge.store.identity_lookup import LaunchIdentity
from bridge.store.sync_items import Kind, State
from bridge.sync.person import PersonResult
from bridge.sync.reasons import RunReason

NOBODY: Final = "no_match"
INCOMPLETE: Final = "newcomer_incomplete"
DOUBTFUL: Final = "look_up_doubtful"
INACTIVE: Final = "look_up_inactive"
HELD: Final = "look_up_held"
BUSY: Final = "look_up_unavailable"


class Verdict(NamedTuple):
    """Why a look-up lets the learner not enter: a reason of `bridge.reasons` and a detail for the operator."""

    reason: str
    detail: str

    @classmethod
    def of(cls, error: LearnerNotFound | LaunchRejected) -> Self:
        """The reason and detail of the error."""
        if isinstance(error, LaunchRejected):
            return cls(error.reason, error.detail)
        return cls(INCOMPLETE if isinstance(error, LearnerIncomplete) else NOBODY, str(error))


def unavailable(detail: str) -> Verdict:
    """A verdict for temporary failures: a later launch may succeed."""
    return Verdict(BUSY, detail)


def refused(verdict: Verdict) -> NoReturn:
    """Raise the verdict as LearnerNotFound, LearnerIncomplete or LaunchRejected."""
    if verdict.reason == NOBODY:
        raise LearnerNotFound(verdict.detail)
    if verdict.reason == INCOMPLETE:
        raise LearnerIncomplete(verdict.detail)
    raise LaunchRejected(verdict.reason, verdict.detail)


def the_person(
    source: Connection[Any], context: ReaderContext, launch: Launch, identity: LaunchIdentity
) -> RosterMember:
    """The one person of the LMS with the ID of the launch, after checking that it is the person who launches.

    Raises what `refused` raises, and what the LMS's adapter raises.
    """
    found = people_with(source, context, identity.student_id)
    if not found:
        refused(Verdict(NOBODY, f"nobody has it in OttoLearn, and nobody in {source.adapter.title}, which was asked"))
    if len(found) > 1:
        refused(Verdict(DOUBTFUL, f"{len(found)} people of the LMS have this ID"))
    (member,) = found
    same = key(normalize(member.student.student_id), ignore_case=source.ignore_case)
    if same != key(identity.student_id, ignore_case=source.ignore_case):
        refused(Verdict(DOUBTFUL, "the LMS was asked for this ID, and named somebody who has another"))
    if not member.active:
        refused(Verdict(INACTIVE, "the LMS says that this person's account is not active"))
    _require_same(source, context, launch, identity, member)
    return member


def people_with(source: Connection[Any], context: ReaderContext, student_id: str) -> list[RosterMember]:
    """The people who have the ID now, by the LMS's API or in the file of the roster.

    Raises what reading raises, and RosterIncomplete for a file whose columns are only guessed.
    """
    adapter = source.adapter
    if getattr(source.settings, "file", None) is None:
        return [] if adapter.look_up is None else list(adapter.look_up(source.settings, context, student_id))
    wanted, found = key(student_id, ignore_case=source.ignore_case), []
    for page in adapter.read_roster(source.settings, context) if adapter.read_roster is not None else ():
        context.sleep(0)
        if isinstance(page, RosterEnd):
            if page.guess:
                raise RosterIncomplete("the file's columns are only recognised: name them, so that launches may use it")
            continue
        ids = ((key(normalize(member.student.student_id), ignore_case=source.ignore_case), member) for member in page)
        found += [member for one, member in ids if one == wanted]
    return found


def _require_same(
    source: Connection[Any], context: ReaderContext, launch: Launch, identity: LaunchIdentity, member: RosterMember
) -> None:
    """Raise where the LMS's record differs from the launch's, or, where these cannot be compared, the names differ."""
    theirs = _record_of(source, context, launch) if source.name == identity.connection else ""
    own = member.fields.get(RECORD, "")
    if theirs and own:
        if theirs != own:
            detail = f"the launch comes from the LMS record {theirs}, and the ID is that of the record {own}"
            refused(Verdict(DOUBTFUL, detail))
        return
    if differ(launch.student.name, member.student.name):
        refused(Verdict(DOUBTFUL, "the launch and the LMS's list call this person otherwise"))


def _record_of(source: Connection[Any], context: ReaderContext, launch: Launch) -> str:
    """The launch's record in the namespace of the roster; empty where it is unknown."""
    adapter = source.adapter
    if not launch.record or adapter.roster_namespace == launch.kind:
        return launch.record
    ask = adapter.record_of_launch
    return ask(source.settings, context, launch.kind, launch.record) if ask is not None else ""


def verdict_on(brought: PersonResult) -> Verdict | None:
    """Why the person may not enter after their sync run; None where they may."""
    outcome, item = brought.outcome, brought.item
    notices = "; ".join(outcome.notices)
    run = f"run {outcome.run}"
    if item is None:
        return None if outcome.unchanged else unavailable(notices or run)
    why = ": ".join(filter(None, (item.reason, item.content.note)))
    if item.kind == Kind.CONFLICT:
        return Verdict(DOUBTFUL, f"{run} found {why}")
    if item.kind == Kind.SKIPPED:
        if item.reason == RunReason.REQUIRED_MISSING:
            return Verdict(INCOMPLETE, f"{item.content.note}, and the LMS and `roster` give no value")
        return Verdict(DOUBTFUL, f"{run} left this person alone: {why}")
    match item.state:
        case State.DONE:
            return None
        case State.NOTED if item.kind == Kind.ADOPT:
            return None
        case State.HELD:
            return Verdict(HELD, f"{run} was held back: {outcome.reason} {notices}".strip())
        case State.QUARANTINED:
            return Verdict(DOUBTFUL, f"OttoLearn did not take this person: {why}; {run}")
    return unavailable(notices or f"{run} did not come to its end: {outcome.reason}")
