"""The settings beside what came: the ones that the reason is about, as the file names them, and no secret."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.contracts import Kind, Outcome
from bridge.doctor.comparison import CLAIM, NOT_SET, NOT_SHOWN, compare
from bridge.net.http import Outbound
from bridge.reasons import REASONS
from bridge.store.launch_lines import LaunchLine
from tests.bridge.web.conftest import Bridge, Campus, running
from tests.fakes.lti_platform import BRIDGE, CLIENT, DEPLOYMENT, ISSUER
from tests.migrated import migrated_in

OURS = "connections.campus.lti13.{}"


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """One for all: they compare, and change nothing."""
    folder: Path = tmp_path_factory.mktemp("compared")
    outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")])
    with running(folder, migrated_in(folder), outbound, Campus()) as found:
        yield found


def compared(bridge: Bridge, reason: str, kind: str = Kind.LTI13, name: str = "campus", **came: Any) -> list[Any]:
    line = LaunchLine(1.0, name, kind, "S1", "", "", Outcome.REJECTED, reason, "7K3M-9QXT")
    services = bridge.services
    return [tuple(one) for one in compare(services.configuration, services.connections.find, line, came)]


@pytest.mark.parametrize(
    ("reason", "came", "found"),
    [
        (
            "issuer_unknown",
            {"query": {"iss": "https://other.edu", "client_id": "9"}},
            [(OURS.format("issuer"), ISSUER, "https://other.edu"), (OURS.format("client_id"), CLIENT, "9")],
        ),
        ("wrong_audience", {"token_claims": {"aud": ["9", "8"]}}, [(OURS.format("client_id"), CLIENT, "9, 8")]),
        (
            "deployment_unknown",
            {"token_claims": {f"{CLAIM}deployment_id": "7:x"}},
            [(OURS.format("deployment_ids"), DEPLOYMENT, "7:x")],
        ),
        (
            "wrong_target",
            {"token_claims": {f"{CLAIM}target_link_uri": "https://old.edu/"}},
            [("bridge.public_url", BRIDGE, "https://old.edu/")],
        ),
        ("no_match", {}, [("ottolearn.username_attributes", "username, employeeId", "S1")]),
        (
            "claimed_only",
            {},
            [
                ("connections.campus.accepts", "asserted, confirmed, signed", ""),
                ("connections.campus.student_id", "sis_user_id", "S1"),
            ],
        ),
        ("replayed", {"form": {"state": "x"}}, []),
    ],
)
def test_what_was_configured_stands_beside_what_came(
    bridge: Bridge, reason: str, came: dict[str, Any], found: list[Any]
) -> None:
    assert compared(bridge, reason, **came) == found


def test_the_shared_secret_is_never_told(bridge: Bridge) -> None:
    form = {"oauth_consumer_key": "campus-key"}
    found = compared(bridge, "bad_signature", Kind.LTI11, form=form)
    assert found == [
        ("connections.campus.lti11.consumer_key", "campus-key", "campus-key"),
        ("connections.campus.lti11.shared_secret", NOT_SHOWN, ""),
        ("bridge.public_url", BRIDGE, ""),
    ]


def test_a_package_of_a_site_that_nobody_approved_names_both(bridge: Bridge) -> None:
    found = compared(bridge, "origin_not_allowed", "scorm12", "packages", headers={"Origin": "https://evil.example"})
    assert found == [("connections.packages.package_origins", "https://lms.example.edu", "https://evil.example")]


def test_a_field_is_found_in_any_letter_case(bridge: Bridge) -> None:
    found = compared(bridge, "aicc_url_not_allowed", "aicc", "packages", query={"AICC_URL": "https://lms.edu/hacp"})
    assert [row[2] for row in found] == ["https://lms.edu/hacp"]


@pytest.mark.parametrize("name", ["", "gone", "bare", "packages"])
@pytest.mark.parametrize("reason", REASONS)
def test_what_a_connection_does_not_have_is_left_out(bridge: Bridge, name: str, reason: str) -> None:
    for kind in ("", Kind.LTI13, Kind.LTI11):
        for setting, configured, _ in compared(bridge, reason, kind, name, form={"iss": [1, {}]}, token_claims=[]):
            assert setting.startswith(("bridge.", "ottolearn.", f"connections.{name}."))
            assert configured
            assert configured == NOT_SET or "object at" not in configured
