"""Which pages of the administrators are measured: each list with its filters, far back, and where it finds nobody."""

from __future__ import annotations

from sqlalchemy import Engine, desc, select

from benchmarks.large_statements import Size, connection_name
from benchmarks.large_syncs import PUSHED, plan_of
from bridge.store import schema
from bridge.store.plan_pages import Position
from bridge.web.admin.paging import written
from bridge.web.admin.students import token

FILE = "launches.csv"


def addresses(engine: Engine, size: Size, now: float) -> dict[str, str]:
    """By what they show."""
    return {
        "overview": "/admin",
        "connections": "/admin/connections",
        "one connection": f"/admin/connections/{connection_name(0)}",
        "audit": "/admin/audit",
        "audit, one person": "/admin/audit?who=admin-7",
        "audit, nobody": "/admin/audit?who=zebra",
        "audit, far back": f"/admin/audit?after={written((now - 360 * 86_400, 0))}",
    } | {**of_launches(engine, now), **of_unmatched(engine, now), **of_syncs(size, now)}


def of_launches(engine: Engine, now: float) -> dict[str, str]:
    """The record of launches."""
    launch = schema.launch.c
    newest = (desc(launch.time), desc(launch.id))
    failed = select(launch.reference).where(launch.outcome == "no_match").order_by(*newest).limit(1)
    with engine.connect() as database:
        reference = database.execute(failed).scalar_one()
        old = select(launch.time, launch.id).where(launch.id >= 1_000).order_by(launch.id).limit(1)  # some are purged
        middle = written(tuple(database.execute(old).one()))
    last = written((0.0, 0))
    return {
        "launches": "/admin/launches",
        "launches, 90 days": "/admin/launches?span=90d&by=connection",
        "launches, of a time": f"/admin/launches?since={int(now) - 100 * 86_400}&until={int(now) - 99 * 86_400}",
        "launches, one connection": "/admin/launches?connection=school-30",
        "launches, one without any": "/admin/launches?connection=nobody",
        "launches, not in": "/admin/launches?outcome=failed",
        "launches, not in, one": "/admin/launches?outcome=failed&connection=school-30",
        "launches, a rare outcome": "/admin/launches?outcome=ambiguous&connection=school-39",
        "launches, got in, one": "/admin/launches?outcome=matched&connection=school-39",
        "launches, a rare reason": "/admin/launches?reason=ambiguous&connection=school-39",
        "launches, no such reason": "/admin/launches?reason=cmi5_refused",
        "launches, by ID": "/admin/launches?q=S500",
        "launches, by the busiest ID": "/admin/launches?q=S1",
        "launches, by name": "/admin/launches?q=lovelace7",
        "launches, by half a name": "/admin/launches?q=love",
        "launches, by name, one": "/admin/launches?q=first12+smith&connection=school-1&outcome=failed",
        "launches, by nobody's name": "/admin/launches?q=zebra",
        "launches, by reference": f"/admin/launches?q={reference}",
        "launches, far back": f"/admin/launches?after={middle}",
        "launches, last page": f"/admin/launches?before={last}",
        "launches, last page, not in": f"/admin/launches?before={last}&outcome=failed",
        "launches, last page, one": f"/admin/launches?before={last}&connection=school-39",
        "launches, last page, by ID": f"/admin/launches?before={last}&q=S1",
        "launches, a file, its beginning": f"/admin/{FILE}",
        "launches, a file, of a name": f"/admin/{FILE}?q=lovelace7",
        "reference": f"/admin/reference?reference={reference}",
        "reference, unknown": "/admin/reference?reference=2222-2222",
    }


def of_unmatched(engine: Engine, now: float) -> dict[str, str]:
    """Students whom nobody was found for."""
    unmatched = schema.unmatched.c
    student = select(unmatched.connection, unmatched.student_id).order_by(desc(unmatched.last_seen)).limit(1)
    with engine.connect() as database:
        waiting = database.execute(student).one()
    return {
        "unmatched": "/admin/unmatched",
        "unmatched, one connection": "/admin/unmatched?connection=school-30",
        "unmatched, by name": "/admin/unmatched?text=lovelace",
        "unmatched, by nobody's name": "/admin/unmatched?text=zebra",
        "unmatched, ignored": "/admin/unmatched?state=ignored",
        "unmatched, another outcome": "/admin/unmatched?outcome=ambiguous",
        "unmatched, last page": f"/admin/unmatched?after={written((now - 179 * 86_400, '', ''))}",
        "unmatched, one student": f"/admin/unmatched/student?of={token(*waiting)}",
    }


def of_syncs(size: Size, now: float) -> dict[str, str]:
    """Rosters, their runs, a large plan, and what waits or was refused."""

    one, looked_up = f"/admin/sync?connection={connection_name(0)}", f"/admin/sync?connection={connection_name(3)}"
    plan, pushes = f"/admin/sync/plans/{plan_of(size)}", f"/admin/sync/pushes/{PUSHED}"
    refused = f"/admin/sync/refused?connection={connection_name(0)}"
    end = written(Position("noted", "returned", 2**62))
    return {
        "syncs": "/admin/sync",
        "syncs, last page": f"/admin/sync?before={written('school-99')}",
        "syncs, live": "/admin/sync/events",
        "syncs, one connection": one,
        "syncs, whole runs": f"{one}&runs=whole",
        "syncs, far back": f"{one}&after={written(size.runs // 4)}",
        "syncs, whole runs, far back": f"{one}&runs=whole&after={written(size.runs // 4)}",
        "syncs, look-ups alone": looked_up,
        "syncs, look-ups alone, whole": f"{looked_up}&runs=whole",
        "syncs, one connection, live": f"/admin/sync/events?connection={connection_name(0)}",
        "run": f"/admin/sync/runs/{size.runs}",
        "run, a plan": f"/admin/sync/runs/{plan_of(size)}",
        "plan": plan,
        "plan, one kind": f"{plan}?kind=create",
        "plan, held": f"{plan}?state=held",
        "plan, last page": f"{plan}?before={end}",
        "plan, by ID": f"{plan}?q=S4711",
        "plan, by the beginning of many IDs": f"{plan}?q=S1",
        "plan, by name": f"{plan}?q=lovelace7",
        "plan, by half a name": f"{plan}?q=love",
        "plan, by a common value": f"{plan}?q=example",
        "plan, by nobody's name": f"{plan}?q=zebra",
        "plan, carried out": f"/admin/sync/plans/{size.runs}",
        "refused": "/admin/sync/refused",
        "refused, last page": f"/admin/sync/refused?after={written(40)}",
        "refused, one connection": refused,
        "refused, one connection, last page": f"{refused}&before={end}",
        "pushes": pushes,
        "pushes, far back": f"{pushes}?after={written((now - 86_000, 0))}",
    }
