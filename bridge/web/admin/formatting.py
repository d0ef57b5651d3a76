"""How the administrators' pages write times, numbers and shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup

_STEPS: Final = ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def when(time: float | None) -> Markup:
    """A moment: by UTC, which a script turns into the reader's own time."""
    if time is None:
        return Markup("–")
    moment = datetime.fromtimestamp(time, UTC)
    machine, people = moment.isoformat(timespec="seconds").replace("+00:00", "Z"), moment.strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{}">{} UTC</time>').format(machine, people)


def span(seconds: float) -> str:
    """How long something took or is ago: `3 hours`."""
    for size, name in _STEPS:
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}" + ("" if count == 1 else "s")
    return "less than a second"


def number(value: int) -> str:
    """`1,234,567`."""
    return f"{value:,}"


def percent(part: float, whole: float) -> str:
    """A share; of nothing there is none."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {"when": when, "span": span, "number": number, "percent": percent}
"""By the names that templates call them."""
