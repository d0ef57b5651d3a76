"""A database as a large organisation has it after a year, written by statements that make their rows themselves.

What is made looks like what is recorded: few connections have most learners, few learners most launches, people come on
working days and by day, six of a hundred do not get in, and the learner of a launch belongs to one connection. The same
numbers make the same rows, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import random
from functools import partial

from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, String, Table, insert, text
from sqlalchemy.schema import CreateIndex, DropIndex

from benchmarks.large_statements import DAY, WEEK, WEEKS, Size, at_once, connection_name, in_pieces, mixed, numbers, run
from benchmarks.large_syncs import write_pushes, write_refused_progress, write_syncs
from bridge.store import schema, search_keys
from bridge.store.directory_snapshots import _rules
from bridge.store.engine import autocommit
from bridge.store.launches import REFERENCE_LETTERS as LETTERS

__all__ = ["Size", "connection_name", "write"]

USERNAMES = ("username",)
TICKS = 10_000_000
"""Parts of a week."""
LAST = ("O’Brien", "Núñez", "Lovelace", "王", "Smith", "Nguyen", "García", "Müller", "Østergård", "Kowalski")

_tables = MetaData()
_name = Table(
    "seed_name",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("first_name", String, nullable=False),
    Column("last_name", String, nullable=False),
    Column("key", schema.search_key.c.key.type, nullable=False),
    Column("half", String, nullable=False),
)
_word = Table(
    "seed_word",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("word", LargeBinary, primary_key=True),
)
"""The words of a name, as the list of launches is searched by them."""


def write(engine: Engine, size: Size, now: float) -> None:
    """Everything, into an empty database with the newest schema."""
    _say_names(engine, size.names)
    write_users(engine, size, now)
    write_launches(engine, size, now)
    write_what_came_of_them(engine, now)
    write_syncs(engine, size, now)
    write_pushes(engine, size, now)
    write_refused_progress(engine, size, now)
    write_audit(engine, size, now)
    _tables.drop_all(engine)
    if engine.dialect.name == "postgresql":
        for table in ("generation", "launch", "sync_source", "sync_run", "visit", "progress", "audit"):
            run(engine, f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with autocommit(engine) as connection:
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


def is_active(user: int) -> bool:
    """Whether OttoLearn lets this user in; one in fifty it does not."""
    spread = (user * (48_271 + 10) + 5) % 2_147_483_629
    return spread * ((user + 5) % 69_997 + 7) % 1_000_003 >= 20_000


def _say_names(engine: Engine, count: int) -> None:
    chance = random.Random(1)
    _tables.create_all(engine)
    names, words = [], []
    for number in range(count):
        first, last = f"First{chance.randrange(5_000)}", f"{chance.choice(LAST)}{chance.randrange(2_000)}"
        half = "".join(chance.choices(LETTERS, k=4))
        names.append(
            {
                "number": number,
                "first_name": first,
                "last_name": last,
                "key": search_keys.name_key(first, last),
                "half": half,
            }
        )
        words += [{"number": number, "word": word.encode()} for word in {*search_keys.name_words(first, last)}]
    with engine.begin() as connection:
        connection.execute(insert(_name), names)
        connection.execute(insert(_word), words)


def write_users(engine: Engine, size: Size, now: float) -> None:
    """OttoLearn's users, as one reading of them would leave them."""
    with engine.begin() as connection:
        made = {"read_at": now - 600, "learners": size.users, "made_with": _rules(USERNAMES)}
        connection.execute(insert(schema.generation).values(id=1, **made))
        connection.execute(schema.directory.update().values(current=1, attempted_at=now - 600, last=1, took=60.0))
    name = f"seed_name ON number = n % {size.names}"
    attributes = (
        '\'{"username":"S\' || n || \'","firstName":"\' || first_name || \'","lastName":"\' || last_name'
        ' || \'","email":"s\' || n || \'@example.edu"}\''
    )
    active = f"{mixed('n', 5)} >= 20000"

    def make(first: int, last: int) -> None:
        some = numbers(engine, first, last)
        run(
            engine,
            f"INSERT INTO learner SELECT 1, n, {active}, {attributes} FROM {some} JOIN {name} ORDER BY n",
            "INSERT INTO username (generation, folded, user_id, attribute, value)"
            f" SELECT 1, 's' || n, n, 'username', 'S' || n FROM {some} ORDER BY 's' || n",
        )

    in_pieces(engine, size.users, make)
    # Of addresses nobody is asked here: any digest takes their place.
    digest = f"({mixed('n', 9)} - 500000) * 9000000000000 + {mixed('n', 10)} * 8999999 + n % 8999999"
    everybody = numbers(engine, 1, size.users)
    run(
        engine,
        f"INSERT INTO hint SELECT 1, key, n FROM {everybody} JOIN {name} ORDER BY key, n",
        f"INSERT INTO hint SELECT 1, {digest}, n FROM {everybody} ORDER BY 2",
    )


def write_launches(engine: Engine, size: Size, now: float) -> None:
    """The record, over a year. Its indexes are made at the end."""
    indexes = sorted(schema.launch.indexes, key=lambda index: str(index.name))
    with engine.begin() as connection:
        for index in indexes:
            connection.execute(DropIndex(index))
    in_pieces(engine, size.launches, lambda first, last: run(engine, _launches(engine, size, now, first, last)))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        for index in indexes:
            connection.execute(CreateIndex(index))


def _launches(engine: Engine, size: Size, now: float, first: int, last: int) -> str:
    start = now - WEEKS * WEEK
    at = f"((n - 1) * {WEEKS * TICKS} / {size.launches})"
    share = mixed("person", 3)
    of_connection = f"({share} * {share} / 1000003 * {share} / 1000003 * {size.connections} / 1000003)"
    often = mixed("n", 1)
    person = f"(1 + {often} * {often} / 1000003 * {size.users} / 1000003)"
    letters = " || ".join(f"substr('{LETTERS}', CAST(1 + {mixed('n', 20 + at)} % 29 AS integer), 1)" for at in range(4))
    is_working_day = f"part < {TICKS * 96 // 100}"
    tick = f"CASE WHEN {is_working_day} THEN part % 1920000 ELSE (part - 9600000) % 200000 * 96 / 10 END"
    day = f"CASE WHEN {is_working_day} THEN part / 1920000 ELSE 5 + (part - 9600000) / 200000 END"
    second = (
        "CASE WHEN tick < 192000 THEN tick * 25200 / 192000"
        " WHEN tick < 1824000 THEN 25200 + (tick - 192000) * 43200 / 1632000"
        " ELSE 68400 + (tick - 1824000) * 18000 / 96000 END"
    )
    outcome = (
        "CASE WHEN luck < 940000 THEN 'matched' WHEN luck < 970000 THEN 'no_match' WHEN luck < 990000 THEN 'rejected'"
        " WHEN luck < 998000 THEN 'inactive' ELSE 'ambiguous' END"
    )
    student = (
        f"CASE WHEN outcome = 'no_match' THEN 'U' || (person % {size.unmatched})"
        " WHEN outcome = 'rejected' AND luck % 2 = 0 THEN '' ELSE 'S' || person END"
    )
    known = "CASE WHEN outcome = 'rejected' AND luck % 2 = 0 THEN '' ELSE {} END"
    return (
        "INSERT INTO launch (id, time, connection, kind, student_id, first_name, last_name, outcome, reason, reference,"
        f" detail, mark) SELECT n, {start:.1f} + week * {WEEK} + day * {DAY} + {second},"
        f" 'school-' || {of_connection}, CASE WHEN luck % 10 < 7 THEN 'lti13' WHEN luck % 10 = 7 THEN 'lti11'"
        f" ELSE 'scorm12' END, {student}, {known.format('first_name')}, {known.format('last_name')}, outcome,"
        " CASE WHEN outcome = 'matched' THEN '' WHEN outcome = 'rejected' THEN 'token_expired' ELSE outcome END,"
        f" half || '-' || {letters}, CASE WHEN outcome = 'matched' THEN '' ELSE 'as it was found' END,"
        " CASE WHEN outcome = 'matched' AND luck % 50 = 0 THEN 'name_differs' ELSE '' END"
        f" FROM (SELECT n, person, week, luck, {day} AS day, {tick} AS tick, {outcome} AS outcome"
        f" FROM (SELECT n, {person} AS person, {at} / {TICKS} AS week, {at} % {TICKS} AS part, {mixed('n', 2)} AS luck"
        f" FROM {numbers(engine, first, last)}) AS a) AS b JOIN seed_name ON number = person % {size.names} ORDER BY n"
    )


def write_what_came_of_them(engine: Engine, now: float) -> None:
    """What the bridge makes of launches besides the line: counts, names, students whom nobody was found for."""
    hour = "CAST(time AS integer) / 3600" if engine.dialect.name == "sqlite" else "CAST(floor(time / 3600) AS integer)"
    counts = partial(
        run,
        engine,
        f"INSERT INTO launch_count SELECT {hour}, connection, outcome, count(*) FROM launch GROUP BY 1, 2, 3",
        "INSERT INTO launch_count_by_day SELECT hour / 24, connection, outcome, sum(count) FROM launch_count"
        " GROUP BY 1, 2, 3",
    )
    people = partial(
        run,
        engine,
        "INSERT INTO launch_name SELECT word, connection, student_id, max(seen) FROM"
        " (SELECT connection, student_id, first_name, last_name, max(time) AS seen FROM launch WHERE student_id <> ''"
        " GROUP BY 1, 2, 3, 4) AS came JOIN (SELECT DISTINCT first_name, last_name, word FROM seed_name"
        " JOIN seed_word USING (number)) AS words"
        " ON words.first_name = came.first_name AND words.last_name = came.last_name GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        "INSERT INTO launch_summed SELECT 1, coalesce(max(id), 0) FROM launch",
        "INSERT INTO unmatched SELECT connection, student_id, max(first_name), max(last_name), max(outcome), count(*),"
        " min(time), max(time), CASE WHEN count(*) % 10 = 9 THEN 'ignored' ELSE 'waiting' END,"
        " lower(student_id) || '\n' || lower(max(first_name) || ' ' || max(last_name)) || '\n'"
        " || lower(max(last_name) || ' ' || max(first_name))"
        f" FROM launch WHERE outcome <> 'matched' AND outcome = 'no_match' AND time > {now - 180 * DAY}"
        " GROUP BY connection, student_id",
        'INSERT INTO received SELECT reference, max(time), \'{"method":"POST","path":"/lti/school-0/launch","form":'
        '{"user_id":"u-1","roles":"Learner"}}\' FROM launch'
        f" WHERE outcome <> 'matched' AND time > {now - 30 * DAY} GROUP BY reference",
    )
    at_once(engine, [people, counts])


def write_audit(engine: Engine, size: Size, now: float) -> None:
    """What administrators did in a year."""
    run(
        engine,
        "INSERT INTO audit (id, time, who, role, act, connection, student_id, details, address)"
        f" SELECT n, {now - WEEKS * WEEK} + n * {WEEKS * WEEK / (size.audit + 1)}, 'admin-' || (n % 30), 'operator',"
        " CASE WHEN n % 5 = 0 THEN 'link' ELSE 'sign_in' END, CASE WHEN n % 5 = 0 THEN 'school-1' ELSE '' END,"
        " CASE WHEN n % 5 = 0 THEN 'U' || n ELSE '' END, '{\"user\":\"7\"}', '192.0.2.1'"
        f" FROM {numbers(engine, 1, size.audit)}",
    )
