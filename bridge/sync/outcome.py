"""The outcome of a sync run: counts, status, reason, durations, exit code, and its JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bridge.store.sync_items import Kind, State
from bridge.store.sync_runs import GUESSED, Status, kind_of
from bridge.sync.context import RunContext
from bridge.sync.reasons import RunReason

DONE, FAILED, HELD_BACK, QUARANTINED, LOCKED, STALE, INTERRUPTED = 0, 1, 3, 4, 5, 6, 130
COUNTED: Final = {
    "created": (Kind.CREATE,),
    "updated": (Kind.UPDATE, Kind.LINK, Kind.FOLLOW),
    "reactivated": (Kind.REACTIVATE,),
    "deactivated": (Kind.DEACTIVATE,),
}
DOCUMENT: Final = (
    *("run", "connection", "kind", "status", "reason", "read", *COUNTED),
    *("unchanged", "conflicts", "skipped", "quarantined", "held", "seconds"),
)
SAMPLES: Final = 200
"""Points of the plot, at most twice as many."""
FIRST_STEP: Final = 0.25
"""Seconds between two points, doubled whenever there are too many."""
Counts = Mapping[tuple[str, str, str], int]
"""Items by (kind, state, reason)."""


@dataclass(slots=True)
class Outcome:
    """The outcome of one run."""

    run: int
    connection: str
    status: str
    reason: str = ""
    since: float | None = None
    """For an incremental run: since when changes were read, by the source's clock. None: the whole roster was read."""
    read_to: float | None = None
    """The source's clock when the reading began."""
    look_up: bool = False
    """Whether one person alone was read, for a launch."""
    lacks: str = ""
    """The right that the source did not give to the reader (`RosterEnd.lacks`)."""
    override: bool = False
    """Whether what somebody changed in OttoLearn was to be overwritten."""
    guess: str = ""
    """What the reader of the roster guessed."""
    read: int = 0
    created: int = 0
    updated: int = 0
    reactivated: int = 0
    deactivated: int = 0
    unchanged: int = 0
    conflicts: int = 0
    skipped: int = 0
    quarantined: int = 0
    held: int = 0
    seconds: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)
    """People about whom there is something to say, by reason."""
    notices: list[str] = field(default_factory=list)
    durations: dict[str, float] = field(default_factory=dict)
    """Seconds by stage."""
    samples: list[tuple[float, int, int]] = field(default_factory=list)
    """(seconds since the start, members read, writes done): the plot."""
    allowed: bool = False
    """Whether the run was approved, or ran with other limits than the configured ones."""
    plan_file: str = ""
    report_file: str = ""
    retry_file: str = ""
    corrected_file: str = ""
    """The copy of a file with mistakes that says what to correct."""
    reading: tuple[str, ...] = ()
    """The options of the command line by which the roster was read from another place than the configuration names."""
    lines: list[str] = field(default_factory=list)
    """The plan as people read it."""

    def document(self) -> dict[str, Any]:
        """What `sync --json` prints."""
        found = {name: getattr(self, name) for name in DOCUMENT}
        found["seconds"] = round(self.seconds, 3)
        extra: dict[str, Any] = {
            "plan_file": self.plan_file,
            "report_file": self.report_file,
            "retry_file": self.retry_file,
            "corrected_file": self.corrected_file,
        }
        extra["notices"] = self.notices
        return {**found, **{name: value for name, value in extra.items() if value}}

    def summary(self) -> dict[str, Any]:
        """What the record of runs keeps."""
        return {
            **self.document(),
            "lacks": self.lacks,
            "allowed": self.allowed,
            "override": self.override,
            "guess": self.guess,
            "reasons": self.reasons,
            "notices": self.notices,
            "durations": self.durations,
            "samples": self.samples,
        }

    def count(self, counts: Counts, *, planned: bool) -> None:
        """Set the counts from the items of the run: those done, or, of a plan, those planned or held."""
        reached = {State.PLANNED, State.HELD} if planned else {State.DONE}
        for name, wanted in COUNTED.items():
            setattr(self, name, sum(n for (kind, state, _), n in counts.items() if kind in wanted and state in reached))
        self.held = sum(n for (_, state, _), n in counts.items() if state == State.HELD)
        self.quarantined = sum(n for (_, state, _), n in counts.items() if state == State.QUARANTINED)
        self.conflicts = sum(n for (kind, _, _), n in counts.items() if kind == Kind.CONFLICT)
        reasons: Counter[str] = Counter()
        for (_, _, reason), number in counts.items():
            reasons[reason] += number
        del reasons[""]
        self.reasons = dict(reasons.most_common())

    @property
    def kind(self) -> str:
        """`whole` (a full run), `in_between` (an incremental run) or `look_up`."""
        return kind_of(self.since, look_up=self.look_up)

    @property
    def exit_code(self) -> int:
        """The exit code of the command, as docs/sync.md lists them."""
        by_reason = {
            RunReason.LOCKED: LOCKED,
            RunReason.STALE: STALE,
            RunReason.INTERRUPTED: INTERRUPTED,
            RunReason.STOPPED: INTERRUPTED,
            GUESSED: HELD_BACK,
        }
        if self.reason in by_reason:
            return by_reason[self.reason]
        return {
            Status.FAILED: FAILED,
            Status.HELD_BACK: HELD_BACK,
            Status.PARTIAL: QUARANTINED,
        }.get(Status(self.status), DONE)


class Clock:
    """Writes durations and samples into the outcome of one run."""

    def __init__(self, now: Callable[[], float], outcome: Outcome) -> None:
        self._now = now
        self._outcome = outcome
        self._began = now()
        self._step = FIRST_STEP
        self._next = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to the stage."""
        began = self._now()
        try:
            yield
        finally:
            durations = self._outcome.durations
            durations[name] = round(durations.get(name, 0.0) + self._now() - began, 3)

    def sample(self, read: int, written: int) -> None:
        """Add a point to the plot of the run, at most one in each step."""
        passed = self._now() - self._began
        if passed < self._next:
            return
        samples = self._outcome.samples
        samples.append((round(passed, 3), read, written))
        if len(samples) >= 2 * SAMPLES:
            del samples[1::2]
            self._step *= 2
        self._next = passed + self._step

    def watch(self, context: RunContext) -> RunContext:
        """The context with a `progress` that also adds points to the plot."""

        def progress(stage: str, done: int, total: int | None) -> None:
            self.sample(self._outcome.read, done)
            context.progress(stage, done, total)

        return replace(context, progress=progress)
