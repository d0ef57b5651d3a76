"""A small world to sync in: a roster that the test changes, and an OttoLearn in memory like the sandbox."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine

from bridge.contracts import (
    ACCEPTED,
    RECORD,
    Adapter,
    Connection,
    Learner,
    ReaderContext,
    RosterEnd,
    RosterMember,
    RosterPages,
    Student,
)
from bridge.errors import OttoBridgeError, RemoteRefused, RemoteUnavailable
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.ottolearn.api import Attribute
from bridge.roster.settings import Roster
from bridge.store import sync_items, sync_runs
from bridge.store.sync_items import Item
from bridge.sync.context import RunContext
from bridge.sync.outcome import Outcome
from bridge.sync.run import Options, Sync
from tests.fakes.contexts import readers_over

USERNAMES = ("username", "employeeId")
REQUIRED = ("firstName", "lastName", "username")
NAMES = ("firstName", "lastName", "username", "employeeId", "emailAddress", "language")
DAY = 86_400.0


class InMemoryOttoLearn:
    """Users by id; refuses what the sandbox refuses; counts the writes; fails as told."""

    def __init__(self) -> None:
        self.users: dict[int, Learner] = {}
        self.writes: list[tuple[str, int]] = []
        """("create"|"update", user id), in order."""
        self.listings = 0
        self.fail: Callable[[str, Mapping[str, str]], OttoBridgeError | None] = lambda deed, attributes: None
        """Asked before each write; what it returns is raised."""
        self.lose: Callable[[str], bool] = lambda deed: False
        """Asked after each write: the write was done and its answer is lost."""
        self._lock = threading.Lock()

    def add(self, user_id: int, active: bool = True, **attributes: str) -> Learner:
        self.users[user_id] = Learner(user_id, active, attributes)
        return self.users[user_id]

    def edit(self, who: int | str, *, active: bool | None = None, **attributes: str) -> None:
        """Change a user, named by number or by username: users who are created at once get numbers in any order."""
        user = self.users[who] if isinstance(who, int) else self.by_username(who)
        active = user.active if active is None else active
        self.users[user.user_id] = Learner(user.user_id, active, {**user.attributes, **attributes})

    def by_username(self, username: str) -> Learner:
        return next(user for user in self.users.values() if user.attributes.get("username") == username)

    def read_learners(self) -> Iterator[Learner]:
        self.listings += 1
        yield from list(self.users.values())

    def attributes(self) -> list[Attribute]:
        return [Attribute(name, name, "text", name in REQUIRED, name in USERNAMES) for name in NAMES]

    def create(self, attributes: Mapping[str, str], password: str, active: bool = True) -> Learner:
        assert len(password) >= 32
        with self._lock:
            self._refuse("create", attributes, None)
            user_id = max(self.users, default=0) + 1
            return self._written("create", user_id, Learner(user_id, active, dict(attributes)))

    def update(self, user_id: int, attributes: Mapping[str, str], active: bool | None) -> Learner:
        with self._lock:
            if user_id not in self.users:
                raise RemoteRefused("no such user", status=404)
            self._refuse("update", attributes, user_id)
            before = self.users[user_id]
            merged = {**before.attributes, **attributes}
            return self._written(
                "update", user_id, Learner(user_id, before.active if active is None else active, merged)
            )

    def _refuse(self, deed: str, attributes: Mapping[str, str], own: int | None) -> None:
        if error := self.fail(deed, attributes):
            raise error
        if deed == "create" and any(not attributes.get(name) for name in REQUIRED):
            raise RemoteRefused("required", status=400)
        for name in USERNAMES:
            value = attributes.get(name)
            if value and any(u.user_id != own and u.attributes.get(name) == value for u in self.users.values()):
                raise RemoteRefused("taken", status=409)

    def _written(self, deed: str, user_id: int, learner: Learner) -> Learner:
        self.users[user_id] = learner
        self.writes.append((deed, user_id))
        if self.lose(deed):
            raise RemoteUnavailable("no answer in time")
        return learner


def member(
    student_id: str,
    *,
    active: bool = True,
    first: str = "Ada",
    last: str = "Lovelace",
    record: str = "",
    **fields: str,
) -> Any:
    """One person of a roster, whose record in the source is called by the ID unless it is said otherwise."""
    names = {"first_name": first, "last_name": last, RECORD: record or student_id}
    everything = {"login": student_id, **names, **fields}
    return RosterMember(Student(student_id, first, last), everything, active)


@dataclass
class Lms:
    """A roster, and how its reading goes."""

    members: list[RosterMember] = field(default_factory=list)
    total: int | None = None
    """What the source says there are; None: the truth."""
    ends: bool = True
    """False: the source just stops, without a RosterEnd."""
    error: Exception | None = None
    """Raised after the members."""
    guess: str = ""
    """What its reader guessed."""
    lacks: str = ""
    """The right that the source does not give."""
    page: int = 2
    while_reading: Callable[[], None] = lambda: None
    now: Callable[[], float] | None = None
    """The source's clock; given, the source can be asked for changes."""
    changes: list[tuple[float, RosterMember]] = field(default_factory=list)
    """When who was changed."""
    changes_error: Exception | None = None
    asked: list[float] = field(default_factory=list)
    """From when on changes were asked for."""

    def change(self, *members: RosterMember) -> None:
        """Put these members onto the roster, or change them there; the source notes when."""
        assert self.now is not None
        for new in members:
            key = new.fields[RECORD]
            self.members = [*(old for old in self.members if old.fields[RECORD] != key), new]
            self.changes = [*(entry for entry in self.changes if entry[1].fields[RECORD] != key), (self.now(), new)]

    def read_changes(self, settings: Any, reader_context: ReaderContext, since: float) -> RosterPages:
        del settings, reader_context
        assert self.now is not None
        self.asked.append(since)
        as_of = self.now()
        found = [new for time, new in self.changes if time > since]
        for start in range(0, len(found), self.page):
            yield found[start : start + self.page]
        self.while_reading()
        if self.changes_error is not None:
            raise self.changes_error
        if self.ends:
            yield RosterEnd(len(found), as_of)

    def read(self, settings: Any, reader_context: ReaderContext) -> RosterPages:
        del settings, reader_context
        for start in range(0, len(self.members), self.page):
            yield self.members[start : start + self.page]
        self.while_reading()
        if self.error is not None:
            raise self.error
        if self.ends:
            as_of = None if self.now is None else self.now()
            yield RosterEnd(len(self.members) if self.total is None else self.total, as_of, self.guess, self.lacks)


class World:
    """One OttoLearn, one database, any number of connections."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self.engine = engine
        self.directory_path = directory
        self.ottolearn = InMemoryOttoLearn()
        self.lms = Lms()
        self.roster = Roster(
            on_leave="deactivate",
            grace={"days": 0, "complete_reads": 1},
            limits=unlimited(),
            writes_at_once=1,  # users are numbered as the roster lists them: tests name them by number
        )
        self.time = 1_000_000.0
        self.stop = False
        self.follows_ids = self.replaces_ids = False
        self.roster_namespace = "roster"
        self.claims_roster = False
        self.accepts = ACCEPTED
        self.notices: list[str] = []
        self.learners = Directory(engine, USERNAMES, self.ottolearn.read_learners, self.now)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def sync(self, name: str = "campus", lms: Lms | None = None, roster: Roster | None = None) -> Sync:
        lms = lms or self.lms
        adapter: Adapter[Any] = Adapter(
            name="test",
            title="Test",
            settings=SimpleNamespace,
            read_roster=lms.read,
            roster_namespace=self.roster_namespace,
            claims_roster=lambda _: self.claims_roster,
            read_changes=None if getattr(lms, "now", None) is None else lms.read_changes,
        )
        settings = SimpleNamespace(student_id="login", roster=roster or self.roster)
        ids = {"follows_ids": self.follows_ids, "replaces_ids": self.replaces_ids}
        connection = Connection(name, adapter, settings, self.accepts, **ids)
        return Sync(connection, USERNAMES, "api", Outbound(), self.context())

    def context(self) -> RunContext:
        return RunContext(
            engine=self.engine,
            directory=self.learners,
            ottolearn=self.ottolearn,
            readers=readers_over(self.engine, self.now, self.sleep),
            now=self.now,
            sleep=self.sleep,
            token=lambda: "a long password, new each time: 42",
            chance=random.Random(1).random,
            notice=self.notices.append,
            progress=lambda stage, done, total: None,
            stopping=lambda: self.stop,
        )

    def run(
        self, name: str = "campus", lms: Lms | None = None, roster: Roster | None = None, **options: Any
    ) -> Outcome:
        """Sync once; the next sync is a day later."""
        outcome = self.sync(name, lms, roster).run(Options(**options))
        self.time += DAY
        return outcome

    def plan(self, name: str = "campus", lms: Lms | None = None, **options: Any) -> Outcome:
        return self.run(name, lms, plan_file=self.directory_path / "plan.jsonl", **options)

    def apply(self, run: int, name: str = "campus", lms: Lms | None = None) -> Outcome:
        found = sync_runs.find(self.engine, run)
        assert found is not None
        return self.sync(name, lms).apply_plan(found)

    def approve(self, run: int) -> Outcome:
        found = sync_runs.find(self.engine, run)
        assert found is not None
        return self.sync().approve(found)

    def items(self, run: int, *kinds: str) -> list[Item]:
        return [item for page in sync_items.pages(self.engine, run, kinds=kinds) for item in page]

    def change(self, **settings: Any) -> None:
        """Change the connection's `roster:` part."""
        self.roster = self.roster.model_validate({**self.roster.model_dump(), **settings})


def unlimited() -> dict[str, Any]:
    return {
        name: {"percent": None} for name in ("creations", "updates", "reactivations", "deactivations", "id_changes")
    }
