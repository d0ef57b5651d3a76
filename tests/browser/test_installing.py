"""What teachers and administrators meet in a browser: the course picker inside the LMS's frame, the set-up page, and
the page that an LMS opens for a registration.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from playwright.sync_api import Page, expect
from werkzeug import Request, Response

from adapters import ADAPTERS
from bridge.config.configuration import load
from bridge.install.registration import Invitation, invite
from bridge.learners.directory import Directory
from bridge.lti.deep_linking import DL_CLAIM
from bridge.net.http import Outbound
from bridge.store.engine import migrate, open_database
from bridge.web.app import create_app
from bridge.web.services import AppServices, build_services
from sandbox.demo import _Door as Door
from sandbox.serving import serve
from tests.fakes.lti_platform import CLIENT, DEPLOYMENT, KEY, NOW, claims, token
from tests.fakes.registering import TOKEN, RegisteringPlatform

pytestmark = pytest.mark.browser

TEACHER = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]
CONFIG = """
bridge:
  public_url: {bridge}
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: sqlite:///{folder}/bridge.db
  trusted_networks: [127.0.0.0/8]
ottolearn:
  organization_id: 1
  username: api
  password: password
  learner_url: https://learn.example.com
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
connections:
  campus:
    adapter: canvas
    lti13: {{issuer: "{lms}", client_id: "{client}", deployment_ids: ["{deployment}"],
             auth_url: "{lms}/auth", jwks_url: "{lms}/jwks"}}
    lti11: {{consumer_key: k, shared_secret: s}}
  moodle: {{adapter: moodle}}
  other: {{adapter: lti, student_id: custom.student_no}}
courses:
  - {{key: SAFE-101, title: Safety at Work}}
  - {{key: FIRE-1, title: "Fire <drill> & أمان"}}
  - {{key: HYG-2, title: "食品衛生 — a title so long that it needs several lines in a narrow frame"}}
"""


class Lms:
    """An LMS with one page, which shows the tool in a frame, and takes what comes back."""

    def __init__(self) -> None:
        self.url = ""
        self.tool = ""
        self.answers: list[str] = []

    @Request.application
    def __call__(self, request: Request) -> Response:
        if request.path == "/jwks":
            return Response(msgspec.json.encode({"keys": [KEY.as_dict(private=False)]}))
        if request.path == "/auth":
            return self._authenticated(request)
        if request.path == "/return":
            self.answers.append(request.form["JWT"])
            return Response("<!doctype html><title>LMS</title><p>Thank you</p>", content_type="text/html")
        return Response(self._page(request.args.get("width", "800")), content_type="text/html; charset=utf-8")

    def _page(self, width: str) -> str:
        fields = {"iss": self.url, "login_hint": "t", "target_link_uri": f"{self.tool}/lti/campus/launch"}
        login = html.escape(f"{self.tool}/lti/campus/login?{urlencode(fields | {'client_id': CLIENT})}")
        return f"""<!doctype html><title>LMS</title><iframe src="{login}" title="tool" width="{width}" height="600"
          style="border: 2px solid gray"></iframe>"""

    def _authenticated(self, request: Request) -> Response:
        said = claims(
            request.args["nonce"],
            NOW,
            iss=self.url,
            message_type="LtiDeepLinkingRequest",
            roles=TEACHER,
            target_link_uri=f"{self.tool}/lti/campus/launch",
        )
        wanted = {"deep_link_return_url": f"{self.url}/return", "accept_types": ["ltiResourceLink"], "data": "d"}
        fields = {"state": request.args["state"]}
        fields["id_token"] = token({**said, f"{DL_CLAIM}deep_linking_settings": wanted})
        inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
        page = f"""<!doctype html><form method="post" action="{html.escape(request.args["redirect_uri"])}">{inputs}
          </form><script>document.forms[0].submit()</script>"""
        return Response(page, content_type="text/html")


@pytest.fixture
def lms() -> Iterator[Lms]:
    lms = Lms()
    with serve(lms) as served:
        lms.url = served.url
        yield lms


@pytest.fixture
def services(tmp_path: Path, lms: Lms, loopback: Outbound) -> Iterator[AppServices]:
    """A bridge on loopback that knows the LMS."""
    door = Door()
    with serve(door) as served:
        lms.tool = served.url
        path = tmp_path / "config.yaml"
        names = {"bridge": served.url, "lms": lms.url, "client": CLIENT, "deployment": DEPLOYMENT, "folder": tmp_path}
        path.write_text(CONFIG.format(**names), "utf-8")
        configuration = load(path, ADAPTERS, {})
        engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(engine)
        directory = Directory(engine, ("username",), lambda: iter(()), lambda: NOW)
        services = build_services(configuration, engine, loopback, directory, adapters=ADAPTERS, now=lambda: NOW)
        door.app = create_app(services)
        yield services
        engine.dispose()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Everything the browser logged as an error: blocked by a policy, not found, thrown."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def picture(page: Page, name: str) -> None:
    """Keep a screenshot where somebody wants to look at it."""
    if folder := os.environ.get("OTTOBRIDGE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def answered(lms: Lms, services: AppServices) -> list[object]:
    """The content items that came back to the LMS."""
    keys = KeySet.import_key_set(services.own_keys.key_set())
    return list(jwt.decode(lms.answers[0], keys, algorithms=["RS256"]).claims[f"{DL_CLAIM}content_items"])


def test_a_teacher_picks_a_course_inside_the_frame(
    page: Page, lms: Lms, services: AppServices, complaints: list[str]
) -> None:
    page.goto(lms.url)
    tool = page.frame_locator("iframe")
    expect(tool.get_by_role("heading", name="Pick a course")).to_be_visible()
    picture(page, "picker")
    tool.get_by_role("radio", name=re.compile("Fire <drill> & أمان")).check()
    tool.get_by_role("button", name="Add this course").click()

    expect(tool.get_by_text("Thank you")).to_be_visible()
    items = answered(lms, services)
    assert [item["custom"] for item in items] == [{"course": "FIRE-1"}]  # type: ignore[index]
    assert complaints == []


def test_the_keyboard_is_enough(page: Page, lms: Lms, services: AppServices) -> None:
    page.goto(lms.url)
    tool = page.frame_locator("iframe")
    tool.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(tool.get_by_role("radio", name=re.compile("Fire"))).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(tool.get_by_text("Thank you")).to_be_visible()
    assert [item["custom"] for item in answered(lms, services)] == [{"course": "FIRE-1"}]  # type: ignore[index]


def test_a_screen_reader_is_told_what_is_asked(page: Page, lms: Lms, services: AppServices) -> None:
    page.goto(lms.url)
    tool = page.frame_locator("iframe")
    group = tool.get_by_role("group", name="OttoLearn courses")
    expect(group.get_by_role("radio")).to_have_count(3)
    expect(tool.get_by_role("button", name="Cancel")).to_be_visible()
    expect(tool.locator("html")).to_have_attribute("lang", "en")


def test_nothing_is_sent_until_something_is_picked(page: Page, lms: Lms, services: AppServices) -> None:
    page.goto(lms.url)
    tool = page.frame_locator("iframe")
    tool.get_by_role("button", name="Add this course").click()
    expect(tool.get_by_role("heading", name="Pick a course")).to_be_visible()
    assert lms.answers == []


def test_cancelling_needs_no_choice(page: Page, lms: Lms, services: AppServices) -> None:
    page.goto(lms.url)
    tool = page.frame_locator("iframe")
    tool.get_by_role("button", name="Cancel").click()
    expect(tool.get_by_text("Thank you")).to_be_visible()
    assert answered(lms, services) == []


def test_the_picker_fits_a_narrow_frame(page: Page, lms: Lms, services: AppServices) -> None:
    page.goto(f"{lms.url}/?width=320")
    tool = page.frame_locator("iframe")
    expect(tool.get_by_role("heading", name="Pick a course")).to_be_visible()
    page.frames[1].wait_for_load_state()
    assert tool.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")
    picture(page, "picker-narrow")


@pytest.mark.parametrize("name", ["campus", "moodle", "other"])
def test_an_administrator_copies_each_value(
    page: Page, lms: Lms, services: AppServices, complaints: list[str], name: str
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{lms.tool}/setup/{name}")
    buttons = page.locator("button[data-copy]")
    for number in range(buttons.count()):
        field = page.locator(f"#{buttons.nth(number).get_attribute('data-copy')}")
        label = page.locator(f"label[for={field.get_attribute('id')}]").inner_text()
        expect(buttons.nth(number)).to_have_accessible_name(f"Copy {label}")
        buttons.nth(number).click()
        expect(page.get_by_role("status")).to_have_text(f"{label} copied")
        assert page.evaluate("navigator.clipboard.readText()").replace("\r", "") == field.input_value()
    assert buttons.count() >= 5
    assert complaints == []
    picture(page, f"setup-{name}")


def test_the_lms_is_asked_to_close_the_registration(
    page: Page, lms: Lms, services: AppServices, complaints: list[str]
) -> None:
    platform_page = (
        "<!doctype html><title>Admin</title><script>onmessage = e => { document.title = e.data.subject }</script>"
    )
    with RegisteringPlatform() as platform:
        invite(services.engine, Invitation("new-lms", "moodle", "idnumber", (), NOW + 60), "code-1")
        sent = {"invitation": "code-1", "openid_configuration": platform.configuration_url, "registration_token": TOKEN}
        page.goto(f"{lms.url}/jwks")
        page.set_content(f'{platform_page}<iframe src="{lms.tool}/lti/register?{urlencode(sent)}"></iframe>')
        expect(page).to_have_title("org.imsglobal.lti.close")
        expect(page.frame_locator("iframe").get_by_text("OttoLearn is registered")).to_be_visible()
    assert complaints == []


def test_a_registration_that_failed_stays_to_be_read(page: Page, lms: Lms, services: AppServices) -> None:
    page.goto(f"{lms.url}/jwks")
    page.set_content(
        "<!doctype html><title>Admin</title><script>onmessage = e => { document.title = e.data.subject }</script>"
        f'<iframe src="{lms.tool}/lti/register?invitation=x" width="700" height="500"></iframe>'
    )
    tool = page.frame_locator("iframe")
    expect(tool.get_by_text("This invitation is unknown, was used before, or is too old.")).to_be_visible()
    expect(page).to_have_title("Admin")
    picture(page, "registration-refused")
    tool.get_by_role("button", name="Close").click()
    expect(page).to_have_title("org.imsglobal.lti.close")
