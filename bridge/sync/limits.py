"""The limits of one run: which kinds of changes exceed them and are held. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.roster.settings import Limit, Roster
from bridge.store.sync_items import WRITES, Kind
from bridge.sync.reasons import RunReason

CLASSES: Final[Mapping[str, tuple[Kind, ...]]] = {
    "creations": (Kind.CREATE,),
    "updates": (Kind.UPDATE, Kind.LINK),
    "reactivations": (Kind.REACTIVATE,),
    "deactivations": (Kind.DEACTIVATE,),
    "id_changes": (Kind.FOLLOW,),
}


GUARDED: Final = {"deactivations", "id_changes"}
"""Classes that `--max-changes N` without a class does not raise."""


@dataclass(frozen=True, slots=True)
class MaxChanges:
    """The limits that `--max-changes` sets for one run, in place of the configured ones."""

    each: int | None = None
    """For every class; it can lower the limits of `GUARDED`, but not raise them."""
    of: Mapping[str, int] = field(default_factory=dict)
    """For single classes."""


NO_OTHERS: Final = MaxChanges()


@dataclass(frozen=True, slots=True)
class Load:
    """How much a plan would change, and of how many people."""

    counts: Mapping[str, int]
    """Items by kind."""
    owned: int
    """Active people whom the connection owns."""
    joining: int = 0
    """Existing users whom the plan matches for the first time; they count as people for the limit of updates."""
    first: bool = False
    """Whether no run of the connection was completed yet."""
    snapshot_lost: bool = False
    """Whether earlier runs had people and the snapshot is empty."""
    before: Mapping[str, int] = field(default_factory=dict)
    """Writes of earlier runs that count too, by kind, so that many small runs cannot exceed the limit together."""
    window: str = "by incremental runs since the last full run"
    """Which runs made them, for the sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which kinds of writes are held, with the reason word and a sentence for each limit."""

    held: tuple[Kind, ...] = ()
    reason: str = ""
    sentences: tuple[str, ...] = ()
    stops: bool = False
    """Whether not even the snapshot may be changed."""


def judge(load: Load, roster: Roster, max_changes: MaxChanges = NO_OTHERS) -> Verdict:
    """Which kinds of changes the limits hold."""
    allowed = set(CLASSES) - GUARDED if max_changes.each is not None else set()
    named = {kind for name in {*allowed, *max_changes.of} for kind in CLASSES[name]}
    load = replace(load, before={kind: number for kind, number in load.before.items() if kind not in named})
    beyond = [name for name in CLASSES if _is_beyond(load, name, _allowed(load, roster, name, max_changes))]
    stops = bool(beyond) and roster.on_exceed == "abort"
    sentences = [_sentence(load, name, _allowed(load, roster, name, max_changes)) for name in beyond]
    if load.snapshot_lost and roster.on_leave == "deactivate":
        sentences.append("No snapshot: no deactivations this run. It is rebuilt from this roster.")
        return Verdict(_held(beyond, roster) or (Kind.DEACTIVATE,), RunReason.SNAPSHOT_LOST, tuple(sentences), stops)
    return Verdict(_held(beyond, roster), RunReason.LIMIT_EXCEEDED if beyond else "", tuple(sentences), stops)


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
    if limit.percent is not None and not _has_no_base(load, name):
        figures.append(max(roster.limits.floor, _base(load, name) * limit.percent / 100))
    return min(figures, default=float("inf"))


def _has_no_base(load: Load, name: str) -> bool:
    """Whether a percentage has no base: at a first load, and for links, whose users no connection owns."""
    return (name == "creations" and load.first) or (name == "updates" and bool(load.counts.get(Kind.LINK)))


def _sentence(load: Load, name: str, allowed: float) -> str:
    before = _before(load, name)
    made = f"{before} made {load.window}, " if before else ""
    return (
        f"{_count(load, name)} {name} planned, {made}{int(allowed)} allowed (the connection has {_base(load, name)} "
        "active people): held. Look at the plan; if it is right, approve it."
    )
