"""A launch inside an LMS's frame signs in by OpenID Connect, whatever the browser does with other sites' cookies."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect
from werkzeug import Request, Response

from adapters import ADAPTERS
from bridge.config.configuration import load
from bridge.contracts import Learner
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.store.engine import migrate, open_database
from bridge.web.app import create_app
from bridge.web.services import build_services
from sandbox.lms.consumer import sign_launch
from sandbox.lms.settings import LtiTool
from sandbox.ottolearn import SingleSignOn, create_sandbox
from sandbox.ottolearn.sso import CALLBACK
from sandbox.people import find_person
from tests.browser.conftest import visiting
from tests.browser.tls_sites import Site, find_hosts_here, make_certificate, serving

pytestmark = pytest.mark.browser

LAYLA = find_person("layla")
USER = {"id": 105, "active": True, "attribute": {"firstName": "ليلى", "lastName": "الخوري", "username": "A12016"}}
SECRET = "0123456789abcdef0123456789abcdef"
PLAIN, PARTITIONED = "__Host-ottobridge-launch", "__Host-ottobridge-launch-p"
PAGE = """<!doctype html><meta charset="utf-8"><title>LMS</title><h1>A course</h1>
<form method="post" action="{action}" target="{target}">{fields}<button>Open</button></form>
<iframe name="tool" title="Tool" width="900" height="500"></iframe>"""


class World:
    """An LMS, a bridge and an OttoLearn, each a site of its own."""

    def __init__(self, lms: Site, bridge: Site, learn: Site) -> None:
        self.lms, self.bridge, self.learn = lms, bridge, learn
        self.asked_with: list[set[str]] = []
        """The launch cookies that came with each question of OttoLearn's."""
        lms.app = self.course

    @Request.application
    def course(self, request: Request) -> Response:
        url = f"{self.bridge.url}/lti/campus/launch"
        tool = LtiTool("moodle", self.lms.url, self.lms.url, "c", "1", "campus-key", "a shared secret", url, url)
        fields = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in sign_launch(tool, LAYLA, self.lms.url, time.time())
        )
        target = request.args.get("target", "tool")
        return Response(PAGE.format(action=url, target=target, fields=fields), content_type="text/html; charset=utf-8")

    def watch(self, app: Any) -> Any:
        """`app`, its authorization requests noted."""

        def watched(environ: dict[str, Any], start_response: Any) -> Any:
            request = Request(environ)
            if request.path == "/oidc/authorize":
                self.asked_with.append({PLAIN, PARTITIONED} & set(request.cookies))
            return app(environ, start_response)

        return watched


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    certificate = make_certificate(folder, "lms.test", "bridge.test", "learn.test")
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(certificate, "lms.test") as lms,
        serving(certificate, "bridge.test") as bridge,
        serving(certificate, "learn.test") as learn,
    ):
        patch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        find_hosts_here(patch)
        world = World(lms, bridge, learn)
        sso = SingleSignOn(bridge.url, "ottolearn", SECRET)
        learn.app = create_sandbox([USER], sso=sso, cookies_in_frames=True)
        configuration = load(_written(folder, world), ADAPTERS, {})
        engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(engine)
        learner = Learner(USER["id"], True, USER["attribute"])
        directory = Directory(engine, ("username",), lambda: [learner], time.time)
        directory.refresh()
        bridge.app = world.watch(create_app(build_services(configuration, engine, Outbound(), directory)))
        yield world
        engine.dispose()


def _written(folder: Path, world: World) -> Path:
    sign_in = {"method": "oidc", "client_id": "ottolearn", "client_secret": SECRET}
    tree = {
        "bridge": {
            "public_url": world.bridge.url,
            "secret_key": SECRET,
            "database_url": f"sqlite:///{folder / 'bridge.db'}",
        },
        "ottolearn": {
            "organization_id": "1",
            "username": "api",
            "password": "api",
            "learner_url": f"{world.learn.url}/learn",
            "sign_in": {**sign_in, "redirect_uris": [f"{world.learn.url}{CALLBACK}"]},
        },
        "connections": {
            "campus": {
                "adapter": "moodle",
                "student_id": "idnumber",
                "lti11": {"consumer_key": "campus-key", "shared_secret": "a shared secret"},
            }
        },
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(tree), "utf-8")  # JSON is YAML
    return path


@pytest.fixture(params=["blocked", "allowed"])
def cookies(request: pytest.FixtureRequest) -> str:
    """What the browser does with cookies of other sites."""
    return request.param


@pytest.fixture
def visitor(playwright: Playwright, tmp_path: Path, cookies: str) -> Iterator[BrowserContext]:
    """A browser with a profile of its own."""
    with visiting(playwright, tmp_path / "profile", block_third_party_cookies=cookies == "blocked") as context:
        yield context


def arrived(frame: Any) -> None:
    expect(frame.get_by_role("heading", level=1)).to_have_text("Welcome, ليلى الخوري")
    expect(frame.locator("#user-id")).to_have_text("105")


def test_a_learner_arrives_inside_the_frame(world: World, visitor: BrowserContext, cookies: str) -> None:
    page: Page = visitor.new_page()
    world.asked_with.clear()
    page.goto(world.lms.url)
    page.get_by_role("button", name="Open").click()
    arrived(page.frame_locator("iframe"))
    assert world.asked_with == [{PARTITIONED} if cookies == "blocked" else {PLAIN, PARTITIONED}]


def test_a_learner_arrives_in_the_whole_window(world: World, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    world.asked_with.clear()
    page.goto(f"{world.lms.url}/?target=_self")
    page.get_by_role("button", name="Open").click()
    arrived(page)
    assert world.asked_with == [{PLAIN, PARTITIONED}]


def test_ottolearn_without_a_launch_says_where_to_begin(world: World, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto(f"{world.learn.url}/learn")
    where = "Please open the course from your learning management system"
    expect(page.get_by_role("heading", level=1)).to_have_text(where)
    assert page.url.startswith(f"{world.bridge.url}/oidc/authorize")
