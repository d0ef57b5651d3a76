"""Reading a file as a sync would, in one call."""

from __future__ import annotations

import pytest

from adapters.spreadsheet.roster import read_roster
from adapters.spreadsheet.settings import Settings
from bridge.contracts import ReaderContext, RosterEnd


def _refused(*_):
    raise AssertionError("a file needs neither network nor patience")


class Read:
    """What came out of a reading."""

    def __init__(self, path, usernames=(), **keys):
        self.notices: list[str] = []
        context = ReaderContext(
            outbound=None, now=_refused, sleep=_refused, notice=self.notices.append, usernames=usernames
        )
        pages = list(read_roster(Settings.model_validate({"file": str(path), **keys}), context))
        self.end = pages.pop()
        assert isinstance(self.end, RosterEnd)
        self.pages = pages
        self.members = [member for page in pages for member in page]
        self.ids = [member.student.student_id for member in self.members]


@pytest.fixture
def read():
    return Read


@pytest.fixture
def csv_file(tmp_path):
    def write(text, encoding="utf-8", name="people.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write
