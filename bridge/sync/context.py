"""What a sync works with: everything around it that is not pure, and the right to stop it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from bridge.contracts import Learner
from bridge.errors import OttoBridgeError
from bridge.learners.directory import Directory
from bridge.learners.reading import AlreadyReading
from bridge.ottolearn.api import Attribute
from bridge.roster.services import ConnectionState, LtiServices, Pushes
from bridge.store.database import Engine

PATIENCE: Final = 1_800.0
"""Seconds to wait for other readings of OttoLearn's list; one of a million users takes minutes."""
STEP: Final = 1.0


class Interrupted(OttoBridgeError):
    """Somebody asked the run to stop; what was under way has been finished and recorded."""


class Writes(Protocol):
    """The calls that change OttoLearn, as `bridge.ottolearn.api.OttoLearnApi` makes them, each tried once."""

    def attributes(self) -> list[Attribute]: ...

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner: ...

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool | None) -> Learner: ...


@dataclass(frozen=True, slots=True)
class RunContext:
    """Everything around a sync that is not pure."""

    engine: Engine
    directory: Directory
    ottolearn: Writes
    now: Callable[[], float]
    """Seconds since 1970."""
    sleep: Callable[[float], None]
    token: Callable[[], str]
    """A long random text: passwords of new users."""
    chance: Callable[[], float]
    """A random number from 0 to 1."""
    notice: Callable[[str], None]
    """Says one sentence to the operator; never a name or an id of a person."""
    progress: Callable[[str, int, int | None], None]
    """Stage, how many are done, of how many."""
    stopping: Callable[[], bool]
    """Whether somebody asked the run to stop."""
    require_lock: Callable[[], None] = lambda: None
    """Asked before each batch of writes; raises LockLost where another run of the connection may have begun."""
    services: Callable[[], LtiServices] | None = None
    """What roster readers that ask an LTI platform work with."""
    fresh_for: float = 0.0
    """Seconds for which OttoLearn's users need not be read again before a plan is made; writes follow what is true."""
    pushes: Pushes | None = None
    """What was pushed to the connection; None where nobody pushes."""
    state: ConnectionState | None = None
    """What is kept for the API of the connection."""

    def refresh(self) -> None:
        """Read OttoLearn's users again, when it is our turn. Raises what reading raises, and AlreadyReading after
        `PATIENCE`, or when asked to stop.

        A run that was killed leaves its right to read behind for half a minute; whoever repeats the command waits.
        """
        ends = self.now() + PATIENCE
        while True:
            try:
                self.directory.refresh()
            except AlreadyReading:
                if self.now() >= ends or self.stopping():
                    raise
                self.sleep(STEP)
            else:
                return
