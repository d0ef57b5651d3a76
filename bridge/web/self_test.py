"""A launch that the bridge sends itself: the connection it comes by, the learner it is for, and how the last one ended.

It is a whole launch by LTI 1.1: signed, spent, looked up, let in, recorded. Its learner is nobody in OttoLearn, so the
way in that it gets leads nowhere; nothing of it stays in the record or is counted with the launches of people.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bridge.config.settings import Frozen
from bridge.contracts import Adapter, Assurance, Connection, Kind, Launch, Learner, Match, SignedForm, Student
from bridge.lti.settings import Lti11, Lti13

NAME = "_self-test"
"""No connection of a configuration, and none that registers itself, can be called so."""
STUDENT = "self-test"
MISSED = 3
"""So many in a row may be missing before the bridge is not well."""

Find = Callable[[str, Launch, str], Match]


class Settings(Frozen):
    """What launches of this connection are verified by."""

    lti11: Lti11
    lti13: Lti13 | None = None


class Ended(msgspec.Struct, frozen=True):
    """How one self-test ended."""

    at: float
    good: bool
    good_at: float
    """When one last got in; 0 for never."""


@dataclass(frozen=True)
class SelfTest:
    """What all processes know of it."""

    secret: str = field(repr=False)
    every: float
    """Seconds."""
    folder: Path
    """One that all processes share."""
    began: float = field(default_factory=time.time)

    def connection(self) -> Connection[Any]:
        """The connection by which it launches."""
        adapter = Adapter(name=NAME, title="the bridge itself", settings=Settings, read_form=_read_form)
        lti11 = Lti11.model_validate({"consumer_key": NAME, "shared_secret": self.secret})
        return Connection(NAME, adapter, Settings(lti11=lti11))

    def finding(self, find: Find, look: Callable[[str], object], attribute: str) -> Find:
        """`find`, but for the self-test's learner, who is looked up like everybody and then made up."""

        def found(connection: str, launch: Launch, student_id: str) -> Match:
            if connection != NAME:
                return find(connection, launch, student_id)
            look(student_id)
            return Match(Learner(0, True, {attribute: STUDENT}), attribute)

        return found

    def note(self, now: float, *, good: bool) -> None:
        """Tell all processes how it ended. On a full disk they notice that nothing was told."""
        last = self.last()
        ended = Ended(now, good, now if good else last.good_at if last else 0.0)
        with suppress(OSError):
            written = self.folder / "self-test.new"
            written.write_bytes(msgspec.json.encode(ended))
            written.replace(self.folder / "self-test.json")

    def last(self) -> Ended | None:
        """How the last one ended."""
        try:
            return msgspec.json.decode((self.folder / "self-test.json").read_bytes(), type=Ended)
        except (OSError, msgspec.DecodeError):
            return None

    def is_well(self, now: float) -> bool:
        """Whether the last one got in, not too long ago, or none can have ended yet."""
        last = self.last()
        return (last is None or last.good) and now - (last.at if last else self.began) < MISSED * self.every


def _read_form(_: SignedForm, __: Settings) -> Launch:
    return Launch(Student(STUDENT, "", ""), Kind.LTI11, Assurance.SIGNED)
