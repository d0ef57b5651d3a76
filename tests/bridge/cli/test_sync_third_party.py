"""An adapter of somebody else's package has its command, as ours have."""

from __future__ import annotations

from pathlib import Path

from bridge.config.settings import Frozen
from bridge.contracts import Adapter, ReaderContext, RosterEnd, RosterMember, RosterPages, Student
from bridge.roster.settings import Roster
from tests.bridge.cli.rostered import rostered


class Settings(Frozen):
    """One Acme."""

    student_id: str = "number"
    roster: Roster = Roster()


def read_roster(settings: Settings, context: ReaderContext) -> RosterPages:
    """One person."""
    del settings, context
    fields = {"number": "7001", "email": "ada@acme.test"}
    yield [RosterMember(Student("7001", "Ada", "Byron"), fields)]
    yield RosterEnd(1)


ADAPTER = Adapter(name="acme", title="Acme", settings=Settings, read_roster=read_roster)


def test_an_adapter_by_its_dotted_path_is_synced_by_its_name(tmp_path: Path) -> None:
    with rostered(tmp_path, f"{__name__}:ADAPTER", {}) as site:
        site.configure(attributes={"emailAddress": "email", "username": "number"})
        code, outcome = site.run("sync", "acme", "source")
        assert (code, outcome["created"]) == (0, 1), outcome
        assert site.outcome_of("7001") == "matched"
