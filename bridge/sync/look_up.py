"""Look-ups: a student without an OttoLearn user is looked up in the LMS during the launch and synced at once.

Where the result is not certain, the launch is refused with a reason and left to an administrator. Concurrent launches
of one person share one look-up over all processes; look-ups have a time limit and a budget per minute.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from bridge.contracts import VOUCHED, Connection, Launch, Match
from bridge.errors import ConfigError, LaunchRejected, LearnerNotFound, OttoBridgeError, RemoteUnavailable
from bridge.learners.directory import Directory, NotSettled
from bridge.net.http import Outbound
from bridge.roster.settings import LookUpPolicy, can_look_up
from bridge.store import one_time, rates
from bridge.store.database import Engine
from bridge.store.identity_lookup import LaunchIdentity
from bridge.sync.context import ReaderContexts
from bridge.sync.person import PersonSync
from bridge.sync.verdict import BUSY, Verdict, refused, the_person, unavailable, verdict_on

log = logging.getLogger(__name__)

AT_ONCE: Final = 8
"""Concurrent look-ups of one process, at most."""
REMEMBERED: Final = 60.0
"""Seconds for which the result of a look-up is reused for the next launch of the same person."""
REST: Final = 15.0
"""Seconds for which an LMS that did not answer is not asked again."""
MINUTE: Final = 60.0
UNVOUCHED: Final = 5
"""Launches for which the LMS does not vouch have a budget of their own, this part of the other one."""
STEP: Final = 0.05


@dataclass(frozen=True)
class TimeLimits:
    """Time limits in seconds."""

    answer: float = 5.0
    """From the beginning of the look-up to the learner's page."""
    ottolearn: float = 2.5
    """Of these for reading OttoLearn's users."""
    turn: float = 1.0
    """For a free slot among the `AT_ONCE` look-ups of the process."""
    claim: float = 15.0
    """After which the process of a look-up is presumed dead, and another launch may begin one."""


LIMITS: Final = TimeLimits()
"""The limits in production."""


@dataclass(frozen=True)
class LookUps:
    """Looks students up."""

    engine: Engine
    directory: Directory
    outbound: Outbound
    people: PersonSync
    connection: Callable[[str], Connection[Any] | None]
    """The connection of this name."""
    readers: ReaderContexts
    now: Callable[[], float]
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    limits: TimeLimits = LIMITS
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "look-up"))
    _slots: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    def ends(self) -> float:
        """The deadline of a look-up that begins now, by the monotonic clock."""
        return self.monotonic() + self.limits.answer

    def find(self, identity: LaunchIdentity, *, ignore_case: bool) -> Match:
        """The learner, before the LMS is asked; waits for another process that is just reading OttoLearn's users.

        Raises what `Directory.find` raises.
        """
        until = self.monotonic() + self.limits.ottolearn
        while True:
            left = max(0.0, until - self.monotonic())
            try:
                return self.directory.find(identity.student_id, ignore_case=ignore_case, max_wait=left)
            except NotSettled:
                if left <= STEP:
                    raise
                self.sleep(STEP)

    def sync_person(self, configured: Connection[Any], launch: Launch, identity: LaunchIdentity, ends: float) -> None:
        """Look up the person with the launch's ID in the LMS and sync them to OttoLearn, before `ends`.

        Raises LearnerNotFound where the LMS has nobody, or may not be asked; LearnerIncomplete; and LaunchRejected with
        one of the reasons that begin with `look_up`.
        """
        source = self.connection(configured.roster_connection) if configured.roster_connection else configured
        policy = configured.look_up
        if policy is None or source is None or not can_look_up(source):
            raise LearnerNotFound("the LMS cannot be asked for one person")
        if launch.assurance not in policy.assurances:
            raise LearnerNotFound(f"nobody is looked up for a launch that is {launch.assurance}")
        name = f"{source.name} {identity.keys[1]}"
        self._raise_known(source, name)
        if one_time.claim(self.engine, f"look-up {name}", now=self.now(), until=self.now() + self.limits.claim):
            self._ask(source, policy, launch, identity, name, ends)
        else:
            self._await(source, identity, configured.ignore_case, name, ends)

    def _raise_known(self, source: Connection[Any], name: str) -> None:
        """Raise the remembered result for this person, or that the LMS did not answer a moment ago."""
        for purpose, code, lives in (("look-up", name, REMEMBERED), ("look-ups", source.name, REST)):
            # Twice as long: the clock of the machine that stored it may be a little ahead of ours.
            if (found := one_time.look(self.engine, purpose, code, now=self.now(), lives=2 * lives)) is not None:
                refused(Verdict(found["reason"], found["detail"]))

    def _await(
        self, source: Connection[Any], identity: LaunchIdentity, ignore_case: bool, name: str, ends: float
    ) -> None:
        """Wait for the result of another launch's look-up of the same person."""
        while self.monotonic() < ends:
            if self.directory.look(identity.student_id, ignore_case=ignore_case) is not None:
                return
            self._raise_known(source, name)
            self.sleep(STEP)
        refused(unavailable("another launch of this person is being looked up"))

    def _ask(
        self,
        source: Connection[Any],
        policy: LookUpPolicy,
        launch: Launch,
        identity: LaunchIdentity,
        name: str,
        ends: float,
    ) -> None:
        with self._slot(name):
            self._require_budget(source, policy, launch)
            future = self._pool.submit(self._look_up, source, launch, identity, name, ends)
            future.add_done_callback(lambda _: self._slots.release())
        self._answer_of(future, ends)

    def _answer_of(self, future: Future[None], ends: float) -> None:
        try:
            future.result(timeout=max(0.0, ends - self.monotonic()))
        except TimeoutError:
            refused(unavailable(f"the look-up took longer than {self.limits.answer:.0f} seconds"))

    @contextmanager
    def _slot(self, name: str) -> Iterator[None]:
        """Acquire a slot, which the caller releases; where the block raises, the slot and the claim are released."""
        taken = self._slots.acquire(timeout=self.limits.turn)
        try:
            if not taken:
                refused(unavailable(f"{AT_ONCE} look-ups are under way already"))
            yield
        except BaseException:
            if taken:
                self._slots.release()
            one_time.release(self.engine, f"look-up {name}")
            raise

    def _require_budget(self, source: Connection[Any], policy: LookUpPolicy, launch: Launch) -> None:
        vouched = launch.assurance in VOUCHED
        most = policy.per_minute if vouched else max(1, policy.per_minute // UNVOUCHED)
        what = "look-ups" if vouched else "unvouched look-ups"
        if rates.count(self.engine, what, source.name, now=self.now(), span=MINUTE) > most:
            refused(
                unavailable(f"{most} people were looked up within this minute, as many as look_up.per_minute allows")
            )

    def _look_up(
        self, source: Connection[Any], launch: Launch, identity: LaunchIdentity, name: str, ends: float
    ) -> None:
        """The work of the pool thread. Raises what `sync_person` raises; remembers it for later launches."""
        try:
            self._bring(source, launch, identity, ends)
        except (LearnerNotFound, LaunchRejected) as error:
            verdict = Verdict.of(error)
            if verdict.reason != BUSY:
                self._remember("look-up", name, verdict, REMEMBERED)
            raise
        except (OttoBridgeError, ConfigError) as error:
            verdict = unavailable(str(error))
            self._remember("look-ups", source.name, verdict, REST)
            log.warning("the LMS of %s cannot be asked for one person: %s", source.name, error)
            refused(verdict)
        except Exception:
            log.exception("a look-up at %s has failed", source.name)
            raise
        finally:
            one_time.release(self.engine, f"look-up {name}")

    def _bring(self, source: Connection[Any], launch: Launch, identity: LaunchIdentity, ends: float) -> None:
        # A member list of one connection's launch is never asked for with the token of another.
        course = launch.member_list if source.name == identity.connection else ""
        context = self.readers.of(
            source,
            self.outbound.ending_at(ends),
            lambda sentence: log.info("%s: %s", source.name, sentence),
            sleep=partial(self._refuse_to_wait, ends),
            course=course,
        )
        member = the_person(source, context, launch, identity)
        verdict = verdict_on(self.people.sync_person(source, member, ends))
        if verdict is not None:
            refused(verdict)

    def _refuse_to_wait(self, ends: float, _seconds: float) -> None:
        """The `sleep` of a look-up: instead of waiting for another try it raises the error that is being handled."""
        if isinstance(error := sys.exception(), OttoBridgeError):
            raise error
        if self.monotonic() >= ends:
            raise RemoteUnavailable("the file is too large to be looked through while somebody waits")

    def _remember(self, purpose: str, code: str, verdict: Verdict, seconds: float) -> None:
        one_time.put(self.engine, purpose, code, verdict._asdict(), until=self.now() + seconds)
