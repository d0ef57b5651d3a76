"""Ways to die in the middle of a sync.

As a program, `python -m tests.bridge.sync.crashing FOLDER URL COUNT`, it syncs COUNT people into the OttoLearn at URL
and prints the outcome.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine, event

from bridge.contracts import RosterEnd, RosterMember, RosterPages, Student
from bridge.roster.settings import Grace, Roster
from bridge.sync.run import Options
from tests.bridge.sync.assembled import assembled


class Crash(BaseException):
    """The process is dead: nothing reaches the database any more."""


class Crashing:
    """Lets a database die after so many statements, for good until the next life."""

    def __init__(self, engine: Engine) -> None:
        self._left: int | None = None
        event.listen(engine, "before_cursor_execute", self._count)
        event.listen(engine, "commit", self._count)

    def survives(self, statements: int, act: Callable[[], Any]) -> bool:
        """Whether `act` comes to its end within so many statements; else it dies there."""
        self._left = statements
        try:
            act()
        except Crash:
            return False
        finally:
            self._left = None
        return True

    def _count(self, *_: Any) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Crash


def main(folder: Path, url: str, count: int) -> None:
    def read(settings: Any, reader_context: Any) -> RosterPages:
        del settings, reader_context
        yield [RosterMember(Student(f"p{n}", "A", "B"), {"login": f"p{n}"}) for n in range(count)]
        yield RosterEnd(count)

    roster = Roster(on_leave="deactivate", grace=Grace(days=0, complete_reads=1))
    with assembled(folder, url, SimpleNamespace(student_id="login", roster=roster), read) as (sync, api):
        outcome = sync.run(Options())
        json.dump({**outcome.document(), "users": sum(1 for _ in api.read_learners())}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
