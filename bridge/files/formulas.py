"""Text in CSV files that a spreadsheet program would take for a formula."""

from __future__ import annotations

import re
from typing import Final

_FORMULA: Final = re.compile("[=+\\-@\t\r\n＝＋－＠﹦﹢﹣﹫⁼⁺₌₊]")
_GUARDED: Final = re.compile(f"\\A'(?={_FORMULA.pattern})")


def unguarded(text: str) -> str:
    """CSV text without the apostrophe that `guarded` set."""
    return _GUARDED.sub("", text, count=1)


def guarded(text: str) -> str:
    """Text that no spreadsheet program takes for a formula when it opens a CSV (OWASP, CSV injection).

    Programs for East Asian languages read the full-width and small forms of these signs as the signs.
    """
    return f"'{text}" if _FORMULA.match(text) else text
