"""Days as the API takes them.

Its documentation says dd-mmm-yyyy, and the one public client sends dd/mm/yyyy: which one an account takes is asked,
with a range that holds everybody. A format that is not understood may be answered with nobody, which must not mean
"no changes".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

Write = Callable[[date], str]
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Not those of this machine's language."""
FIRST, LAST = date(2000, 1, 31), date(2099, 12, 31)
"""A range that holds everybody. Neither is a day where day and month are exchanged."""
ZONE: Final = timedelta(days=1)
"""In which time zone the days are is not said."""


def documented(day: date) -> str:
    """dd-mmm-yyyy, as in 15-Jun-2026."""
    return f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year}"


def slashed(day: date) -> str:
    """dd/mm/yyyy."""
    return f"{day.day:02}/{day.month:02}/{day.year}"


FORMATS: Final[tuple[Write, ...]] = (documented, slashed)


def span(since: float, write: Write) -> tuple[str, str]:
    """The days from `since` (seconds since 1970) on, in whichever time zone they are."""
    return write(datetime.fromtimestamp(since, UTC).date() - ZONE), write(LAST)
