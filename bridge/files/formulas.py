"""Text in CSV files that a spreadsheet program would take for a formula."""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺₌₊"
_BEGINS: Final = f"(?:\\A(?='*[\t\r\n{_SIGNS}])|(?<=[;\t\r\n])(?='*[{_SIGNS}]))"
"""Where a cell begins, for some program, that is a formula but for apostrophes."""
_GUARD: Final = re.compile(_BEGINS)
_GUARDED: Final = re.compile(f"{_BEGINS}'")


def unguarded(text: str) -> str:
    """CSV text without the apostrophes that `guarded` set."""
    return _GUARDED.sub("", text)


def guarded(text: str) -> str:
    """Text that no spreadsheet program takes for a formula when it opens a CSV (OWASP, CSV injection).

    Programs for East Asian languages read the full-width and small forms of these signs as the signs. Where a comma is
    the decimal sign, as in German, programs part a line at semicolons, and heed no quotes but at the beginning: what
    stands behind a semicolon or a line break is a cell of its own then.
    """
    return _GUARD.sub("'", text)
