"""The guard: how much one run may change, and what is held beyond that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.roster.settings import Limit, Roster
from bridge.store.sync_items import WRITES, Kind

CLASSES: Final[Mapping[str, tuple[Kind, ...]]] = {
    "creations": (Kind.CREATE,),
    "updates": (Kind.UPDATE, Kind.LINK),
    "reactivations": (Kind.REACTIVATE,),
    "deactivations": (Kind.DEACTIVATE,),
    "id_changes": (Kind.FOLLOW,),
}


GUARDED: Final = {"deactivations", "id_changes"}
"""Classes of which nobody wants more by the way."""


@dataclass(frozen=True, slots=True)
class MaxChanges:
    """What somebody lets one run do, in place of the limits of the configuration."""

    each: int | None = None
    """Of every class. Those of `GUARDED` only get fewer: whoever expects many creations has not asked for them."""
    of: Mapping[str, int] = field(default_factory=dict)
    """Of one class, whatever its limit is."""


NO_OTHERS: Final = MaxChanges()


@dataclass(frozen=True, slots=True)
class Load:
    """What a plan would do, and over how many people."""

    counts: Mapping[str, int]
    """Items by kind."""
    owned: int
    """Active people whom the connection owns."""
    joining: int = 0
    """Existing users whom the plan matches for the first time: they can be rewritten, so they count."""
    first: bool = False
    """No run of the connection has come to its end yet: a first load, perhaps the rest of one."""
    snapshot_lost: bool = False
    """Earlier runs knew people, and the snapshot knows nobody."""
    before: Mapping[str, int] = field(default_factory=dict)
    """Writes of earlier runs that count as well, by kind: many small runs must not do what one would hold."""
    window: str = "by incremental runs since the last full run"
    """When these were made."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which kinds of writes are held, with the reason word and a sentence for each limit."""

    held: tuple[Kind, ...] = ()
    reason: str = ""
    sentences: tuple[str, ...] = ()
    stops: bool = False
    """Whether not even the bridge's own memory of people may change."""


def judge(load: Load, roster: Roster, max_changes: MaxChanges = NO_OTHERS) -> Verdict:
    """What may be done of a plan."""
    allowed = set(CLASSES) - GUARDED if max_changes.each is not None else set()
    named = {kind for name in {*allowed, *max_changes.of} for kind in CLASSES[name]}
    load = replace(load, before={kind: number for kind, number in load.before.items() if kind not in named})
    beyond = [name for name in CLASSES if _is_beyond(load, name, _allowed(load, roster, name, max_changes))]
    stops = bool(beyond) and roster.on_exceed == "abort"
    sentences = [_sentence(load, name, _allowed(load, roster, name, max_changes)) for name in beyond]
    if load.snapshot_lost and roster.on_leave == "deactivate":
        sentences.append("No snapshot: no deactivations this run. It is rebuilt from this roster.")
        return Verdict(_held(beyond, roster) or (Kind.DEACTIVATE,), "snapshot_lost", tuple(sentences), stops)
    return Verdict(_held(beyond, roster), "limit_exceeded" if beyond else "", tuple(sentences), stops)


def _held(beyond: list[str], roster: Roster) -> tuple[Kind, ...]:
    if beyond and roster.on_exceed == "abort":
        return WRITES
    # Whatever looks wrong with a plan, taking access away can wait.
    names = {*beyond, "deactivations"} if beyond else set()
    return tuple(kind for name, kinds in CLASSES.items() if name in names for kind in kinds)


def _is_beyond(load: Load, name: str, allowed: float) -> bool:
    planned = _count(load, name)
    return planned > 0 and planned + _before(load, name) > allowed


def _before(load: Load, name: str) -> int:
    return sum(load.before.get(kind, 0) for kind in CLASSES[name])


def _count(load: Load, name: str) -> int:
    return sum(load.counts.get(kind, 0) for kind in CLASSES[name])


def _base(load: Load, name: str) -> int:
    if name == "creations":  # of those who were there when the window began
        return max(0, load.owned - _before(load, name))
    return load.owned + load.joining if name == "updates" else load.owned


def _allowed(load: Load, roster: Roster, name: str, max_changes: MaxChanges) -> float:
    if name in max_changes.of:
        return max_changes.of[name]
    if max_changes.each is None:
        return _configured(load, roster, name)
    if name not in GUARDED:
        return max_changes.each
    return min(max_changes.each, _configured(load, roster, name))


def _configured(load: Load, roster: Roster, name: str) -> float:
    limit: Limit = getattr(roster.limits, name)
    figures = [] if limit.number is None else [float(limit.number)]
    if limit.percent is not None and not _lacks_a_whole(load, name):
        figures.append(max(roster.limits.floor, _base(load, name) * limit.percent / 100))
    return min(figures, default=float("inf"))


def _lacks_a_whole(load: Load, name: str) -> bool:
    """Whether there is nothing to take per cent of: a first load, or links, whose people no connection owns.

    Links overwrite nothing, and a list of exactly those who lack one is the usual case.
    """
    return (name == "creations" and load.first) or (name == "updates" and bool(load.counts.get(Kind.LINK)))


def _sentence(load: Load, name: str, allowed: float) -> str:
    before = _before(load, name)
    made = f"{before} made {load.window}, " if before else ""
    return (
        f"{_count(load, name)} {name} planned, {made}{int(allowed)} allowed (the connection has {_base(load, name)} "
        "active people): held. Look at the plan; if it is right, approve it."
    )
