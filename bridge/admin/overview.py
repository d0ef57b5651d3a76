"""The overview: what needs an administrator now, and how the bridge does, from counts that are kept already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from bridge.contracts import Outcome
from bridge.store import gauges, launch_counts, packages
from bridge.store.database import Engine
from bridge.store.gauges import GaugeValues
from bridge.store.launch_counts import HOUR, Count
from bridge.store.workers import alive, unserved_work

DAY: Final = 24
WEEK: Final = 7 * DAY
ENOUGH: Final = 20
"""Launches of a day from which on the share of those that got in is compared."""
FALLEN: Final = 0.1
"""By how much that share may fall before the overview shows it."""
MOST: Final = 20
"""Connections that are listed for one kind of need; the rest are one line."""
LATE: Final = 3600.0
"""Seconds that a report of progress may wait for its LMS."""


class Share(NamedTuple):
    """How many launches got in, of how many."""

    matched: int
    launches: int

    @property
    def part(self) -> float:
        """From 0 to 1; of no launches 0."""
        return self.matched / self.launches if self.launches else 0.0


class Need(NamedTuple):
    """One thing that an administrator should do: what it is, and the page for it."""

    what: str
    """A stable word, such as `unmatched`."""
    title: str
    why: str
    page: str
    """`unmatched`, `sync`, `connections`, `launches` or `connection`."""
    connection: str = ""
    number: int = 0
    is_urgent: bool = False


@dataclass(frozen=True)
class Overview:
    """The overview at one time."""

    needs: list[Need]
    today: Share
    """The last 24 hours, by whole hours."""
    week: Share
    """The seven days before."""
    counts: list[Count]
    """The launches of both, of all connections together."""
    missing: int
    gauges: GaugeValues


def look(
    engine: Engine,
    now: float,
    *,
    refresh_every: float,
    is_well: Callable[[], bool] = lambda: True,
    needs_workers: bool = False,
) -> Overview:
    """What there is to see. `refresh_every`: seconds between two readings of OttoLearn's users. `needs_workers`:
    whether the configuration leaves to `ottobridge worker` what is to do between requests.

    Raises DatabaseError where the database does not answer.
    """
    hour = int(now) // HOUR
    counts, missing = launch_counts.counts_since(engine, hour - DAY - WEEK + 1, named=())
    known = gauges.read(engine)
    today = _share(counts, range(hour - DAY + 1, hour + 1))
    week = _share(counts, range(hour - DAY - WEEK + 1, hour - DAY + 1))
    sites = [row.connection for row in packages.origins(engine) if row.state == packages.NEW]
    needs = [
        *_of_the_bridge(known, now, refresh_every, is_well=is_well()),
        *_of_workers(known, now, needs_workers),
        *_of_launches(today, week),
        *_of_people(known),
        *_of_sites({name: sites.count(name) for name in sites}),
    ]
    return Overview(sorted(needs, key=lambda need: not need.is_urgent), today, week, counts, missing, known)


def _of_the_bridge(known: GaugeValues, now: float, refresh_every: float, *, is_well: bool) -> Iterator[Need]:
    read_at = known.directory.refreshed_at
    if read_at is None:
        yield Need(
            "directory", "OttoLearn’s users were never read", "Nobody can get in before.", "directory", is_urgent=True
        )
    elif now - read_at > 2 * refresh_every:
        why = "Who was added in OttoLearn since may not get in. Is OttoLearn’s API reachable?"
        yield Need("directory", "OttoLearn’s users were not read for long", why, "directory", is_urgent=True)
    if not is_well:
        why = "The launch that the bridge sends itself did not get in."
        yield Need("self_test", "The self-test fails", why, "launches", is_urgent=True)
    if known.waiting_since is not None and now - known.waiting_since > LATE:
        why = "The LMS does not take it; the bridge tries again by itself."
        yield Need("progress", "Progress waits for an LMS", why, "connections", number=known.waiting)


def _of_workers(known: GaugeValues, now: float, needs_workers: bool) -> Iterator[Need]:
    missing = unserved_work(known.workers, now) if needs_workers else ""
    if missing:
        title = "A queue has no worker" if alive(known.workers, now) else "No worker is running"
        why = f"{missing[0].upper()}{missing[1:]}, until ottobridge worker runs."
        yield Need("workers", title, why, "workers", is_urgent=True)


def _of_launches(today: Share, week: Share) -> Iterator[Need]:
    if min(today.launches, week.launches) >= ENOUGH and week.part - today.part > FALLEN:
        title = f"Fewer get in: {today.part:.0%} today, {week.part:.0%} in the week before"
        yield Need("share", title, "See which connection, and why.", "failed", is_urgent=True)


def _of_people(known: GaugeValues) -> Iterator[Need]:
    for what, title, why, page, by_name in (
        ("unmatched", "could not get in", "Nobody in OttoLearn has their ID.", "unmatched", known.unmatched),
        ("held", "are held back by a sync", "A limit asks for somebody to approve.", "sync", known.held),
        (
            "disputed",
            "have an ID that two records claim",
            "They are kept out until it is settled.",
            "sync",
            known.disputed,
        ),
        ("quarantined", "were refused by OttoLearn", "The next sync tries again.", "sync", known.quarantined),
    ):
        yield from _each(what, title, why, page, by_name)


def _of_sites(by_name: Mapping[str, int]) -> Iterator[Need]:
    why = "Launches from there are refused until you approve."
    several = sorted(by_name.items())
    for name, count in several[:MOST]:
        title = f"{count} new {'site plays' if count == 1 else 'sites play'} packages of {name}"
        yield Need("sites", title, why, "connection", name, count)
    if rest := several[MOST:]:
        title = f"New sites play packages of {len(rest):,} more connection{'s' if len(rest) > 1 else ''}"
        yield Need("sites", title, why, "connections", number=sum(count for _, count in rest))


def _each(what: str, title: str, why: str, page: str, by_name: Mapping[str, int]) -> Iterator[Need]:
    worst = sorted(((name, count) for name, count in by_name.items() if count), key=lambda item: (-item[1], item[0]))
    for name, count in worst[:MOST]:
        yield Need(what, _title(count, name, title), why, page, name, count)
    if rest := worst[MOST:]:
        count = sum(number for _, number in rest)
        others = f"{len(rest):,} more connection{'s' if len(rest) > 1 else ''}"
        yield Need(what, _title(count, others, title), why, page, number=count)


def _title(count: int, whose: str, title: str) -> str:
    return f"1 student of {whose} {_of_one(title)}" if count == 1 else f"{count:,} students of {whose} {title}"


def _of_one(title: str) -> str:
    verb, _, rest = title.partition(" ")
    one = {"are": "is", "have": "has", "were": "was"}
    return f"{one.get(verb, verb)} {rest}"


def _share(counts: Collection[Count], hours: range) -> Share:
    inside = [count for count in counts if count.hour in hours]
    matched = sum(count.launches for count in inside if count.outcome == Outcome.MATCHED)
    return Share(matched, sum(count.launches for count in inside))
