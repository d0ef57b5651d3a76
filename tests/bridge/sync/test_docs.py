from __future__ import annotations

import re
from pathlib import Path

import yaml

from bridge.reasons import REASONS
from bridge.roster.settings import Roster
from bridge.sync.reasons import RunReason

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "sync.md").read_text()


REASON = re.compile(r'(?:Kind\.\w+, |_conflict\(|_skipped\(|_skip\(\w+, |no_link\(|reason ?= ?)"([a-z_]+)"')


def test_every_reason_that_an_operator_can_meet_is_in_the_catalogue() -> None:
    given = {
        word for path in (ROOT / "bridge" / "sync").glob("*.py") for word in REASON.findall(path.read_text("utf-8"))
    }
    assert given <= {*RunReason, *REASONS}


def test_the_configuration_in_the_documentation_loads() -> None:
    block = TEXT.split("```yaml\n")[1].split("```")[0]
    roster = yaml.safe_load(block)["connections"]["campus"]["roster"]
    limits = yaml.safe_load(TEXT.split("```yaml\n")[2].split("```")[0])
    assert Roster.model_validate({**roster, **limits}).limits == Roster().limits
