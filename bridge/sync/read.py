"""Reading a roster into a plan."""

from __future__ import annotations

from bridge.contracts import Means
from bridge.http import Outbound
from bridge.store import sync_items
from bridge.sync.ahead import read_ahead
from bridge.sync.decide import Rules
from bridge.sync.link_plan import LinkPlanner
from bridge.sync.plan import Planner
from bridge.sync.record import Job


def read_whole(job: Job, outbound: Outbound, rules: Rules, *, full: bool) -> Planner | LinkPlanner:
    """The plan of the job's run, made from the whole roster. Raises what reading raises; half a plan is dropped."""
    planner = _planner(job, rules, full=full)
    try:
        with job.clock.stage("reading and comparing"):
            _read(job, outbound, planner)
    except BaseException:
        # Half a plan must never be applied, by nobody and at no time.
        sync_items.drop(job.around.engine, job.outcome.run)
        raise
    finally:
        job.outcome.read, job.outcome.unchanged = planner.read_total, planner.unchanged
    return planner


def _read(job: Job, outbound: Outbound, planner: Planner | LinkPlanner) -> None:
    around, subject = job.around, job.subject
    means = Means(outbound, around.now, around.sleep, around.notice, around.services)
    roster = subject.read_roster(subject.connection.settings, means)
    with subject.unchanged_file(), read_ahead(roster, job.stop_if_asked) as pages:
        planner.read(pages)
    if subject.roster.on_leave == "deactivate":
        planner.finish(around.now())


def _planner(job: Job, rules: Rules, *, full: bool) -> Planner | LinkPlanner:
    around, subject, run = job.around, job.subject, job.outcome.run

    def progress(read: int) -> None:
        job.stop_if_asked()
        job.clock.sample(read, 0)
        around.progress("reading", read, None)

    def freshen() -> None:
        with job.clock.stage("reading OttoLearn"):
            around.directory.refresh()

    if subject.link is not None:
        return LinkPlanner(around.engine, run, subject.mapped, rules, subject.link, freshen=freshen, progress=progress)
    return Planner(around.engine, run, subject.mapped, rules, full=full, freshen=freshen, progress=progress)
