"""One sandbox LMS that stands nowhere: addresses are made up, the clock stands still."""

from __future__ import annotations

import pytest

from bridge.contracts import Kind
from sandbox.lms.app import create_lms
from sandbox.lms.packages import Package
from sandbox.lms.settings import Campus, LtiTool

NOW = 1_800_000_000.0
LMS = "https://lms.example"
BRIDGE = "https://bridge.example"


def make_tool(product: str) -> LtiTool:
    return LtiTool(
        product=product,
        platform_url=f"{LMS}/platform/{product}",
        issuer=f"https://{product}.example",
        client_id=f"{product}-client",
        deployment_id="6:6b76a0",
        consumer_key="key",
        shared_secret="a shared secret",
        login_url=f"{BRIDGE}/lti/{product}/login",
        launch_url=f"{BRIDGE}/lti/{product}/launch",
    )


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tools():
    return {"demo-canvas": make_tool("canvas"), "demo-moodle": make_tool("moodle")}


@pytest.fixture
def campus(tools):
    package = Package({"a b/index.html": b"<p>hello</p>", "launch.js": b"1"}, "a b/index.html?x=1", "Safety <b>")
    return Campus(LMS, tools, {Kind.SCORM12: package}, f"{BRIDGE}/aicc/demo/launch", (BRIDGE,))


@pytest.fixture
def client(campus, clock):
    return create_lms(campus, clock=clock, token=lambda: "sid-1").test_client()
