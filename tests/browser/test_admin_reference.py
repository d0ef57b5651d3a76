"""From what a learner sees to what their administrator must change: by a click in the LMS's frame, or by telephone."""

from __future__ import annotations

from html import escape

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug import Request, Response

from bridge.admin.roles import Role
from bridge.store import launches
from bridge.store.launch_lines import LaunchLine
from sandbox.serving import serve
from tests.browser.admin_site import AdminSite, site, violations
from tests.browser.conftest import PATIENCE, opened
from tests.fakes.lti_platform import FORM, sign

__all__ = ["site"]
pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"
COURSE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>LMS</title><h1>A course</h1>
<form method="post" action="{action}" target="tool">{fields}<button>Open</button></form>
<iframe name="tool" title="Tool" width="900" height="700"></iframe>"""


class Lms:
    """A course page of another site, which opens the bridge in a frame by LTI 1.1."""

    page = ""

    @Request.application
    def __call__(self, _: Request) -> Response:
        return Response(self.page, content_type="text/html; charset=utf-8")


def launched_in_a_frame(page: Page, site: AdminSite, lms_url: str, lms: Lms) -> None:
    """Open the course in the LMS's frame as somebody whom OttoLearn does not know."""
    action = f"{site.url}/lti/campus/launch"
    form = {**FORM, "lis_person_sourcedid": "S000999", "launch_presentation_return_url": ""}
    form = {name: value for name, value in form.items() if value}
    signed = sign(action, form, timestamp=site.services.now())
    fields = "".join(f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in signed)
    lms.page = COURSE.format(action=escape(action), fields=fields)
    page.goto(lms_url.replace("127.0.0.1", "localhost"))  # another site than the bridge's
    page.get_by_role("button", name="Open").click()


def sign_in(page: Page) -> None:
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")


def follow(context: BrowserContext, page: Page) -> Page:
    with context.expect_page() as opening:
        page.frame_locator("iframe").get_by_role("link", name="For administrators").click()
    return opening.value


def test_an_administrator_comes_from_the_learners_page_over_the_sign_in_to_the_launch(
    browser: Browser, site: AdminSite
) -> None:
    site.admin.accounts.create("ada", Role.OPERATOR, PASSWORD)
    lms = Lms()
    with serve(lms) as served, opened(browser, bypass_csp=True) as context:
        page = context.new_page()
        launched_in_a_frame(page, site, served.url, lms)
        shown = page.frame_locator("iframe").locator("#reference")
        expect(shown).to_be_visible(timeout=PATIENCE)
        reference = shown.inner_text()
        launch = follow(context, page)
        sign_in(launch)
        expect(launch.get_by_role("heading", level=1)).to_have_text(f"Launch {reference}", timeout=PATIENCE)
        expect(launch.get_by_text("did not get in: nobody in OttoLearn has the student ID")).to_be_visible()
        assert violations(launch) == []
        again = follow(context, page)  # signed in by now: the link leads there at once
        expect(again.get_by_role("heading", level=1)).to_have_text(f"Launch {reference}", timeout=PATIENCE)
        again.get_by_role("link", name="Find who it is, and link").click()
        expect(again.get_by_role("heading", level=2, name="Near in OttoLearn")).to_be_visible(timeout=PATIENCE)


def test_what_a_learner_reads_out_is_found_by_keyboard_alone_and_without_scripts(
    browser: Browser, site: AdminSite
) -> None:
    line = LaunchLine(1.0, "campus", "lti13", "S000999", "Bo", "Li", "no_match", "no_match", "7QDM-9QXT")
    launches.append(site.services.engine, line)
    with opened(browser, java_script_enabled=False) as context:
        page = site.open(context.new_page(), "/admin", Role.VIEWER)
        box = page.get_by_label("Reference of a launch")
        for _ in range(20):
            page.keyboard.press("Tab")
            if box.evaluate("(one) => one === document.activeElement"):
                break
        page.keyboard.type("7qom 9qx")
        page.keyboard.press("Enter")
        expect(page.get_by_text("This has 7 letters and digits")).to_be_visible(timeout=PATIENCE)
        page.get_by_label("Reference", exact=True).fill("7qom 9qxt")  # heard as the letter O, and written as D
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Launch 7QDM-9QXT", timeout=PATIENCE)
