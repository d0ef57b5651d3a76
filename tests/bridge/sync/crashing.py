"""Ways to die in the middle of a sync.

As a program: `python crashing.py FOLDER URL COUNT` syncs COUNT people into the OttoLearn at URL, prints the outcome.
"""

from __future__ import annotations

import ipaddress
import json
import random
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine, event

from bridge.contracts import Adapter, Connection, RosterEnd, RosterMember, Student
from bridge.http import Outbound
from bridge.learners.directory import Directory
from bridge.ottolearn.api import OttoLearnApi
from bridge.ottolearn.settings import OttoLearn
from bridge.store.engine import migrate, open_database
from bridge.sync.apply import Surroundings
from bridge.sync.run import Options, Sync
from bridge.sync.settings import Grace, Roster


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
    engine = open_database(f"sqlite:///{folder / 'bridge.db'}")
    migrate(engine)
    outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")])
    settings = OttoLearn.model_validate(
        {
            "api_url": url,
            "organization_id": 1,
            "username": "api",
            "password": "api",
            "learner_url": url,
            "sign_in": {"method": "signed_link", "url": url, "secret": "x" * 32},
        }
    )
    api = OttoLearnApi(settings, outbound, attempts=1)
    around = Surroundings(
        engine=engine,
        directory=Directory(engine, ("username",), api.read_learners, time.time),
        ottolearn=api,
        now=time.time,
        sleep=time.sleep,
        token=lambda: secrets.token_urlsafe(32),
        chance=random.random,
        notice=lambda sentence: None,
        progress=lambda stage, done, total: None,
        stopping=lambda: False,
    )

    def read(settings: Any, means: Any) -> Any:
        yield [RosterMember(Student(f"p{n}", "A", "B"), {"login": f"p{n}"}) for n in range(count)]
        yield RosterEnd(count)

    adapter: Adapter[Any] = Adapter(name="test", title="Test", settings=SimpleNamespace, read_roster=read)
    roster = Roster(on_leave="deactivate", grace=Grace(days=0, complete_reads=1))
    connection = Connection("campus", adapter, SimpleNamespace(student_id="login", roster=roster))
    outcome = Sync(connection, ("username",), "api", outbound, around).run(Options())
    json.dump({**outcome.document(), "users": sum(1 for _ in api.read_learners())}, sys.stdout)
    engine.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
