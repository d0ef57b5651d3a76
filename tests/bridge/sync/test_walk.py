"""Whoever follows one person through a sync has to open few files, and docs/architecture.md names them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType

from bridge.sync.run import Options
from tests.bridge.sync.world import World
from tests.conftest import ROOT

MOST = 18
AROUND = 4
"""The adapter's roster.py, completeness.py and prefetch.py, of other threads, and ottolearn/api.py, here a fake."""


def test_a_member_walks_through_few_files_to_the_write_and_the_docs_name_them(world: World, people) -> None:
    walked: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        del event, argument
        file = Path(frame.f_code.co_filename)
        if file.parent == ROOT / "bridge" / "sync":
            walked.add(file.name)

    world.lms.members = people(1)
    sync = world.sync()
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        outcome = sync.run(Options())
    finally:
        sys.setprofile(before)
    assert outcome.created == 1
    assert len(walked) + AROUND <= MOST, sorted(walked)
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    told = text[text.index("## A roster, file by file") : text.index("## Rooms")]
    assert walked <= set(re.findall(r"(\w+\.py)", told)), "name them in docs/architecture.md"
