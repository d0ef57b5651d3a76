"""Reads the roster into a planner: all of it, or only changes since the last run. In doubt all of it.

The pages of a source are regrouped into batches for the database, and checked against their RosterEnd.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bridge.contracts import ReaderContext, RosterEnd, RosterMember, RosterPages
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.identifiers import normalize
from bridge.net.http import Outbound
from bridge.ottolearn.lms_pace import paced
from bridge.roster.prefetch import prefetch
from bridge.store import sync_items, sync_people, sync_runs
from bridge.store.sync_runs import Run, Status
from bridge.sync.changes_plan import ChangesPlanner
from bridge.sync.facts import Rules
from bridge.sync.link_plan import LinkPlanner
from bridge.sync.plan import Planner
from bridge.sync.reasons import RunReason
from bridge.sync.record import Job

GROUPS_AHEAD: Final = 2
"""Batches read in advance: enough to keep the source busy, few enough to keep memory small."""
BATCH: Final = 400
"""Members compared at a time: fewer need more statements, more do not fit into a processor's cache."""


class Start(NamedTuple):
    """What is to be read."""

    since: float | None = None
    """Changes from then on, by the source's clock. None: the whole roster."""
    clock: float = 0.0
    """With `since`: the source's clock at the last reading. It must not be earlier now."""
    why: str = ""
    """Why it is a full run although the source has changes; a part of a sentence, empty for none."""


def start_of(job: Job, *, whole: bool) -> Start:
    """What the run of `job` reads. `whole`: a full run is due or was asked for."""
    engine, target = job.context.engine, job.target
    last = sync_runs.last_that_acted(engine, target.source, job.outcome.run)
    if whole or last is None or not target.tells_changes():
        return Start()
    if not sync_people.has_snapshot(engine, target.source):
        return Start(why="the bridge does not remember anybody of this connection")
    return start_after(last, target.fingerprint(), target.connection.adapter.overlap)


def start_after(last: Run, settings: str, overlap: float) -> Start:
    """What a run reads that follows the run `last`; `settings` is the fingerprint of the configuration now."""
    if last.settings != settings:
        return Start(why="the configuration has changed since the last run")
    if last.status == Status.FAILED or last.reason == RunReason.ROSTER_INCOMPLETE:
        return Start(why="the last run failed")
    if last.status == Status.DONE and last.read_to is not None:
        return Start(last.read_to - overlap, last.read_to)
    if last.status == Status.DONE:
        return Start(why="there is no checkpoint: the source did not say what time it was at the last run")
    if last.since is not None:
        # Held back, in quarantine or interrupted: its changes are read again.
        return Start(last.since, last.read_to or last.since)
    return Start(why="the last run left something undone")


def read(job: Job, outbound: Outbound, rules: Rules, start: Start, *, full: bool) -> Planner:
    """The planner after everything was read. Falls back to the whole roster where changes are not reliable.

    Raises what reading raises.
    """
    if start.why:
        _notice_full_run(job, start.why)
    context, rate = job.context, job.target.roster.calls_per_second
    in_turn = paced(outbound, context.engine, rate, context.now, context.sleep)
    reader_context = context.readers.of(job.target.connection, in_turn, context.notice)
    if start.since is not None:
        try:
            return _read_changes(job, reader_context, rules, start.since, start.clock)
        except RosterIncomplete as error:
            _notice_full_run(job, f"what changed cannot be relied on: {error}")
    return _read_full(job, reader_context, rules, full=full)


def _notice_full_run(job: Job, why: str) -> None:
    job.outcome.notices.append(f"The whole roster is read: {why}.")


def _read_changes(job: Job, reader_context: ReaderContext, rules: Rules, since: float, clock: float) -> ChangesPlanner:
    """The planner after reading changes. Raises RosterIncomplete where they are not reliable."""
    target = job.target
    if target.read_changes is None:
        raise ValueError("the source cannot be asked for changes")
    job.outcome.since = since
    planner = ChangesPlanner(job, rules)
    _plan(job, planner, _reliable(target.read_changes(target.connection.settings, reader_context, since)))
    if job.outcome.read_to is not None and job.outcome.read_to < clock:
        sync_items.drop(job.context.engine, job.outcome.run)
        raise RosterIncomplete("the source's clock has gone back")
    return planner


def _reliable(changes: RosterPages) -> RosterPages:
    """`changes`, with RemoteRefused turned into RosterIncomplete."""
    try:
        yield from changes
    except RemoteRefused as error:
        raise RosterIncomplete(str(error)) from error


def _read_full(job: Job, reader_context: ReaderContext, rules: Rules, *, full: bool) -> Planner:
    target = job.target
    job.outcome.since = None
    planner = LinkPlanner(job, rules, target.link) if target.link is not None else Planner(job, rules, full=full)
    pages = target.read_roster(target.connection.settings, reader_context)
    _plan(job, planner, _including(pages, target.roster.must_include))
    return planner


def _including(pages: RosterPages, expected: Sequence[str]) -> RosterPages:
    """`pages`; raises RosterIncomplete at their end where one of the student IDs `expected` was not among them."""
    missing = {normalize(student_id) for student_id in expected}
    for page in pages:
        if not isinstance(page, RosterEnd):
            if missing:
                missing -= {normalize(member.student.student_id) for member in page}
        elif missing:
            raise RosterIncomplete(
                f"{len(missing)} of the {len(set(expected))} people of roster.must_include are not on the roster: the "
                "source did not show everybody, and nobody will be deactivated. Give the account that reads it the "
                "right to see all people; who has left for good is taken out of roster.must_include"
            )
        yield page


def _plan(job: Job, planner: Planner, pages: RosterPages) -> None:
    """Feed the pages to the planner. Raises what reading raises, after deleting the partial plan."""
    job.outcome.read_to = None
    _record(job)
    try:
        with job.clock.stage("reading and comparing"):
            found = groups(_noting_the_end(job, pages))
            with job.target.unchanged_file(), prefetch(found, job.stop_if_asked, depth=GROUPS_AHEAD) as ahead:
                planner.read(ahead)
            if job.target.roster.on_leave == "deactivate":
                planner.finish(job.context.now())
        _record(job)
    except BaseException:
        # A partial plan must never be applied.
        sync_items.drop(job.context.engine, job.outcome.run)
        raise
    finally:
        job.outcome.read, job.outcome.unchanged = planner.read_total, planner.unchanged


def _record(job: Job) -> None:
    read = {"since": job.outcome.since, "read_to": job.outcome.read_to}
    sync_runs.change(job.context.engine, job.outcome.run, **read)


def _noting_the_end(job: Job, pages: RosterPages) -> RosterPages:
    for page in pages:
        if isinstance(page, RosterEnd):
            job.outcome.read_to, job.outcome.guess, job.outcome.lacks = page.as_of, page.guess, page.lacks
        yield page


def groups(pages: RosterPages) -> Iterator[Sequence[RosterMember]]:
    """The members of a roster in batches of `BATCH`.

    Raises what reading raises, and RosterIncomplete, after the last group, without proof of the roster's end.
    """
    end: RosterEnd | None = None
    read = 0
    for members in _regrouped(pages):
        if end is not None:
            raise RosterIncomplete("the source went on after its end")
        if isinstance(members, RosterEnd):
            end = members
            continue
        read += len(members)
        yield members
    if end is None:
        raise RosterIncomplete("the source ended without saying that this was everybody")
    if end.total != read:
        raise RosterIncomplete(f"the source says {end.total} people and sent {read}")


def _regrouped(pages: RosterPages) -> Iterator[Sequence[RosterMember] | RosterEnd]:
    """The pages in batches of `BATCH` members, and the RosterEnd."""
    group: list[RosterMember] = []
    for page in pages:
        if isinstance(page, RosterEnd):
            if group:
                yield group
            group = []
            yield page
            continue
        group.extend(page)
        while len(group) >= BATCH:
            yield group[:BATCH]
            del group[:BATCH]
    if group:
        yield group
