"""What keeps a package's page from launching anybody is seen by the administrator, and floods nobody's record."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.contracts import Kind
from bridge.doctor.explain import checks
from bridge.launch.rate_limits import FAILURES_OF_ADDRESS, TROUBLES_OF_PACKAGE
from bridge.packages.origin import Packages
from tests.bridge.web.conftest import Bridge


@pytest.fixture(autouse=True)
def package(bridge: Bridge) -> str:
    """A package of any site."""
    return Packages(bridge.engine, lambda: bridge.now).register("packages", "scorm12", "Safety", "tok").id


def post(bridge: Bridge, body: Any, token: str = "tok") -> Any:
    headers = {"Origin": "https://lms.example", "Authorization": f"Bearer {token}"}
    return bridge.client.post("/scorm/packages/trouble", data=body, headers=headers)


@pytest.mark.parametrize(
    ("problem", "reason"),
    [("no_lms", "scorm_api_missing"), ("lms_refused", "scorm_api_refused"), ("lms_silent", "scorm_api_silent")],
)
def test_a_page_without_its_lms_is_on_record(problem: str, reason: str, bridge: Bridge, package: str) -> None:
    answer = post(bridge, f'{{"version": "scorm2004", "problem": "{problem}"}}')
    (line,) = bridge.record()
    assert (line.connection, line.kind, line.outcome, line.reason) == ("packages", "scorm2004", "rejected", reason)
    assert f"package {package} on https://lms.example" in line.detail
    assert answer.json["reference"] == line.reference
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = checks(Kind.SCORM2004, line.outcome, line.reason, known=False)
    failed = next(check for check, holds in told if holds is False)
    assert failed in {"the page in the package finds the LMS's API", "the LMS's API starts the session"}


@pytest.mark.parametrize("body", ["", "[]", "{", '{"problem": 7}', '{"problem": "a word of later times"}'])
def test_what_no_page_of_ours_posts_is_malformed(body: str, bridge: Bridge) -> None:
    assert post(bridge, body).status_code == 400
    assert bridge.record()[0].reason == "malformed"


def test_nobody_without_a_package_writes_anything_but_a_few_refusals(bridge: Bridge) -> None:
    for _ in range(FAILURES_OF_ADDRESS.most):
        assert post(bridge, '{"problem": "no_lms"}', token="guess").status_code == 403
    assert post(bridge, '{"problem": "no_lms"}').status_code == 429


def test_a_broken_lms_fills_no_table(bridge: Bridge) -> None:
    for _ in range(TROUBLES_OF_PACKAGE.most):
        post(bridge, '{"problem": "no_lms"}')
    assert post(bridge, '{"problem": "no_lms"}').status_code == 429
    assert bridge.record()[0].reason == "too_many"


def test_a_browser_may_ask_first(bridge: Bridge) -> None:
    answer = bridge.client.options("/scorm/packages/trouble")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Methods"]) == (204, "POST")
