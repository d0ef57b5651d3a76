"""What the sync pages say: how a run stands, how far it is, and why what was asked for waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup, escape

from bridge.store.sync_requests import Act, Stage, SyncRequest
from bridge.store.sync_runs import Run, Status
from bridge.sync.activity import Activity
from bridge.sync.reasons import OF_A_PERSON, OF_A_RUN, REFUSED, RunAdvice, RunReason
from bridge.web.admin.formatting import number, span

STATES: Final[Mapping[str, tuple[str, str]]] = {
    Status.READING: ("reading", "note"),
    Status.APPLYING: ("writing", "note"),
    Status.PLANNED: ("planned", "note"),
    Status.HELD_BACK: ("held back", "warn"),
    Status.DONE: ("done", "good"),
    Status.PARTIAL: ("done in part", "warn"),
    Status.FAILED: ("failed", "bad"),
}
"""Words and colour of how a run stands."""
KINDS: Final = {"whole": "full run", "in_between": "incremental run", "look_up": "one person, for a launch"}
ACTS: Final[Mapping[str, str]] = {
    Act.SYNC: "a sync",
    Act.PLAN: "a plan",
    Act.APPLY: "carrying out a plan",
    Act.APPROVE: "what was held back",
}
LONG: Final = 60.0
"""Seconds after which a process that lives would have begun with what was asked for."""
FEW: Final = 3


@dataclass(frozen=True)
class Live:
    """What is said of a connection on which something happens."""

    id: str
    text: str
    done: int = 0
    total: int = 0
    """0: nobody knows."""
    is_bad: bool = False
    has_bar: bool = False

    @property
    def document(self) -> dict[str, object]:
        """As an event says it."""
        return {"id": self.id, "text": self.text, "done": self.done, "total": self.total}


@dataclass(frozen=True)
class Processes:
    """Who carries out what is asked for."""

    are_workers: bool
    """Whether workers do; else the processes that serve, between requests."""
    alive: int
    """Workers that live and take rosters."""
    busy: int
    """Syncs under way, of all connections."""

    @property
    def is_nobody(self) -> bool:
        """Whether nobody is there to do it."""
        return self.are_workers and not self.alive


NOBODY: Final = (
    "No worker is running, so nothing that is asked for here is done, and no sync begins by itself. "
    "Start `ottobridge worker`, or find out why it has ended."
)


def live_of(id: str, activity: Activity, processes: Processes, before: int, now: float) -> Live:  # noqa: A002
    """What there is to say; `before`: how many people the last full run has read."""
    if activity.run is None:
        return _waiting(id, activity, processes, now)
    if not activity.lives(now):
        text = (
            f"Nothing was heard of it for {span(activity.silent_for(now))}: its process may have ended. "
            "The next sync finds out what became of it, and goes on from there."
        )
        return Live(id, text, is_bad=True)
    return _running(id, activity.run, activity, before)


def _running(id: str, run: Run, activity: Activity, before: int) -> Live:  # noqa: A002
    progress = activity.progress
    stopping = " It was asked to stop, and ends what it has begun." if activity.stop_asked else ""
    if progress is None:
        return Live(id, f"It reads who is in OttoLearn, and begins with the roster.{stopping}", has_bar=True)
    done = progress.done
    if progress.total is not None:
        text = f"Writing to OttoLearn: {number(done)} of {number(progress.total)}.{stopping}"
        return Live(id, text, done, progress.total, has_bar=True)
    if run.kind == "whole" and done <= before:
        text = f"Reading the roster: {number(done)} people so far; the last one had {number(before)}.{stopping}"
        return Live(id, text, done, before, has_bar=True)
    return Live(id, f"Reading the roster: {number(done)} people so far.{stopping}", done, has_bar=True)


def _waiting(id: str, activity: Activity, processes: Processes, now: float) -> Live:  # noqa: A002
    request = activity.request
    if request is None:
        return Live(id, "")
    if processes.is_nobody:
        return Live(id, NOBODY, is_bad=True)
    if request.state == Stage.RUNNING:
        return Live(id, "It begins now.", has_bar=True)
    if activity.ahead:
        first = ", ".join(one.connection for one in activity.ahead[:FEW])
        more = f" and {len(activity.ahead) - FEW} more" if len(activity.ahead) > FEW else ""
        return Live(id, f"It waits for what was asked for before: {first}{more}.")
    since = now - request.asked_at
    if since < LONG:
        return Live(id, "It begins within some seconds.")
    if processes.busy:
        return Live(id, f"It has been waiting for {span(since)}: a sync of another connection is under way.")
    who = "no worker takes rosters (`--queues`)" if processes.are_workers else "the process that should has ended"
    text = f"Nobody has begun with it for {span(since)}: {who}, or an error keeps it from that. The log says more."
    return Live(id, text, is_bad=True)


def asked(request: SyncRequest) -> str:
    """What was asked for, and by whom."""
    what = ACTS.get(request.act, request.act)
    plan = f" (run {request.run})" if request.run is not None else ""
    return f"{what}{plan}"


def coded(text: str) -> Markup:
    """The text, with what stands between backticks as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(text.split("`"))
    ]
    return Markup().join(parts) if len(parts) % 2 else escape(text)


def state_of(run: Run) -> tuple[str, str]:
    """Words and colour of how a run stands."""
    return STATES.get(run.status, (run.status, "note"))


def advice_of(reason: str) -> RunAdvice | None:
    """What a reason of a run or of a person means; None for one that an older version wrote."""
    if reason.startswith("refused_"):
        return REFUSED
    if reason not in set(RunReason):
        return None
    return OF_A_RUN.get(RunReason(reason)) or OF_A_PERSON.get(RunReason(reason))


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "asked": asked,
    "coded": coded,
    "advice_of": advice_of,
    "state_of": state_of,
    "kind_of": lambda run: KINDS[run.kind],
}
"""By the names that templates call them."""
