"""What the pages show of very many launches: how many there were in each hour and day, and who has which name.

Launches are counted a while after they were written, in the order of their numbers and each once, so that a launch
itself pays nothing for it. What is not counted yet is counted as it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Engine, Table, bindparam, case, cast, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store.admin_schema import launch_count, launch_count_by_day, launch_name, launch_summed
from bridge.store.engine import autocommit
from bridge.store.insert_or_ignore import insert_or_ignore
from bridge.store.purging import Purge
from bridge.store.schema import launch
from bridge.store.search_keys import name_words

HOUR: Final = 3600
DAY: Final = 86_400.0
HOURS: Final = 24
"""Of a day."""
BATCH: Final = 500
"""Launches of one transaction: SQLite lets nobody else write meanwhile."""
SETTLED: Final = 30.0
"""Seconds after which no launch with a smaller number can still be written: PostgreSQL numbers before it writes."""
AT_ONCE: Final = 50_000
"""Launches that are counted as they are asked for; of more the page says that they are not counted yet."""
WORD: Final = 48
"""Bytes of a word of a name."""
PEOPLE: Final = 500
"""People of one name that are looked for."""
NAMES: Final = 10 * PEOPLE
"""Rows of one word that are looked at for them: one has some for each connection."""
_SINCE: Final = select(
    launch.c.id, launch.c.time, launch.c.connection, launch.c.outcome, launch.c.student_id, launch.c.first_name,
    launch.c.last_name,
)  # fmt: skip
_FORGET_COUNTS: Final = Purge(launch_count, launch_count.c.hour < bindparam("before"))
_FORGET_DAYS: Final = Purge(launch_count_by_day, launch_count_by_day.c.day < bindparam("before"))
_FORGET_NAMES: Final = Purge(launch_name, launch_name.c.seen_at < bindparam("before"))


OTHERS: Final = "*"
"""In place of a connection's name, which this never is: all that are not counted by themselves."""


class Count(NamedTuple):
    """Launches of one connection, or of several, with one outcome that began in one hour (hours since 1970)."""

    hour: int
    connection: str
    outcome: str
    launches: int


def _adding(dialect: Any, table: Table) -> Any:
    """Adds to a count, or begins it."""
    counts = dialect.insert(table)
    return counts.on_conflict_do_update(
        index_elements=[*table.primary_key], set_={"count": table.c["count"] + counts.excluded["count"]}
    )


def _statements(dialect: Any) -> tuple[Any, Any, Any]:
    names = dialect.insert(launch_name)
    return (
        _adding(dialect, launch_count),
        _adding(dialect, launch_count_by_day),
        names.on_conflict_do_update(
            index_elements=["word", "connection", "student_id"],
            set_={"seen_at": names.excluded.seen_at},
            where=launch_name.c.seen_at < names.excluded.seen_at - DAY,  # seldom: most rows stay as they are
        ),
    )


_BEGIN: Final = insert_or_ignore(launch_summed)
_ADD: Final = {"sqlite": _statements(sqlite), "postgresql": _statements(postgresql)}


def count_uncounted(engine: Engine) -> int:
    """An upper bound of the number of launches that are not counted yet."""
    with autocommit(engine) as connection:
        return _newest(connection) - _counted(connection)


def count_some(engine: Engine, now: float, most: int = BATCH) -> int:
    """Count the next launches that are settled; how many there were."""
    with engine.begin() as connection:
        connection.execute(_BEGIN[engine.dialect.name], {"id": 1, "until": 0})
        last = _counted(connection, lock=True)
        rows = [*connection.execute(_SINCE.where(launch.c.id > last).order_by(launch.c.id).limit(most))]
        while rows and rows[-1].time > now - SETTLED:
            rows.pop()  # in the order of their numbers: none may be passed over
        if not rows:
            return 0
        add_hours, add_days, add_names = _ADD[engine.dialect.name]
        hours = Counter((int(row.time) // HOUR, row.connection, row.outcome) for row in rows)
        days = Counter((int(row.time) // int(DAY), row.connection, row.outcome) for row in rows)
        connection.execute(add_hours, _rows("hour", hours))
        connection.execute(add_days, _rows("day", days))
        if names := _names(rows):
            connection.execute(add_names, names)
        connection.execute(update(launch_summed).values(until=rows[-1].id))
        return len(rows)


def counts_since(
    engine: Engine,
    hour: int,
    connections: Collection[str] = (),
    *,
    hours: int = 1,
    outcomes: Collection[str] = (),
    named: Collection[str] | None = None,
) -> tuple[list[Count], int]:
    """The counts from this hour on, of these connections and outcomes or of all, each of so many `hours` since 1970 and
    named by the first of them; and how many launches are not among them yet. Where `named` is given, connections that
    are not in it are counted as one, `OTHERS`."""
    wanted = _wanted(hour, hours, connections, outcomes, named)
    with autocommit(engine) as database:
        while True:
            last = _counted(database)
            missing = _newest(database) - last
            found = Counter({(row[0], row[1], row[2]): int(row[3]) for row in database.execute(wanted)})
            if missing <= AT_ONCE:
                for (at, name, outcome), number in _uncounted(database, last, hour, connections, outcomes).items():
                    found[at - at % hours, name if named is None or name in named else OTHERS, outcome] += number
            if _counted(database) == last:  # else some were counted in both, or in neither
                return [Count(*key, number) for key, number in sorted(found.items())], missing * (missing > AT_ONCE)


def busiest(engine: Engine, hour: int, most: int, *, hours: int = 1, outcomes: Collection[str] = ()) -> list[str]:
    """The connections with the most launches of these outcomes since this hour, the one with most of them first; spans
    of so many `hours` are asked for, as in `counts_since`. What is not counted yet counts for those that it shows."""
    at, table = _counts(hour, hours)
    number = cast(func.sum(table["count"]), BigInteger)
    wanted = _narrowed(select(table.connection, number), table, at, hour, (), outcomes)
    wanted = wanted.group_by(table.connection).order_by(number.desc()).limit(2 * most)
    with autocommit(engine) as database:
        last = _counted(database)
        found = Counter({row[0]: int(row[1]) for row in database.execute(wanted)})
        if _newest(database) - last <= AT_ONCE:
            for (_, name, _), launches in _uncounted(database, last, hour, (), outcomes).items():
                found[name] += launches
    return [name for name, _ in found.most_common(most)]


def _counts(hour: int, hours: int) -> tuple[Any, Any]:
    """The hour of a count, and the columns that it is in: of whole days those by day, which are a twentieth as many."""
    if hour % HOURS == 0 and hours % HOURS == 0:
        return launch_count_by_day.c.day * HOURS, launch_count_by_day.c
    return launch_count.c.hour, launch_count.c


def _narrowed(
    wanted: Any, table: Any, at: Any, hour: int, connections: Collection[str], outcomes: Collection[str]
) -> Any:
    wanted = wanted.where(table.day >= hour // HOURS if "day" in table else at >= hour)
    for column, values in ((table.connection, connections), (table.outcome, outcomes)):
        wanted = wanted.where(column.in_(list(values))) if values else wanted
    return wanted


def _wanted(
    hour: int, hours: int, connections: Collection[str], outcomes: Collection[str], named: Collection[str] | None
) -> Any:
    at, table = _counts(hour, hours)
    begins = (at - at % hours).label("begins")
    name: Any = table.connection.label("name")
    if named is not None:
        name = case((table.connection.in_(list(named)), table.connection), else_=OTHERS).label("name")
    # PostgreSQL adds up to a number of any length, and takes twice as long.
    number = cast(func.sum(table["count"]), BigInteger)
    groups = [begins, table.outcome] if named is not None and not named else [begins, name, table.outcome]
    columns = [begins, literal(OTHERS) if len(groups) == 2 else name, table.outcome, number]
    return _narrowed(select(*columns), table, at, hour, connections, outcomes).group_by(*groups)


def students_named(engine: Engine, name: str) -> list[str]:
    """The student IDs of those who came by a launch with this name: each word begins one of theirs."""
    words = [word.encode()[:WORD] for word in name_words(name, "")]
    found: set[str] | None = None
    with autocommit(engine) as database:
        for word in sorted(words, key=len, reverse=True)[:4]:
            holding = select(launch_name.c.student_id).where(
                launch_name.c.word >= word, launch_name.c.word < word + b"\xff"
            )
            if found is not None:
                holding = holding.where(launch_name.c.student_id.in_(sorted(found)))
            some = holding.order_by(launch_name.c.word).limit(NAMES).subquery() if found is None else holding.subquery()
            found = set(database.execute(select(some.c.student_id).distinct().limit(PEOPLE)).scalars())
            if not found:
                break
    return sorted(found or ())


def forget_before(engine: Engine, time: float) -> int:
    """Delete the counts of before `time`, and the names of people who came last before it; how many rows."""
    days = _FORGET_DAYS.run(engine, {"before": int(time) // int(DAY)})
    hours = _FORGET_COUNTS.run(engine, {"before": int(time) // HOUR})
    return days + hours + _FORGET_NAMES.run(engine, {"before": time})


def _rows(at: str, counts: Counter[tuple[int, str, str]]) -> list[dict[str, object]]:
    return [
        {at: when, "connection": connection, "outcome": outcome, "count": number}
        for (when, connection, outcome), number in sorted(counts.items())
    ]


def _counted(connection: Connection, *, lock: bool = False) -> int:
    wanted = select(launch_summed.c.until)
    return int(connection.execute(wanted.with_for_update() if lock else wanted).scalar_one_or_none() or 0)


def _newest(connection: Connection) -> int:
    return int(connection.execute(select(func.max(launch.c.id))).scalar_one_or_none() or 0)


def _uncounted(
    database: Connection, last: int, hour: int, connections: Collection[str], outcomes: Collection[str]
) -> Counter[tuple[int, str, str]]:
    wanted = select(launch.c.time, launch.c.connection, launch.c.outcome).where(launch.c.id > last)
    return Counter(
        (int(time) // HOUR, connection, outcome)
        for time, connection, outcome in database.execute(wanted)
        if time >= hour * HOUR
        and (not connections or connection in connections)
        and (not outcomes or outcome in outcomes)
    )


def _names(rows: Sequence[Any]) -> list[dict[str, object]]:
    seen: dict[tuple[bytes, str, str], float] = {}
    for row in rows:
        if row.student_id:
            for word in name_words(row.first_name, row.last_name):
                key = (word.encode()[:WORD], row.connection, row.student_id)
                seen[key] = max(row.time, seen.get(key, 0.0))
    return [
        {"word": word, "connection": connection, "student_id": student_id, "seen_at": at}
        for (word, connection, student_id), at in sorted(seen.items())
    ]
