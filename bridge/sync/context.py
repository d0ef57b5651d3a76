"""The dependencies of a sync run that are not pure: database, OttoLearn, LMS, time, randomness, interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from bridge.contracts import Connection, Learner, ReaderContext
from bridge.errors import OttoBridgeError
from bridge.keys.connection_state import StoredState
from bridge.learners.directory import Directory
from bridge.learners.refresh_lease import RefreshInProgress
from bridge.net.http import Outbound
from bridge.ottolearn.api import Attribute
from bridge.roster.services import LtiServices
from bridge.scim.pushes import pushes_of
from bridge.store import courses
from bridge.store.database import Engine

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

PATIENCE: Final = 1_800.0
"""Seconds to wait for other readings of OttoLearn's list; one of a million users takes minutes."""
STEP: Final = 1.0


class Interrupted(OttoBridgeError):
    """Somebody asked the run to stop; what was under way has been finished and recorded."""


class Stopped(Interrupted):
    """Somebody asked for this run to stop by `ottobridge runs stop` or on a page."""


class Writes(Protocol):
    """The calls that change OttoLearn, as `bridge.ottolearn.api.OttoLearnApi` makes them, each tried once."""

    def attributes(self) -> list[Attribute]: ...

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner: ...

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool | None) -> Learner: ...


@dataclass(frozen=True, slots=True)
class RunContext:
    """The dependencies of a run that are not pure."""

    engine: Engine
    directory: Directory
    ottolearn: Writes
    readers: ReaderContexts
    now: Callable[[], float]
    """Seconds since 1970."""
    sleep: Callable[[float], None]
    token: Callable[[], str]
    """A long random text: passwords of new users."""
    chance: Callable[[], float]
    """A random number from 0 to 1."""
    notice: Callable[[str], None]
    """Shows a sentence to the operator; it must hold no name and no id of a person."""
    progress: Callable[[str, int, int | None], None]
    """Stage, how many are done, of how many."""
    stopping: Callable[[], bool]
    """Whether somebody asked the run to stop."""
    require_lock: Callable[[], None] = lambda: None
    """Asked before each batch of writes; raises LockLost where another run of the connection may have begun."""
    fresh_for: float = 0.0
    """The age in seconds up to which the directory is fresh enough for making a plan; 0: always read it again."""

    def refresh(self) -> None:
        """Read OttoLearn's users again, after other processes that are reading them. Raises what reading raises, and
        RefreshInProgress after `PATIENCE` seconds or when asked to stop.

        The lease of a process that was killed ends after half a minute.
        """
        ends = self.now() + PATIENCE
        while True:
            try:
                self.directory.refresh()
            except RefreshInProgress:
                if self.now() >= ends or self.stopping():
                    raise
                self.sleep(STEP)
            else:
                return


@dataclass(frozen=True, slots=True)
class ReaderContexts:
    """Makes the reader context of a connection."""

    engine: Engine
    secret_key: str = field(repr=False)
    usernames: Sequence[str]
    """OttoLearn's Username attributes."""
    signing: Callable[[], RSAKey]
    """Our own key for LTI platforms."""
    now: Callable[[], float]
    sleep: Callable[[float], None]
    new_id: Callable[[], str]
    """A new unique id for each signed assertion."""

    def of(
        self,
        connection: Connection[Any],
        outbound: Outbound,
        notice: Callable[[str], None],
        *,
        sleep: Callable[[float], None] | None = None,
        course: str = "",
    ) -> ReaderContext:
        """The context of one reading. `sleep` replaces the default; `course` is that of the waiting launch."""
        return ReaderContext(
            outbound,
            self.now,
            sleep or self.sleep,
            notice,
            lambda: self._services(connection.name, course),
            self.usernames,
            pushes_of(self.engine, connection.name) if connection.adapter.takes_pushes else None,
            self.state(connection.name),
        )

    def state(self, connection: str) -> StoredState:
        """What is kept for the API of a connection."""
        return StoredState(self.engine, self.secret_key, connection, self.now, self.sleep)

    def _services(self, connection: str, course: str) -> LtiServices:
        return LtiServices(self.signing(), self.new_id, connection, courses.learned(self.engine, connection), course)
