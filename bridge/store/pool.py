"""How many connections to the database are in use, told as they are taken and given back."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, event


def watch(engine: Engine, tell: Callable[[int], None]) -> None:
    """Call `tell` with 1 for each connection that is taken from the pool of `engine`, with -1 when it is back."""

    def taken(*_: object) -> None:
        tell(1)

    def back(*_: object) -> None:
        tell(-1)

    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", back)
