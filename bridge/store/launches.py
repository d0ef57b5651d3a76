"""The record of launches: one line each, kept until the retention time is over.

A person asks for one launch by its reference: made to be read over a telephone, and read however it was typed.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from operator import gt
from typing import Final, NamedTuple

from sqlalchemy import Engine, String, bindparam, delete, insert, select, text

from bridge.contracts import Outcome, Student
from bridge.store.engine import autocommit
from bridge.store.launch_lines import NEWEST, LaunchLine
from bridge.store.prepared import Prepared
from bridge.store.purging import Purge
from bridge.store.schema import launch, received
from bridge.store.text import storable

REFERENCE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""None that are mistaken for another when read aloud."""
_PAIRS: Final = [one + other for one in REFERENCE_LETTERS for other in REFERENCE_LETTERS]
REFERENCE_LENGTH: Final = 8
"""Letters and digits, without the dash in their middle."""
MOST_READINGS: Final = 64
"""Readings of one reference that are looked for."""
_LOOKS_LIKE: Final = {"0": "QD", "O": "QD", "1": "7J", "I": "7J", "L": "7J", "U": "V"}
"""What stands in no reference, and what may have been read as it."""
LINK: Final = "a link"
"""In the place of a Username attribute: an administrator has linked the ID with the user."""
_WRITTEN: Final = re.compile(r"reached the OttoLearn user (\d{1,18})(?: by ([^;]{1,255}))?(?:; .*)?", re.DOTALL)
_COLUMNS: Final = [launch.c[name] for name in LaunchLine._fields]
_LIMITS: Final = {c.name: c.type.length for c in _COLUMNS if isinstance(c.type, String) and c.type.length}
_LONGEST: Final = [_LIMITS[name] for name in LaunchLine._fields[1:]]
_APPEND: Final = Prepared(insert(launch), LaunchLine._fields)
_NEWEST_FIRST: Final = (launch.c.time.desc(), launch.c.id.desc())
_NEWEST: Final = text(NEWEST)
_BY_REFERENCE: Final = (
    select(*_COLUMNS).where(launch.c.reference == bindparam("asked")).order_by(*_NEWEST_FIRST).limit(1)
)
_RECENT: Final = (
    select(launch.c.student_id, launch.c.first_name, launch.c.last_name)
    .where(launch.c.connection == bindparam("asked"), launch.c.outcome != Outcome.REJECTED, launch.c.student_id != "")
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("last"))
)
_LAST_NAMED: Final = (
    select(*_COLUMNS)
    .where(launch.c.connection == bindparam("asked"), launch.c.student_id == bindparam("id_"))
    .where((launch.c.first_name != "") | (launch.c.last_name != ""))
    .order_by(*_NEWEST_FIRST)
    .limit(1)
)
_HELD: Final = select(launch.c.id).where(launch.c.time == bindparam("at"), launch.c.reference == bindparam("asked"))
_FORGET_ONE: Final = delete(launch).where(launch.c.reference == bindparam("gone"))
_FORGET: Final = Purge(launch, launch.c.time < bindparam("before"))
_FORGET_NOBODY: Final = Purge(
    launch,
    launch.c.reference.in_(select(received.c.reference).where(received.c.time < bindparam("before"))),
    launch.c.outcome == Outcome.REJECTED,
    launch.c.student_id == "",
)


class Reached(NamedTuple):
    """Whom a launch reached."""

    user_id: int
    by: str
    """The Username attribute that held the ID, or `LINK`; empty in records of before."""


def new_reference(randbits: Callable[[int], int]) -> str:
    """Eight letters and digits a person can read out, such as `7K3M-9QXT`."""
    number, letters = randbits(64), ""
    for _ in range(REFERENCE_LENGTH // 2):
        number, place = divmod(number, len(_PAIRS))
        letters += _PAIRS[place]
    return _dashed(letters)


def readings(typed: str) -> list[str]:
    """The references that `typed` may mean, the likeliest first.

    Letter case, blanks and dashes do not matter. A character that stands in no reference is read as what looks like it:
    `0` and `O` alike, and `1`, `I` and `L`.
    """
    plain = unicodedata.normalize("NFKC", typed[:200]).upper()
    letters = "".join(filter(str.isalnum, plain))
    if len(letters) != REFERENCE_LENGTH:
        return [plain.strip()] if letters else []
    meant = itertools.product(*(_LOOKS_LIKE.get(letter, letter) for letter in letters))
    likely = (_dashed("".join(word)) for word in itertools.islice(meant, MOST_READINGS))
    return [*dict.fromkeys((_dashed(letters), *likely))]


def _dashed(letters: str) -> str:
    return f"{letters[: REFERENCE_LENGTH // 2]}-{letters[REFERENCE_LENGTH // 2 :]}"


def write_reached(user_id: int, by: str, remark: str = "") -> str:
    """The detail of a launch that got in."""
    way = f" by {by.replace(';', ',')}" if by else ""
    found = f"reached the OttoLearn user {user_id}{way}"
    return "; ".join(filter(None, (found, remark)))


def read_reached(detail: str) -> Reached | None:
    """Whom the launch with this detail reached; None where it reached nobody."""
    found = _WRITTEN.fullmatch(detail)
    return Reached(int(found[1]), found[2] or "") if found else None


def is_of_nobody(line: LaunchLine) -> bool:
    """Whether the launch was refused before anybody was known: such lines anybody can bring about."""
    return line.outcome == Outcome.REJECTED and not line.student_id


def append(engine: Engine, line: LaunchLine) -> None:
    """Write one line. What is too long is cut at its column's length: a hostile request must not lose its record."""
    texts: tuple[str, ...] = line[1:]
    whole = "".join(texts)
    if not (whole.isascii() and whole.isprintable()) or any(map(gt, map(len, texts), _LONGEST)):  # hardly ever
        line = LaunchLine(line.time, *map(storable, texts, _LONGEST))
    _APPEND.rows(engine, line._asdict())


def newest(engine: Engine, last: int) -> list[LaunchLine]:
    """The `last` lines, newest first; of two at one time, the one written later first."""
    with autocommit(engine) as connection:
        return [LaunchLine(*row) for row in connection.execute(_NEWEST, {"last": last})]


def recent_students(engine: Engine, name: str, last: int) -> list[Student]:
    """Who came by the `last` launches of the connection `name` that were not rejected, newest first."""
    with autocommit(engine) as connection:
        return [Student(*row) for row in connection.execute(_RECENT, {"asked": name, "last": last})]


def last_named(engine: Engine, name: str, student_id: str) -> LaunchLine | None:
    """The last launch of the connection `name` with this ID that said a name. It looks through the whole record."""
    asked = {"asked": name, "id_": storable(student_id, _LIMITS["student_id"])}
    with autocommit(engine) as connection:
        row = connection.execute(_LAST_NAMED, asked).one_or_none()
    return None if row is None else LaunchLine(*row)


def by_reference(engine: Engine, reference: str) -> LaunchLine | None:
    """The line with this reference."""
    with autocommit(engine) as connection:
        row = connection.execute(_BY_REFERENCE, {"asked": storable(reference, _LIMITS["reference"])}).one_or_none()
    return None if row is None else LaunchLine(*row)


def holds(engine: Engine, line: LaunchLine) -> bool:
    """Whether this line is there. It is looked for by its time, which has an index."""
    with autocommit(engine) as connection:
        return connection.execute(_HELD, {"at": line.time, "asked": line.reference}).first() is not None


def forget_one(engine: Engine, reference: str) -> None:
    """Delete the line with this reference."""
    with autocommit(engine) as connection:
        connection.execute(_FORGET_ONE, {"gone": reference})


def forget_before(engine: Engine, time: float) -> int:
    """Delete the lines older than `time` (Unix seconds); how many."""
    return _FORGET.run(engine, {"before": time})


def forget_nobody_before(engine: Engine, time: float) -> int:
    """Delete the lines of nobody older than `time`; how many. They are found by what came with them, so before that is
    forgotten: to look through all lines would hold up launches.
    """
    return _FORGET_NOBODY.run(engine, {"before": time})
