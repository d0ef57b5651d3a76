"""An adapter for tests: the roster is a JSON-lines file, named in the configuration by this module's dotted path."""

from __future__ import annotations

import json
from pathlib import Path

from bridge.config.settings import Frozen
from bridge.contracts import Adapter, ReaderContext, RosterEnd, RosterMember, RosterPages, Student
from bridge.roster.settings import Roster

PAGE = 20


class Settings(Frozen):
    student_id: str = "login"
    file: Path
    roster: Roster = Roster()


def read_roster(settings: Settings, reader_context: ReaderContext) -> RosterPages:
    """Lines of `{"login": …, "first_name": …, "last_name": …}`; a line `"end"` is the proof of the end."""
    page: list[RosterMember] = []
    total = 0
    with settings.file.open(encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)
            if fields == "end":
                yield page
                yield RosterEnd(total)
                return
            total += 1
            page.append(RosterMember(Student(fields["login"], fields["first_name"], fields["last_name"]), fields))
            if len(page) == PAGE:
                yield page
                page = []


ADAPTER = Adapter(name="filed", title="A file of people", settings=Settings, read_roster=read_roster)
