"""What every test may use, and the rule that nothing is skipped where everything is meant to be there."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from bridge.net import http
from bridge.net.http import Outbound

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")  # no test depends on how fast the machine is, or on chance

# Hypothesis also tries constants of whatever project modules are imported by then: which these are depends on the order
# of the tests, so an example would come in one run and not in the next.
providers.is_local_module_file = lambda _path: False

LONG_FIRST = (
    "tests/faults/test_restarted_database.py",
    "tests/faults/test_workers.py",
    "tests/faults/test_random_kills.py",
    "tests/browser/test_admin.py",
    "tests/benchmarks",
    "tests/faults",
    "tests/browser",
    "tests/sandbox",
    "tests/test_docs_run.py",
    "tests/deploy",
)
"""Where tests wait for other processes: at the end, one file of these would keep a single processor busy."""

pytest_plugins = ["tests.fixtures_database", "tests.fixtures_pgbouncer"]

BESIDE = "put them into a folder"


class _Compiled(BytecodeCache):
    """Templates that were compiled once in this process: each test has an application of its own."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": _Compiled()}


_compile_builder = Rule._compile_builder


def _compile_when_asked(rule: Rule, append_unknown: bool = True) -> Callable[..., Any]:
    """What makes addresses by a route, compiled when the first one is made: most tests make one by two or three."""
    made: list[Callable[..., Any]] = []

    def build(itself: Rule, *arguments: Any, **named: Any) -> Any:
        if not made:
            made.append(_compile_builder(rule, append_unknown))
        return made[0](itself, *arguments, **named)

    return build


Rule._compile_builder = _compile_when_asked


_call = http._call


def _call_with_patience(*asked: Any) -> Any:
    """A call to a fake of this process, which may stand still for seconds; limits up to a second are a test's own."""
    call = _call(*asked)
    connect, read, whole = (one if one <= 1.0 else max(one, 120.0) for one in (*call.timeout, call.deadline))
    return call._replace(timeout=(connect, read), deadline=whole)


http._call = _call_with_patience


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: half as many again as there are processors, because many tests wait for other processes."""
    processors = len(os.sched_getaffinity(0))
    return processors + (processors + 1) // 2


def pytest_configure(config: pytest.Config) -> None:
    """Where processes share the files, let them take these in the order below, not those with many tests first."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    places = {item.path: item.path.relative_to(ROOT).as_posix() for item in items if item.path.is_relative_to(ROOT)}
    rank = {path: _rank(place) for path, place in places.items()}
    items.sort(key=lambda item: rank.get(item.path, len(LONG_FIRST)))


def _rank(place: str) -> int:
    return next((at for at, long in enumerate(LONG_FIRST) if place.startswith(long)), len(LONG_FIRST))


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
