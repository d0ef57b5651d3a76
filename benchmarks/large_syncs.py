"""A year of syncs, the plan of a large one, what an identity provider has pushed, and progress that no LMS took."""

from __future__ import annotations

from sqlalchemy import Engine

from benchmarks.large_statements import DAY, WEEK, WEEKS, Size, numbers, run

PUSHED = "staff"
"""The connection that people are pushed to."""
LAST_RUNS = 200
"""Runs of which items are kept still."""
CONTENT = (
    '\'{"before":{"firstName":"Ann","emailAddress":"s\' || n || \'@old.example.edu"},"after":{"firstName":"Anna",'
    '"emailAddress":"s\' || n || \'@example.edu","department":"Faculty of Letters"}}\''
)


def plan_of(size: Size) -> int:
    """The number of the run that only plans: of the second connection, and the newest of all."""
    return size.runs + 1


def write_syncs(engine: Engine, size: Size, now: float) -> None:
    """The record of a year. In the last run of each connection some people are held back or refused; every other one in
    24 reads the whole roster. The fourth connection has no roster of its own: a fifth of all runs are people whom its
    launches had looked up.
    """
    last, many = f"n > {size.runs - size.connections}", f"n <= {size.runs // 5}"
    source = f"CASE WHEN {many} THEN 4 ELSE 1 + n % {size.connections} END"
    looks_up = f"({many} OR n % {size.connections} = 3)"
    whole = f"({last} OR n / {size.connections} % 24 = 0 OR {looks_up})"
    start = f"{now - WEEKS * WEEK} + n * {WEEKS * WEEK / (size.runs + 1)}"
    read = '{"read":9000,"created":\' || (n % 90) || \',"updated":\' || (n % 400) || \',"quarantined":3}'
    run(
        engine,
        f"INSERT INTO sync_source SELECT n, 'school-' || (n - 1) FROM {numbers(engine, 1, size.connections)}",
        f"INSERT INTO sync_source VALUES ({size.connections + 1}, '{PUSHED}')",
        'INSERT INTO sync_run (id, source, started_at, ended_at, status, reason, "full", settings, plan, summary,'
        f" since, read_to, look_up) SELECT n, {source}, {start}, {start} + 60, CASE WHEN {last} AND NOT {looks_up}"
        f" THEN 'partial' ELSE 'done' END, '', true, 's', 'p', '{read}',"
        f" CASE WHEN {whole} THEN NULL ELSE {start} - 3600 END, {start}, {looks_up}"
        f" FROM {numbers(engine, 1, size.runs)}",
    )
    _write_items(engine, size)
    _write_plan(engine, size, now)


def _write_items(engine: Engine, size: Size) -> None:
    runs = min(LAST_RUNS, size.runs)
    run(
        engine,
        "INSERT INTO sync_item SELECT run, n, CASE WHEN n % 3 = 0 THEN 'update' ELSE 'create' END, CASE WHEN"
        " n % 20 = 0 THEN 'held' WHEN n % 50 = 1 THEN 'quarantined' ELSE 'done' END, CASE WHEN n % 50 = 1 THEN"
        f" 'refused_400' ELSE '' END, 's' || n, 'S' || n, NULL, {_digest(engine)}, {CONTENT}"
        f" FROM (SELECT {size.runs} - (n - 1) % {runs} AS run, n FROM {numbers(engine, 1, size.items)}) AS items"
        " ORDER BY run, n",
    )


def _write_plan(engine: Engine, size: Size, now: float) -> None:
    kind = (
        "CASE WHEN n % 20 < 13 THEN 'update' WHEN n % 20 < 17 THEN 'create' WHEN n % 20 = 17 THEN 'deactivate'"
        " WHEN n % 20 = 18 THEN 'conflict' ELSE 'grace' END"
    )
    state = "CASE WHEN n % 20 < 17 THEN 'planned' WHEN n % 20 = 17 THEN 'held' ELSE 'noted' END"
    user = f"CASE WHEN n % 20 BETWEEN 13 AND 16 THEN NULL ELSE 1 + n % {size.users} END"
    reason = "CASE WHEN n % 20 = 18 THEN 'duplicate' WHEN n % 20 = 19 THEN 'in_grace' ELSE '' END"
    run(
        engine,
        'INSERT INTO sync_run (id, source, started_at, ended_at, status, reason, "full", settings, plan, summary,'
        f" read_to, look_up) VALUES ({plan_of(size)}, 2, {now - 3600}, {now - 3500}, 'planned', '', true, 's', 'p',"
        f" '{{\"read\":{size.planned}}}', {now - 3600}, false)",
        f"INSERT INTO sync_item SELECT {plan_of(size)}, n, {kind}, {state}, {reason}, 's' || n, 'S' || n, {user},"
        f" {_digest(engine)}, {CONTENT} FROM {numbers(engine, 1, size.planned)} ORDER BY n",
    )


def write_pushes(engine: Engine, size: Size, now: float) -> None:
    """Users whom an identity provider has pushed for the first time: no run has brought them yet."""
    document = (
        '\'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"s\' || n || \'@example.edu","active":'
        'true,"name":{"givenName":"Ann","familyName":"No \' || n || \'"}}\''
    )
    at = f"{now - DAY} + n * {DAY / 2 / (size.pushed + 1)}"
    run(
        engine,
        "INSERT INTO scim_resource (connection, kind, id, document, version, created_at, modified_at,"
        f" changed_at) SELECT '{PUSHED}', 'User', 'p' || n, {document}, 1, {at}, {at}, {at}"
        f" FROM {numbers(engine, 1, size.pushed)}",
    )


def write_refused_progress(engine: Engine, size: Size, now: float) -> None:
    """Reports that an LMS did not take, among five times as many that it did."""
    at = f"{now - 90 * DAY} + n * {80 * DAY / (6 * size.refused + 1)}"
    rows = numbers(engine, 1, 6 * size.refused)
    run(
        engine,
        "INSERT INTO visit (id, time, connection, kind, student_id, user_id, course, channel) SELECT n,"
        f" {at}, 'school-' || (n % {size.connections}), 'lti13', 'S' || n, 1 + n % {size.users}, 'c', 'x' FROM {rows}",
        "INSERT INTO progress (id, visit, revision, progress, mastered, seconds, told_seconds, received_at, state,"
        f" attempts, due_at, detail) SELECT n, n, 1, 0.5, false, 60, 0, {at}, CASE WHEN n % 6 = 0 THEN 'refused' ELSE"
        f" 'delivered' END, 1, {at}, 'the LMS answers 403' FROM {rows}",
    )


def _digest(engine: Engine) -> str:
    literal = "'\\x00112233445566778899aabbccddeeff'" if engine.dialect.name == "postgresql" else "zeroblob(16)"
    return f"CAST({literal} AS {'bytea' if engine.dialect.name == 'postgresql' else 'blob'})"
