"""Reading into a plan: the whole roster, or what changed since the last run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bridge.contracts import ReaderContext, RosterEnd, RosterPages
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.identifiers import normalize
from bridge.net.http import Outbound
from bridge.roster.prefetch import prefetch
from bridge.store import sync_items, sync_runs
from bridge.sync.changes_plan import ChangesPlanner
from bridge.sync.facts import Rules
from bridge.sync.groups import groups
from bridge.sync.link_plan import LinkPlanner
from bridge.sync.plan import Planner
from bridge.sync.record import Job
from bridge.sync.start import Start

GROUPS_AHEAD: Final = 2
"""Enough to keep the source busy, little enough to stay small."""


def read(job: Job, outbound: Outbound, rules: Rules, start: Start, *, full: bool) -> Planner:
    """The plan of the job's run. Changes that cannot be relied on are forgotten, and the whole roster is read.

    Raises what reading raises.
    """
    if start.why:
        _say_whole(job, start.why)
    context, usernames = job.context, job.target.usernames
    reader_context = ReaderContext(
        outbound,
        context.now,
        context.sleep,
        context.notice,
        context.services,
        usernames,
        context.pushes,
        context.state,
    )
    if start.since is not None:
        try:
            return _read_changes(job, reader_context, rules, start.since, start.clock)
        except RosterIncomplete as error:
            _say_whole(job, f"what changed cannot be relied on: {error}")
    return _read_whole(job, reader_context, rules, full=full)


def _say_whole(job: Job, why: str) -> None:
    job.outcome.notices.append(f"The whole roster is read: {why}.")


def _read_changes(job: Job, reader_context: ReaderContext, rules: Rules, since: float, clock: float) -> ChangesPlanner:
    """The plan from what changed. Raises RosterIncomplete where that cannot be relied on."""
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
    """`changes`, a source that refuses to tell them being one that cannot be relied on."""
    try:
        yield from changes
    except RemoteRefused as error:
        raise RosterIncomplete(str(error)) from error


def _read_whole(job: Job, reader_context: ReaderContext, rules: Rules, *, full: bool) -> Planner:
    target = job.target
    job.outcome.since = None
    planner = LinkPlanner(job, rules, target.link) if target.link is not None else Planner(job, rules, full=full)
    pages = target.read_roster(target.connection.settings, reader_context)
    _plan(job, planner, _including(pages, target.roster.must_include))
    return planner


def _including(pages: RosterPages, expected: Sequence[str]) -> RosterPages:
    """`pages`; RosterIncomplete where somebody of `expected`, student IDs, is not among them."""
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
    """Let the pages go through the planner. Raises what reading raises; half a plan is dropped."""
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
        # Half a plan must never be applied, by nobody and at no time.
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
