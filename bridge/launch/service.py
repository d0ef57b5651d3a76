"""The use case: a launch comes in, is read and verified, its learner is found, and the way in is made.

Every launch ends here, whatever becomes of it, with one line in the record and one in the log.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import NamedTuple, Protocol, TypeVar

from bridge import logs
from bridge.contracts import Assurance, Launch, Match, Outcome, Student
from bridge.errors import (
    LaunchRejected,
    LearnerAmbiguous,
    LearnerInactive,
    LearnerIncomplete,
    LearnerNotFound,
    OttoBridgeError,
    RemoteRefused,
    RemoteUnavailable,
)
from bridge.identifiers import require
from bridge.launch.redirect import SignInRedirect
from bridge.learners.students import differ
from bridge.reasons import NAME_DIFFERS
from bridge.store.errors import trouble
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import LINK, write_reached
from bridge.tracing import traces

log = logging.getLogger(__name__)

T = TypeVar("T")

NOBODY = Student("", "", "")

SignIn = Callable[[Match, Launch], SignInRedirect]
"""Where to send the browser of a matched learner."""

_OUTCOMES: dict[type[OttoBridgeError], Outcome] = {
    LearnerNotFound: Outcome.NO_MATCH,
    LearnerIncomplete: Outcome.NO_MATCH,
    LearnerAmbiguous: Outcome.AMBIGUOUS,
    LearnerInactive: Outcome.INACTIVE,
}
_REASONS: dict[type[OttoBridgeError], str] = {
    LearnerIncomplete: "newcomer_incomplete",
    RemoteUnavailable: "remote_unavailable",
    RemoteRefused: "remote_refused",
}


class LaunchResult(NamedTuple):
    """How a launch ended, for whoever must answer the browser."""

    outcome: Outcome
    reason: str
    """A row of `bridge.reasons.REASONS`; empty when matched."""
    reference: str
    student: Student = NOBODY
    redirect: SignInRedirect | None = None
    """Where a matched learner goes."""
    return_url: str = ""
    """The way back to the LMS, where one is known and may be trusted."""
    user_id: int | None = None
    """The OttoLearn user whom the launch reached."""
    found_by: str = ""
    """The Username attribute by which they were found, or `bridge.store.launches.LINK`."""
    mark: str = ""
    """What an administrator should look at: `name_differs`, where the LMS and OttoLearn name the learner otherwise."""


class LaunchRefused(Exception):
    """A launch has ended before anybody was looked for, and is on record; `result` is what the browser is told."""

    def __init__(self, result: LaunchResult, kind: str) -> None:
        super().__init__(result.reason)
        self.result = result
        self.kind = kind


class Policy(Protocol):
    """What a connection takes, as `bridge.contracts.Connection` says it."""

    @property
    def accepts(self) -> Collection[Assurance]: ...

    @property
    def ignore_case(self) -> bool:
        """Whether IDs that differ in ASCII letter case alone are the same."""

    def shape(self, student_id: str) -> str:
        """The ID to look up, of one that the LMS sends."""


class _Anybody(NamedTuple):
    accepts: Collection[Assurance] = tuple(Assurance)
    ignore_case: bool = False

    def shape(self, student_id: str) -> str:
        return student_id


ANYBODY = _Anybody()


@dataclass(frozen=True)
class LaunchService:
    """Takes launches to their end."""

    find: Callable[[str, Launch, str], Match]
    """The learner of a connection's launch, by the ID to look up."""
    record: Callable[[LaunchLine], None]
    now: Callable[[], float]
    reference: Callable[[], str]
    """Makes the word by which a person can ask for one launch."""
    pseudonym_key: bytes
    policy: Callable[[str], Policy | None] = lambda _: None
    """What the connection of this name takes: everything where there is none."""
    is_vouched_for: Callable[[str, Launch, str], bool] = lambda *_: False
    """Whether a roster has said of this person what a `claimed` launch says; asked like `find`."""
    passes: tuple[type[Exception], ...] = ()
    """Raised on: they have an answer of their own."""

    def reading(self, connection: str, kind: str) -> AbstractContextManager[None]:
        """A block that reads a request. Whatever it raises is recorded, of a launch of this kind, and comes out as
        LaunchRefused.
        """
        return _Reading(self, connection, kind)

    def complete(
        self, connection: str, launch: Launch, sign_in: SignIn, *, awaits: Assurance | None = None
    ) -> LaunchResult:
        """Find the learner of a launch that was read, and say where to go.

        `awaits` is what the launch will be once its learner has proved more; until then it does not count, and is
        recorded only where it ends here.
        """
        try:
            result = self._match(connection, launch, sign_in, awaits)
        except self.passes:
            raise
        except Exception as error:  # noqa: BLE001 -- the same
            return self.fail(connection, launch.kind, error, launch)
        if awaits is None:
            self._note(connection, launch.kind, result, _reached(result, launch.remark))
        return result

    def refuse(self, connection: str, kind: str, reason: str, detail: str = "") -> LaunchResult:
        """Record a request that never became a launch."""
        return self._refused(connection, kind, LaunchRejected(reason, detail), detail)

    def fail(self, connection: str, kind: str, error: Exception, launch: Launch | None = None) -> LaunchResult:
        """Record what a launch, or another request, ended with. Needs nothing that may be what has failed."""
        if isinstance(error, OttoBridgeError):
            return self._refused(connection, kind, error, str(error), launch)
        if what := trouble(error):
            return self._refused(connection, kind, LaunchRejected("database_unavailable"), what, launch)
        return self._refused(connection, kind, LaunchRejected("internal"), "see the log", launch, defect=error)

    def reject(self, reason: str, detail: str) -> LaunchResult:
        """Tell and log a request that has to do with no connection. It is not recorded: strangers ask for anything."""
        result = self._refusal(LaunchRejected(reason), None)
        logs.event(log, "request rejected", reason=reason, reference=result.reference, asked=detail)
        return result

    def _refused(
        self,
        connection: str,
        kind: str,
        error: OttoBridgeError,
        detail: str,
        launch: Launch | None = None,
        *,
        defect: Exception | None = None,
    ) -> LaunchResult:
        result = self._refusal(error, launch)
        self._note(connection, kind, result, detail, defect)
        return result

    def _match(self, connection: str, launch: Launch, sign_in: SignIn, awaits: Assurance | None) -> LaunchResult:
        policy = self.policy(connection) or ANYBODY
        if launch.other_case and not policy.ignore_case:
            raise LaunchRejected("identity_contradiction", "two fields hold the student ID in different letter case")
        student_id = require(policy.shape(launch.student.student_id), "the student ID by student_id_rules")
        launch = self._worth(connection, launch, student_id)
        if (awaits or launch.assurance) not in policy.accepts:
            low = "claimed_only" if launch.assurance is Assurance.CLAIMED else "assurance_too_low"
            raise LaunchRejected(low, f"a launch that is {launch.assurance}")
        with traces.span("find"):
            match = self.find(connection, launch, student_id)
        with traces.span("sign-in"):
            redirect = sign_in(match, launch)
        mark = NAME_DIFFERS if _is_named_otherwise(launch.student, match) else ""
        return LaunchResult(
            Outcome.MATCHED,
            "",
            self.reference(),
            launch.student,
            redirect,
            launch.return_url,
            user_id=match.learner.user_id,
            found_by=LINK if match.by_link else match.attribute,
            mark=mark,
        )

    def _worth(self, connection: str, launch: Launch, student_id: str) -> Launch:
        """The launch, a claim in it that a roster vouches for being as good as one that the LMS signed."""
        claimed = launch.assurance is Assurance.CLAIMED
        vouched = claimed and self.is_vouched_for(connection, launch, student_id)
        return replace(launch, assurance=Assurance.SIGNED) if vouched else launch

    def _refusal(self, error: OttoBridgeError, launch: Launch | None) -> LaunchResult:
        outcome = _of_kind(_OUTCOMES, error, Outcome.REJECTED)
        reason = error.reason if isinstance(error, LaunchRejected) else _of_kind(_REASONS, error, outcome.value)
        back = launch.return_url if launch else getattr(error, "return_url", "")
        student = launch.student if launch else NOBODY
        return LaunchResult(outcome, reason, self.reference(), student, return_url=back)

    @cached_property
    def _mac(self) -> hmac.HMAC:
        """With the key and nothing yet, to be copied: to prepare a key takes as long as the rest."""
        return hmac.new(self.pseudonym_key, digestmod="sha256")

    def _pseudonym(self, student: Student) -> str:
        mac = self._mac.copy()
        mac.update(student.student_id.encode())
        return mac.hexdigest()[:12]

    def _note(
        self, connection: str, kind: str, result: LaunchResult, detail: str, defect: Exception | None = None
    ) -> None:
        """One line in the log, then one in the record: an answer waits for the second, but never fails with it."""
        outcome, reason, reference = result.outcome, result.reason, result.reference
        who = self._pseudonym(result.student)
        level = logging.ERROR if defect else logging.INFO
        logs.event(
            log,
            "launch",
            level=level,
            cause=defect,
            connection=connection,
            kind=kind,
            outcome=outcome,
            reason=reason,
            who=who,
            reference=reference,
        )
        if traces.tracer is not None:
            told = {"connection": connection, "kind": kind, "outcome": outcome, "reason": reason}
            told["reference"] = reference
            traces.note({f"ottobridge.{name}": str(value)[:64] for name, value in told.items()})
        line = LaunchLine(
            self.now(), connection, kind, *result.student, outcome, reason, reference, detail, result.mark
        )
        try:
            self.record(line)
        except Exception as error:
            why = trouble(error)
            log.warning("not on record: reference=%s %s", reference, why, exc_info=None if why else error)


class _Reading(AbstractContextManager[None]):
    def __init__(self, launches: LaunchService, connection: str, kind: str) -> None:
        self._launches, self._connection, self._kind = launches, connection, kind

    def __enter__(self) -> None:
        self._span = None if traces.tracer is None else traces.span("verify")
        if self._span is not None:
            self._span.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._span is not None:
            self._span.__exit__(kind, error, traceback)
        if isinstance(error, Exception) and not isinstance(error, self._launches.passes):
            raise LaunchRefused(self._launches.fail(self._connection, self._kind, error), self._kind) from error


def _of_kind(table: Mapping[type[OttoBridgeError], T], error: OttoBridgeError, default: T) -> T:
    """What `table` says of errors of this kind: its own class first, then what it derives from."""
    return next((table[kind] for kind in type(error).__mro__ if kind in table), default)


def _reached(result: LaunchResult, remark: str) -> str:
    """What the record says of a launch that got in."""
    return remark if result.user_id is None else write_reached(result.user_id, result.found_by, remark)


def _is_named_otherwise(student: Student, match: Match) -> bool:
    said, held = student.name, match.learner.name
    return said != held and differ(said, held)
