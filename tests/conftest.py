"""What every test may use, and the rule that nothing is skipped where everything is meant to be there."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from bridge.net.http import Outbound

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")  # no test depends on how fast the machine is, or on chance

# Hypothesis also tries constants of whatever project modules are imported by then: which these are depends on the order
# of the tests, so an example would come in one run and not in the next.
providers.is_local_module_file = lambda _path: False

pytest_plugins = ["tests.fixtures_database", "tests.fixtures_pgbouncer"]

BESIDE = "put them into a folder"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With OTTOBRIDGE_REQUIRE_ALL a test whose parts are missing fails; without it, it is skipped.

    Recordings and schemas are no part of the project, so their absence stays a skip.
    """
    report = yield
    parts_missing = report.skipped and BESIDE not in str(call.excinfo and call.excinfo.value)
    if parts_missing and os.environ.get("OTTOBRIDGE_REQUIRE_ALL") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but OTTOBRIDGE_REQUIRE_ALL is set: {call.excinfo.value}"
    return report


@pytest.fixture(scope="session")
def recordings() -> Path:
    """What a real Moodle sent."""
    return _material("recordings", "recordings of a real Moodle")


@pytest.fixture(scope="session")
def canvas_samples() -> Path:
    """Canvas's shapes."""
    return _material("canvas-samples", "samples of Canvas's answers")


@pytest.fixture(scope="session")
def scorm_schemas() -> Path:
    """The schemas of SCORM and cmi5."""
    return _material("scorm-xsd", "the SCORM schemas")


def _material(name: str, what: str) -> Path:
    if not (SHARED / name).is_dir():
        pytest.skip(f"{what}: {BESIDE} `shared/{name}` beside the checkout")
    return SHARED / name


@pytest.fixture
def loopback() -> Outbound:
    """A way out that may call this machine."""
    return Outbound([ipaddress.ip_network("127.0.0.0/8")])
