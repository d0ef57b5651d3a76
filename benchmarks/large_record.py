"""A database as a large organisation has it after a year, written by statements that make their rows themselves.

What is made looks like what is recorded: few connections have most learners, few learners most launches, people come on
working days and by day, six of a hundred do not get in, and the learner of a launch belongs to one connection. The same
numbers make the same rows, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, String, Table, insert, text
from sqlalchemy.schema import CreateIndex, DropIndex

from bridge.launch.references import LETTERS
from bridge.store import hints, schema
from bridge.store.directory_snapshots import _rules
from bridge.store.engine import autocommit

USERNAMES = ("username",)
WEEKS = 53
WEEK, DAY = 604_800, 86_400
TICKS = 10_000_000
"""Parts of a week."""
AT_ONCE = 1_000_000
"""Rows of one statement."""
SESSIONS = 2
"""Statements that PostgreSQL makes rows by at once: each keeps one processor busy."""
LAST = ("O’Brien", "Núñez", "Lovelace", "王", "Smith", "Nguyen", "García", "Müller", "Østergård", "Kowalski")

_tables = MetaData()
_name = Table(
    "seed_name",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("first_name", String, nullable=False),
    Column("last_name", String, nullable=False),
    Column("key", schema.hint.c.key.type, nullable=False),
    Column("half", String, nullable=False),
)
_word = Table(
    "seed_word",
    _tables,
    Column("number", Integer, primary_key=True),
    Column("word", LargeBinary, primary_key=True),
)
"""The words of a name, as the list of launches is searched by them."""


class Size(NamedTuple):
    """How much there is of each."""

    users: int
    launches: int
    connections: int = 40
    unmatched: int = 5_000
    runs: int = 8_000
    items: int = 20_000
    audit: int = 50_000

    @property
    def names(self) -> int:
        """How many different ones people have."""
        return min(200_000, self.users)


def connection_name(number: int) -> str:
    return f"school-{number}"


def write(engine: Engine, size: Size, now: float) -> None:
    """Everything, into an empty database with the newest schema."""
    _say_names(engine, size.names)
    write_users(engine, size, now)
    write_launches(engine, size, now)
    write_what_came_of_them(engine, now)
    write_syncs(engine, size, now)
    write_audit(engine, size, now)
    _tables.drop_all(engine)
    if engine.dialect.name == "postgresql":
        for table in ("generation", "launch", "sync_source", "sync_run", "audit"):
            _run(engine, f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with autocommit(engine) as connection:
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


def mixed(number: str, salt: int) -> str:
    """SQL: a whole number below 1,000,003 that looks random, of the number that this SQL makes."""
    return (
        f"(((({number}) * {48_271 + 2 * salt} + {salt}) % 2147483629) * ((({number}) + {salt}) % 69997 + 7) % 1000003)"
    )


def is_active(user: int) -> bool:
    """Whether OttoLearn lets this user in; one in fifty it does not."""
    spread = (user * (48_271 + 10) + 5) % 2_147_483_629
    return spread * ((user + 5) % 69_997 + 7) % 1_000_003 >= 20_000


def _numbers(engine: Engine, first: int, last: int) -> str:
    if engine.dialect.name == "postgresql":
        return f"(SELECT n FROM generate_series(CAST({first} AS bigint), {last}) AS n) AS numbers"
    rows = f"WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s"
    return f"({rows}) AS numbers"


def _pieces(rows: int) -> Iterator[tuple[int, int]]:
    for first in range(1, rows + 1, AT_ONCE):
        yield first, min(first + AT_ONCE - 1, rows)


def _in_pieces(engine: Engine, rows: int, make: Callable[[int, int], None]) -> None:
    """`make` rows from the first to the last number of each piece."""
    _at_once(engine, [partial(make, *piece) for piece in _pieces(rows)])


def _at_once(engine: Engine, acts: Sequence[Callable[[], None]]) -> None:
    """On SQLite, which has one writer, one after another."""
    with ThreadPoolExecutor(SESSIONS if engine.dialect.name == "postgresql" else 1) as threads:
        for done in [threads.submit(act) for act in acts]:
            done.result()


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL work_mem = '256MB'"))  # else what is grouped here goes by the disk
        for statement in statements:
            connection.exec_driver_sql(
                statement.replace("%", "%%") if engine.dialect.name == "postgresql" else statement
            )


def _say_names(engine: Engine, count: int) -> None:
    chance = random.Random(1)
    _tables.create_all(engine)
    names, words = [], []
    for number in range(count):
        first, last = f"First{chance.randrange(5_000)}", f"{chance.choice(LAST)}{chance.randrange(2_000)}"
        half = "".join(chance.choices(LETTERS, k=4))
        names.append(
            {"number": number, "first_name": first, "last_name": last, "key": hints.name_key(first, last), "half": half}
        )
        words += [{"number": number, "word": word.encode()} for word in {*hints.name_words(first, last)}]
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
        numbers = _numbers(engine, first, last)
        _run(
            engine,
            f"INSERT INTO learner SELECT 1, n, {active}, {attributes} FROM {numbers} JOIN {name} ORDER BY n",
            "INSERT INTO username (generation, folded, user_id, attribute, value)"
            f" SELECT 1, 's' || n, n, 'username', 'S' || n FROM {numbers} ORDER BY 's' || n",
        )

    _in_pieces(engine, size.users, make)
    # Of addresses nobody is asked here: any digest takes their place.
    digest = f"({mixed('n', 9)} - 500000) * 9000000000000 + {mixed('n', 10)} * 8999999 + n % 8999999"
    everybody = _numbers(engine, 1, size.users)
    _run(
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
    _in_pieces(engine, size.launches, lambda first, last: _run(engine, _launches(engine, size, now, first, last)))
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
        f" FROM {_numbers(engine, first, last)}) AS a) AS b JOIN seed_name ON number = person % {size.names} ORDER BY n"
    )


def write_what_came_of_them(engine: Engine, now: float) -> None:
    """What the bridge makes of launches besides the line: counts, names, students whom nobody was found for."""
    hour = "CAST(time AS integer) / 3600" if engine.dialect.name == "sqlite" else "CAST(floor(time / 3600) AS integer)"
    counts = partial(
        _run,
        engine,
        f"INSERT INTO launch_count SELECT {hour}, connection, outcome, count(*) FROM launch GROUP BY 1, 2, 3",
        "INSERT INTO launch_count_by_day SELECT hour / 24, connection, outcome, sum(count) FROM launch_count"
        " GROUP BY 1, 2, 3",
    )
    people = partial(
        _run,
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
    _at_once(engine, [people, counts])


def write_syncs(engine: Engine, size: Size, now: float) -> None:
    """The record of a year of syncs: in the last one of each connection some people are held back or refused."""
    last = f"n > {size.runs - size.connections}"
    _run(
        engine,
        f"INSERT INTO sync_source SELECT n, 'school-' || (n - 1) FROM {_numbers(engine, 1, size.connections)}",
        "INSERT INTO sync_run (id, source, started_at, ended_at, status, reason,"
        ' "full", settings, plan, summary, look_up)'
        f" SELECT n, 1 + n % {size.connections}, {now - WEEKS * WEEK} + n * {WEEKS * WEEK / (size.runs + 1)},"
        f" {now - WEEKS * WEEK} + n * {WEEKS * WEEK / (size.runs + 1)} + 60, CASE WHEN {last} THEN 'partial'"
        " ELSE 'done' END, '', true, 's', 'p', '{}', false"
        f" FROM {_numbers(engine, 1, size.runs)}",
        "INSERT INTO sync_item SELECT run, number, CASE WHEN number % 3 = 0 THEN 'update' ELSE 'create' END,"
        " CASE WHEN number % 20 = 0 THEN 'held' WHEN number % 50 = 1 THEN 'quarantined' ELSE 'done' END, '',"
        ' \'s\' || number, \'S\' || number, NULL, digest, \'{"before":{},"after":{"firstName":"Ann"}}\' FROM'
        f" (SELECT {size.runs} - (n - 1) % {min(20, size.runs)} AS run, n AS number,"
        f" CAST({_digest(engine)} AS {'bytea' if engine.dialect.name == 'postgresql' else 'blob'}) AS digest"
        f" FROM {_numbers(engine, 1, size.items)}) AS items ORDER BY run, number",
    )


def _digest(engine: Engine) -> str:
    return "'\\x00112233445566778899aabbccddeeff'" if engine.dialect.name == "postgresql" else "zeroblob(16)"


def write_audit(engine: Engine, size: Size, now: float) -> None:
    """What administrators did in a year."""
    _run(
        engine,
        "INSERT INTO audit (id, time, who, role, act, connection, student_id, details, address)"
        f" SELECT n, {now - WEEKS * WEEK} + n * {WEEKS * WEEK / (size.audit + 1)}, 'admin-' || (n % 30), 'operator',"
        " CASE WHEN n % 5 = 0 THEN 'link' ELSE 'sign_in' END, CASE WHEN n % 5 = 0 THEN 'school-1' ELSE '' END,"
        " CASE WHEN n % 5 = 0 THEN 'U' || n ELSE '' END, '{\"user\":\"7\"}', '192.0.2.1'"
        f" FROM {_numbers(engine, 1, size.audit)}",
    )
