"""What a cell may be, and what may be an ID.

Spreadsheet programs change IDs behind people's backs: `00123` becomes 123, `12345678901234567` is rounded, `1-2` turns
into a date, `1E7` into a number. What still is what was typed is taken; anything else is refused, never repaired.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import NamedTuple

from bridge.contracts import clean

MAX_ID = 255
ALLOWED_ID = "the ID as text, up to 255 characters; format the column as Text before typing or pasting it"

_SHORTENED = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+\d{1,3}|[+-]?\d[.,]\d+E-?\d{1,3}", re.IGNORECASE | re.ASCII)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?|\d{1,2}([/.])\d{1,2}\1(?:\d{4}|\d\d)|\d{1,2}-[A-Z][a-z]{2}(?:-\d\d(?:\d\d)?)?",
    re.ASCII,
)
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|FIELD!|BLOCKED!)")
_SUSPECT = "#+-0123456789"
"""With what an error, a shortened number or a date begins."""
_GUARDED = re.compile(r"'(?=[=+\-@\t\r])")


class Odd(NamedTuple):
    """A cell that is not text and has no one spelling as text."""

    what: str
    """What it is, in words; never its value."""


Cell = str | Odd
DATE = Odd("a date or time")
TRUTH = Odd("TRUE or FALSE")


def of_number(value: float) -> Cell:
    """A number cell as the digits that were typed, where that is certain."""
    if not math.isfinite(value) or value != int(value):
        return Odd("a number that is not whole")
    if abs(value) >= 1e15:
        return Odd("a number of more than 15 digits, which spreadsheets round")
    if abs(value) >= 1e7 and value % 1e6 == 0:
        return Odd("a round number such as 1.0E+7, which may stand for a longer one")
    return str(int(value))


def of_error(text: str) -> Odd:
    """The result of a formula that failed."""
    return Odd(f"the error {text}" if _ERROR.fullmatch(text) else "the error of a formula")


def unguarded(text: str) -> str:
    """CSV text without the apostrophe that `guarded` set."""
    return _GUARDED.sub("", text, count=1)


def guarded(text: str) -> str:
    """Text that no spreadsheet program takes for a formula when it opens a CSV (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def read_id(cell: Cell) -> str | Odd:
    """The ID in a cell, trimmed and in NFC; empty where there is none; Odd where it cannot be an ID."""
    if isinstance(cell, Odd):
        return cell
    if cell.isalnum() and cell.isascii() and len(cell) <= MAX_ID:
        return cell  # nearly always, and nothing below could find fault with it
    text = cell.strip()
    if len(text) > MAX_ID:
        return Odd(f"text of more than {MAX_ID} characters")
    if not text.isprintable() and any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text):
        return Odd("text with a line break or a control character")
    if text[:1] in _SUSPECT:
        if _ERROR.fullmatch(text):
            return of_error(text)
        if _SHORTENED.fullmatch(text):
            return Odd("a number shortened to the form 1.0E+7, its digits lost")
        if _DATE.fullmatch(text):
            return DATE
    return clean(text)


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
