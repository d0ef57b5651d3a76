"""What the statements that write a large record are made of, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from sqlalchemy import Engine, text

WEEKS = 53
WEEK, DAY = 604_800, 86_400
AT_ONCE = 1_000_000
"""Rows of one statement."""
SESSIONS = 2
"""Statements that PostgreSQL makes rows by at once: each keeps one processor busy."""


class Size(NamedTuple):
    """How much there is of each."""

    users: int
    launches: int
    connections: int = 40
    unmatched: int = 5_000
    runs: int = 50_000
    items: int = 1_000_000
    planned: int = 100_000
    pushed: int = 100_000
    refused: int = 20_000
    audit: int = 50_000

    @property
    def names(self) -> int:
        """How many different ones people have."""
        return min(200_000, self.users)


def connection_name(number: int) -> str:
    return f"school-{number}"


def mixed(number: str, salt: int) -> str:
    """SQL: a whole number below 1,000,003 that looks random, of the number that this SQL makes."""
    return (
        f"(((({number}) * {48_271 + 2 * salt} + {salt}) % 2147483629) * ((({number}) + {salt}) % 69997 + 7) % 1000003)"
    )


def numbers(engine: Engine, first: int, last: int) -> str:
    if engine.dialect.name == "postgresql":
        return f"(SELECT n FROM generate_series(CAST({first} AS bigint), {last}) AS n) AS numbers"
    rows = f"WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s"
    return f"({rows}) AS numbers"


def pieces(rows: int) -> Iterator[tuple[int, int]]:
    for first in range(1, rows + 1, AT_ONCE):
        yield first, min(first + AT_ONCE - 1, rows)


def in_pieces(engine: Engine, rows: int, make: Callable[[int, int], None]) -> None:
    """`make` rows from the first to the last number of each piece."""
    at_once(engine, [partial(make, *piece) for piece in pieces(rows)])


def at_once(engine: Engine, acts: Sequence[Callable[[], None]]) -> None:
    """On SQLite, which has one writer, one after another."""
    with ThreadPoolExecutor(SESSIONS if engine.dialect.name == "postgresql" else 1) as threads:
        for done in [threads.submit(act) for act in acts]:
            done.result()


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL work_mem = '256MB'"))  # else what is grouped here goes by the disk
        for statement in statements:
            connection.exec_driver_sql(
                statement.replace("%", "%%") if engine.dialect.name == "postgresql" else statement
            )
