"""LTI 1.3 inside an LMS's frame: a learner arrives, whatever the browser does with other sites' cookies."""

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
from bridge.store.launches import newest
from bridge.web.app import create_app
from bridge.web.services import build_services
from sandbox.ottolearn import create_sandbox
from tests.browser.conftest import PATIENCE, hold_time, visiting
from tests.browser.tls_sites import Site, find_hosts_here, make_certificate, serving
from tests.fakes.lti_platform import CLIENT, DEPLOYMENT, KEY, claims, token

pytestmark = pytest.mark.browser

USER = {"id": 7, "active": True, "attribute": {"firstName": "Zoë", "lastName": "O’Brien", "username": "S000101"}}
SECRET = "0123456789abcdef0123456789abcdef"
COURSE = """<!doctype html><meta charset="utf-8"><title>LMS</title><h1>A course</h1>
<form method="post" action="{action}" target="{target}">{fields}<button>Open</button></form>
<iframe name="tool" title="Tool" width="900" height="500"></iframe>
<script>
  const kept = {{}};
  window.said = [];
  addEventListener("message", (event) => {{
    const {{ subject, message_id, key, value }} = event.data;
    if (event.origin !== "{bridge}" || !"{storage}") return;
    said.push(subject);
    if (subject === "lti.put_data") kept[key] = value;
    if (subject !== "lti.put_data" && subject !== "lti.get_data") return;
    const answer = {{ subject: subject + ".response", message_id, key, value: kept[key] }};
    window.go_on = () => event.source.postMessage(answer, event.origin);
    if (subject !== "{busy}") go_on();
  }});
</script>"""
POSTING = """<!doctype html><meta charset="utf-8"><title>Signing in</title>
<form method="post" action="{action}">{fields}</form><script>document.forms[0].submit()</script>"""

TELL = """fetch("/shown?heading=" + encodeURIComponent(document.querySelector("h1").textContent.trim()))"""


class Lms:
    """A platform on a site of its own: a course page, which may store for its tools, and an authorization endpoint."""

    def __init__(self, site: Site, bridge: Site) -> None:
        self.site, self.bridge = site, bridge

    @Request.application
    def __call__(self, request: Request) -> Response:
        if request.path == "/jwks":
            return Response(json.dumps({"keys": [KEY.as_dict(private=False)]}), content_type="application/json")
        page = self.authorize(request) if request.path == "/authorize" else self.course(request)
        return Response(page, content_type="text/html; charset=utf-8")

    def course(self, request: Request) -> str:
        storage = request.args.get("storage", "")
        fields = {
            "iss": self.site.url,
            "login_hint": "u-1",
            "client_id": CLIENT,
            "target_link_uri": f"{self.bridge.url}/lti/campus/launch",
            "lti_storage_target": storage,
        }
        return COURSE.format(
            action=f"{self.bridge.url}/lti/campus/login",
            target=request.args.get("target", "tool"),
            fields=hidden(fields),
            bridge=self.bridge.url,
            storage=storage,
            busy=request.args.get("busy", ""),
        )

    def authorize(self, request: Request) -> str:
        target = f"{self.bridge.url}/lti/campus/launch"
        payload = claims(request.args["nonce"], time.time(), iss=self.site.url, target_link_uri=target)
        fields = {"id_token": token(payload), "state": request.args["state"]}
        return POSTING.format(action=request.args["redirect_uri"], fields=hidden(fields))


def hidden(fields: dict[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{n}" value="{html.escape(v)}">' for n, v in fields.items())


class World:
    """The three sites, and what the browser is made to do with the bridge's cookies inside frames."""

    def __init__(self, lms: Site, bridge: Site, learn: Site) -> None:
        self.lms, self.bridge, self.learn = lms, bridge, learn
        self.drops_cookies_in_frames = False
        self.engine: Any = None
        self.headings: list[str] = []
        """What the pages of OttoLearn showed in this test, as they say themselves."""

    def telling(self, app: Any) -> Any:
        """`app`, whose pages tell it their heading once a browser shows them."""

        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            request = Request(environ)
            if request.path == "/shown":
                self.headings.append(request.args["heading"])
                return Response(status=204)(environ, start_response)
            if request.path == "/tell.js":
                return Response(TELL, content_type="text/javascript")(environ, start_response)
            response = Response.from_app(app, environ, buffered=True)
            if response.mimetype == "text/html":
                response.set_data(response.get_data() + b'<script src="/tell.js"></script>')
                response.headers["Content-Security-Policy"] += "; script-src 'self'; connect-src 'self'"
            return response(environ, start_response)

        return answer

    def forgetful(self, app: Any) -> Any:
        """`app`, as a browser sees it that keeps none of its cookies inside frames."""

        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            framed = environ.get("HTTP_SEC_FETCH_DEST") == "iframe"

            def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                drop = self.drops_cookies_in_frames and framed
                kept = [(name, value) for name, value in headers if not drop or name.lower() != "set-cookie"]
                return start_response(status, kept, *rest)

            return app(environ, start)

        return answer


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("frames")
    certificate = make_certificate(folder, "lms.test", "bridge.test", "learn.test")
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(certificate, "lms.test") as lms,
        serving(certificate, "bridge.test") as bridge,
        serving(certificate, "learn.test") as learn,
    ):
        find_hosts_here(patch)
        world = World(lms, bridge, learn)
        lms.app = Lms(lms, bridge)
        learn.app = world.telling(create_sandbox([USER], link_secret=SECRET))
        configuration = load(_written(folder, world), ADAPTERS, {})
        world.engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(world.engine)
        learner = Learner(USER["id"], True, USER["attribute"])
        directory = Directory(world.engine, ("username",), lambda: [learner], time.time)
        directory.refresh()
        services = build_services(configuration, world.engine, Outbound(), directory)
        services.keys.find = lambda _url, _kid: KEY
        bridge.app = world.forgetful(create_app(services))
        yield world
        world.engine.dispose()


def _written(folder: Path, world: World) -> Path:
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
            "sign_in": {"method": "signed_link", "url": f"{world.learn.url}/learn", "secret": SECRET},
        },
        "connections": {
            "campus": {
                "adapter": "canvas",
                "lti13": {
                    "issuer": world.lms.url,
                    "client_id": CLIENT,
                    "deployment_ids": [DEPLOYMENT],
                    "auth_url": f"{world.lms.url}/authorize",
                    "jwks_url": f"{world.lms.url}/jwks",
                },
            }
        },
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(tree), "utf-8")  # JSON is YAML
    return path


@pytest.fixture
def visitor(playwright: Playwright, tmp_path: Path, world: World) -> Iterator[BrowserContext]:
    """A browser that blocks third-party cookies."""
    with visiting(playwright, tmp_path / "profile", block_third_party_cookies=True) as context:
        yield context
    world.drops_cookies_in_frames = False
    world.headings.clear()


def open_course(world: World, visitor: BrowserContext, **query: str) -> Page:
    page = visitor.new_page()
    page.goto(f"{world.lms.url}/?" + "&".join(f"{name}={value}" for name, value in query.items()))
    page.get_by_role("button", name="Open").click()
    return page


def arrived(place: Any) -> None:
    expect(place.get_by_role("heading", level=1)).to_have_text("Welcome, Zoë O’Brien")


def arrived_in_frame(world: World, page: Page, times: int = 1) -> None:
    """The page says what it shows: Playwright now and then loses sight of a frame that goes on to another site."""
    late = time.monotonic() + PATIENCE / 1000
    while len(world.headings) < times and time.monotonic() < late:
        page.wait_for_timeout(50)
    assert world.headings == ["Welcome, Zoë O’Brien"] * times


def test_the_partitioned_cookie_is_enough_where_third_party_cookies_are_blocked(
    world: World, visitor: BrowserContext
) -> None:
    arrived_in_frame(world, open_course(world, visitor))


def test_a_window_of_its_own_works_as_ever(world: World, visitor: BrowserContext) -> None:
    page = open_course(world, visitor, target="_self")
    arrived(page)
    arrived_in_frame(world, page)  # it has said so, and does not say so to the next test


def test_the_platforms_storage_stands_in_for_every_cookie(world: World, visitor: BrowserContext) -> None:
    hold_time(visitor)
    world.drops_cookies_in_frames = True
    page = open_course(world, visitor, storage="_parent")
    arrived_in_frame(world, page)
    assert {"lti.put_data", "lti.get_data"} <= set(page.evaluate("said"))
    assert visitor.cookies(world.bridge.url) == []


def test_a_platform_that_has_stored_something_may_be_busy(world: World, visitor: BrowserContext) -> None:
    hold_time(visitor)
    world.drops_cookies_in_frames = True
    page = open_course(world, visitor, storage="_parent", busy="lti.get_data")
    page.wait_for_function("said.includes('lti.get_data')", polling=25)
    visitor.clock.run_for(8_000)
    page.evaluate("go_on()")
    arrived_in_frame(world, page)


def test_without_cookies_and_storage_the_learner_goes_on_in_a_new_window(world: World, visitor: BrowserContext) -> None:
    world.drops_cookies_in_frames = True
    page = open_course(world, visitor)
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Your browser keeps no cookies inside this page")).to_be_visible()
    with visitor.expect_page() as opened:
        frame.get_by_role("link", name="Open OttoLearn in a new window").click()
    arrived(opened.value)
    arrived_in_frame(world, page)  # it has said so, and does not say so to the next test


def test_several_tabs_at_once_do_not_disturb_each_other(world: World, visitor: BrowserContext) -> None:
    pages = [open_course(world, visitor) for _ in range(3)]
    arrived_in_frame(world, pages[0], times=3)


def test_another_site_cannot_finish_what_it_began_in_a_learners_browser(world: World, visitor: BrowserContext) -> None:
    """An attacker's own launch, posted by the learner's browser: the learner must not become the attacker."""
    hold_time(visitor)
    world.drops_cookies_in_frames = True
    attacker = visitor.new_page()
    attacker.route("**/lti/campus/launch", lambda route: route.abort())
    attacker.goto(f"{world.lms.url}/?storage=_parent")
    with attacker.expect_request("**/lti/campus/launch") as posted:
        attacker.get_by_role("button", name="Open").click()
    stolen = posted.value.post_data_json
    attacker.close()
    learner = visitor.new_page()
    learner.goto(world.lms.url)
    fields = hidden(stolen)
    learner.set_content(POSTING.format(action=f"{world.bridge.url}/lti/campus/launch", fields=fields))
    expect(learner.get_by_role("heading", level=1)).to_have_text("Your browser keeps no cookie for this page")
    assert newest(world.engine, 1)[0].reason == "state_no_cookie"
    assert visitor.cookies(world.learn.url) == []
