"""What a cell may be, and what a cell that is no ID says as text.

Spreadsheet programs change IDs behind people's backs: `00123` becomes 123, `12345678901234567` is rounded, `1-2` turns
into a date, `1E7` into a number. What still is what was typed may be an ID (`ids.py`); anything else is refused, never
repaired. Where a column holds no IDs, the date or the number is what was meant, and becomes text.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import NamedTuple

from bridge.contracts import clean

ALLOWED_TEXT = (
    "text, a date from March 1900 on, a number of up to 15 digits, TRUE or FALSE; of a formula, one that works"
)

_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|FIELD!|BLOCKED!)")
_FIRST_DAY = "1900-03-01"
"""Excel counts a 29 February 1900, which never was, so the days before are one off in some programs."""


class Odd(NamedTuple):
    """A cell that is not text, and so nobody's ID."""

    what: str
    """What it is, in words; never its value."""
    text: str | None = None
    """What a person would write for it; None where nobody can know."""


Cell = str | Odd
DATE = Odd("a date or time")


def of_truth(value: bool) -> Odd:
    """A cell that is true or false."""
    return Odd("TRUE or FALSE", "TRUE" if value else "FALSE")


def of_number(value: float) -> Cell:
    """A number cell as the digits that were typed, where that is certain."""
    if not math.isfinite(value) or value != int(value):
        return Odd("a number that is not whole", digits_of(value))
    if abs(value) >= 1e15:
        return Odd("a number of more than 15 digits, which spreadsheets round")
    if abs(value) >= 1e7 and value % 1e6 == 0:
        return Odd("a round number such as 1.0E+7, which may stand for a longer one", digits_of(value))
    return str(int(value))


def digits_of(value: float) -> str | None:
    """A number as spreadsheet programs show it, to 15 digits, which hides the noise of fractions; None beyond them."""
    if not math.isfinite(value) or abs(value) >= 1e15:
        return None
    return f"{Decimal(f'{value:.15g}'):f}"


def of_date(when: dt.date) -> Odd:
    """A date, or a date and time, in ISO 8601."""
    text = when.isoformat().removesuffix("T00:00:00")
    return DATE._replace(text=text) if text >= _FIRST_DAY else DATE


def of_serial(days: float, epoch: dt.date) -> Odd:
    """A date as workbooks hold it: days since `epoch`, less than one being a time of no day."""
    try:
        when = dt.datetime.combine(epoch, dt.time()) + dt.timedelta(milliseconds=round(days * 86_400_000))
    except (OverflowError, ValueError):
        return DATE
    return of_date(when) if days >= 1 else DATE


def of_error(text: str) -> Odd:
    """The result of a formula that failed."""
    return error_in(text) or Odd("the error of a formula")


def error_in(text: str) -> Odd | None:
    """The error that a text is; None where it is none."""
    return Odd(f"the error {text}") if text[:1] == "#" and _ERROR.fullmatch(text) else None


def read_text(cell: Cell) -> Cell:
    """What a person would write for a cell that is no ID; Odd where nobody can know."""
    if isinstance(cell, Odd):
        return cell if cell.text is None else cell.text
    text = clean(cell)
    return error_in(text) or text


def column_letters(index: int) -> str:
    """The letters of the column at `index` (0 is A, 26 is AA)."""
    letters = ""
    while index >= 0:
        letters = chr(ord("A") + index % 26) + letters
        index = index // 26 - 1
    return letters


def address(sheet: str, column: int, row: int) -> str:
    """`Sheet1!B17`, for a column counted from 0 and a row counted from 1."""
    return f"{sheet}!{column_letters(column)}{row}"
