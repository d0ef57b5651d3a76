"""Probes: what an LMS passes is shown to the administrator, and nobody without a package fills the table."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.packages.origin import Packages
from bridge.packages.probing import learner_id, learner_name, propose, remarks
from bridge.store import packages, probes
from tests.bridge.web.conftest import Bridge


def findings(student_id: str = "1234", versions: tuple[str, ...] = ("scorm12",)) -> dict[str, Any]:
    values = {
        "cmi.core.student_id": {"value": student_id, "error": "0"},
        "cmi.core.student_name": {"value": "García, Ana", "error": "0"},
    }
    sessions = {versions[0]: {"initialized": True, "values": values}} if versions else {}
    return {"versions": list(versions), "sessions": sessions}


def post(bridge: Bridge, body: Any = None, token: str = "probe", origin: str = "https://new.example") -> Any:
    headers = {"Origin": origin, "Authorization": f"Bearer {token}"}
    path = "/scorm/packages/probe"
    if isinstance(body, bytes):
        return bridge.client.post(path, data=body, headers=headers)
    return bridge.client.post(path, json=findings() if body is None else body, headers=headers)


@pytest.fixture(autouse=True)
def package(bridge: Bridge) -> None:
    """A probe package."""
    Packages(bridge.engine, lambda: bridge.now).register("packages", "scorm12", "Probe", "probe")


def test_a_probe_is_kept_and_its_site_waits_for_approval(bridge: Bridge) -> None:
    assert post(bridge).status_code == 200
    (row,) = probes.newest(bridge.engine, 9)
    assert (row.connection, row.origin) == ("packages", "https://new.example")
    assert [(one.origin, one.state) for one in packages.origins(bridge.engine)] == [("https://new.example", "new")]
    assert bridge.client.options("/scorm/packages/probe").status_code == 204


@pytest.mark.parametrize("token", ["", "guessed"])
def test_nobody_without_a_package_reports(token: str, bridge: Bridge) -> None:
    assert post(bridge, token=token).status_code == 403
    assert probes.newest(bridge.engine, 9) == []


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"[]", 400), (b"\xff", 400), (b" " * 9000, 413)])
def test_a_probe_that_is_none_is_refused(body: bytes, status: int, bridge: Bridge) -> None:
    assert post(bridge, body).status_code == status
    assert probes.newest(bridge.engine, 9) == []


def test_only_the_last_probes_are_kept(bridge: Bridge) -> None:
    for number in range(25):
        post(bridge, findings(f"{number}"))
    kept = probes.newest(bridge.engine, 99)
    assert len(kept) == probes.KEPT
    assert '"24"' in kept[0].findings


@pytest.mark.parametrize(
    ("student_id", "rules", "remark"),
    [
        ("1234_r_56", [{"strip": "_[ro]_[0-9]+"}], "ILIAS"),
        ("77.0", [{"number": "integer"}], "decimals"),
        ("77", None, "short number"),
        ("ana@example.edu", None, "e-mail"),
        ("", None, "gave no id"),
    ],
)
def test_the_proposal_fits_the_id(student_id: str, rules: Any, remark: str) -> None:
    found = findings(student_id)
    proposal = propose("https://lms.example", found)
    assert proposal["package_origins"] == ["https://lms.example"]
    assert proposal.get("student_id_rules") == rules
    assert remark in " ".join(remarks("https://lms.example", found))


def test_the_odd_cases_are_remarked_on() -> None:
    assert "no SCORM API" in " ".join(remarks("https://lms.example", findings(versions=())))
    assert "sandbox" in " ".join(remarks("null", findings("A12001")))
    assert "package_origins" not in propose("null", findings())
    assert "scorm12 and scorm2004" in " ".join(remarks("https://l.example", findings("A1", ("scorm12", "scorm2004"))))
    assert remarks("https://lms.example", findings("A12001")) == []


@pytest.mark.parametrize(
    "found", [{}, {"sessions": 7}, {"sessions": {"x": 7}}, {"sessions": {"x": {"values": {"cmi.learner_id": 7}}}}]
)
def test_a_forged_probe_breaks_nothing(found: dict[str, Any]) -> None:
    assert (learner_id(found), learner_name(found)) == ("", "")
    assert remarks("https://lms.example", found)
