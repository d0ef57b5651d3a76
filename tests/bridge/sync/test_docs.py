from __future__ import annotations

import re
from pathlib import Path

import yaml

from bridge.roster.settings import Roster

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "sync.md").read_text()


def test_every_reason_that_an_operator_can_meet_is_explained() -> None:
    source = "".join(
        (ROOT / "bridge" / "sync" / f"{name}.py").read_text() for name in ("decide", "plan", "changes_plan", "persons")
    )
    found = re.findall(r'(?:Kind\.\w+|_conflict\(|to_conflict\(.*?run), ?"([a-z_]+)"|_conflict\("([a-z_]+)"', source)
    found += re.findall(r'(?:PASSED_ON|ID_CHANGED|OTHER_VALUE)(): Final = "([a-z_]+)"', source)
    found += re.findall(r'_skip\(.*"([a-z_]+)"\)|, "(claimed_twice|duplicate)"', source)
    reasons = {reason for pair in found for reason in pair if reason}
    assert {"taken", "passed_on", "in_grace", "duplicate", "protected_user", "no_student_id"} <= reasons
    assert {reason for reason in reasons if f"`{reason}`" not in TEXT} == set()


def test_the_configuration_in_the_documentation_loads() -> None:
    block = TEXT.split("```yaml\n")[1].split("```")[0]
    roster = yaml.safe_load(block)["connections"]["campus"]["roster"]
    limits = yaml.safe_load(TEXT.split("```yaml\n")[2].split("```")[0])
    assert Roster.model_validate({**roster, **limits}).limits == Roster().limits
