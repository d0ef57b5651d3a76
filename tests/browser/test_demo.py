"""The demo as a visitor meets it: a real browser, the start page, every launch kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bridge.contracts import Kind
from sandbox.demo import Demo, run_demo
from sandbox.lms.doors import DOORS, Door
from tests.browser.conftest import opened

pytestmark = pytest.mark.browser

PACKAGES = {Kind.SCORM12, Kind.SCORM2004}
by_key = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.key)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with run_demo() as running:
        yield running


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Everything the browser logged as an error: blocked by a policy, not found, thrown."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def launch(page: Page, demo: Demo, door: Door, name: str) -> None:
    page.goto(f"{demo.lms_url}/")
    page.get_by_role("radio", name=name).check()
    page.get_by_role("radio", name=door.title, exact=True).check()
    page.get_by_role("button", name="Launch").click()


@by_key
def test_a_visitor_arrives_as_the_person_they_picked(demo: Demo, page: Page, complaints: list[str], door: Door) -> None:
    launch(page, demo, door, "ليلى الخوري")

    course = page.frame_locator("iframe.course").frame_locator("iframe") if door.kind in PACKAGES else page
    expect(course.get_by_role("heading", level=1)).to_have_text("Welcome, ليلى الخوري")
    expect(course.locator("#user-id")).to_have_text("105")
    assert complaints == []


@by_key
def test_a_visitor_without_a_match_reads_why(demo: Demo, page: Page, door: Door) -> None:
    launch(page, demo, door, "Nora Newcomer")

    course = page.frame_locator("iframe.course") if door.kind in PACKAGES else page
    expect(course.get_by_text("OttoLearn does not know you yet")).to_be_visible()
    expect(course.get_by_text("A99999")).to_be_visible()


@pytest.mark.parametrize("door", [door for door in DOORS if door.kind not in PACKAGES], ids=lambda door: door.key)
def test_a_launch_needs_no_script(demo: Demo, browser: Browser, door: Door) -> None:
    with opened(browser, java_script_enabled=False) as context:
        page = context.new_page()
        launch(page, demo, door, "Martin King, Jr.")
        page.wait_for_load_state()
        while page.locator("form.posting").count():
            page.get_by_role("button", name="Continue").click()
            page.wait_for_load_state()

        expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Martin King, Jr.")


def test_the_start_page_is_read_on_a_telephone_without_scrolling_sideways(demo: Demo, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{demo.lms_url}/")

    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_the_start_page_is_worked_by_keyboard(demo: Demo, page: Page) -> None:
    page.goto(f"{demo.lms_url}/")
    page.locator("input[name=person]").first.focus()
    for key in ("ArrowDown", "Tab", "ArrowDown", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)

    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome, Zoë O’Brien-d'Arcy")


def calls(page: Page, demo: Demo, kind: str, script: str) -> object:
    """What `script` gets from a fresh API; the course's frame is kept empty so that it does not talk to it first."""
    page.route("**/content/**", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(f"{demo.lms_url}/play/{kind}/martin")
    return page.evaluate(script)


def test_the_scorm_12_api_answers_and_refuses_as_the_standard_says(demo: Demo, page: Page) -> None:
    found = calls(
        page,
        demo,
        "scorm12",
        """() => {
            const said = [], api = API;
            const say = (answer) => said.push([answer, api.LMSGetLastError()]);
            say(api.LMSGetValue("cmi.core.student_id"));
            say(api.LMSInitialize("x"));
            say(api.LMSInitialize(""));
            say(api.LMSInitialize(""));
            say(api.LMSGetValue("cmi.core.student_id"));
            say(api.LMSGetValue("cmi.core.student_name"));
            say(api.LMSGetValue("cmi.core.lesson_status"));
            say(api.LMSGetValue("cmi.core.exit"));
            say(api.LMSGetValue("cmi.core.shoe_size"));
            say(api.LMSSetValue("cmi.core.student_id", "A1"));
            say(api.LMSSetValue("cmi.core._children", "x"));
            say(api.LMSSetValue("cmi.core.lesson_status", "not attempted"));
            say(api.LMSSetValue("cmi.core.lesson_status", "incomplete"));
            say(api.LMSSetValue("cmi.core.score.raw", "101"));
            say(api.LMSSetValue("cmi.core.score.raw", "40"));
            say(api.LMSSetValue("cmi.core.lesson_location", "x".repeat(256)));
            say(api.LMSCommit(""));
            say(api.LMSFinish(""));
            say(api.LMSGetValue("cmi.core.student_id"));
            return [said, api.LMSGetErrorString("403"), typeof window.API_1484_11];
        }""",
    )

    assert found == [
        [
            ["", "301"],
            ["false", "201"],
            ["true", "0"],
            ["false", "101"],
            ["A12008", "0"],
            ["King, Jr., Martin", "0"],
            ["not attempted", "0"],
            ["", "404"],
            ["", "401"],
            ["false", "403"],
            ["false", "402"],
            ["false", "405"],
            ["true", "0"],
            ["false", "405"],
            ["true", "0"],
            ["false", "405"],
            ["true", "0"],
            ["true", "0"],
            ["", "301"],
        ],
        "Element is read only",
        "undefined",
    ]
    record = page.locator("#record dd")
    expect(record).to_have_text(["ended", "incomplete", "40", "1"])


def test_the_scorm_2004_api_answers_and_refuses_as_the_standard_says(demo: Demo, page: Page) -> None:
    found = calls(
        page,
        demo,
        "scorm2004",
        """() => {
            const said = [], api = API_1484_11;
            const say = (answer) => said.push([answer, api.GetLastError()]);
            say(api.Terminate(""));
            say(api.GetValue("cmi.learner_id"));
            say(api.SetValue("cmi.location", "1"));
            say(api.Commit(""));
            say(api.Initialize(""));
            say(api.Initialize(""));
            say(api.GetValue("cmi.learner_id"));
            say(api.GetValue("cmi.learner_name"));
            say(api.GetValue("cmi.completion_status"));
            say(api.GetValue("cmi.suspend_data"));
            say(api.GetValue("cmi.exit"));
            say(api.GetValue("cmi.toString"));
            say(api.SetValue("cmi.learner_id", "A1"));
            say(api.SetValue("cmi.score.scaled", "2"));
            say(api.SetValue("cmi.score.scaled", "two"));
            say(api.SetValue("cmi.session_time", "1:00"));
            say(api.SetValue("cmi.session_time", "PT1H5M30S"));
            say(api.SetValue("cmi.completion_status", "completed"));
            say(api.Commit(""));
            say(api.Terminate(""));
            say(api.Terminate(""));
            say(api.GetValue("cmi.learner_id"));
            say(api.SetValue("cmi.location", "1"));
            say(api.Commit(""));
            say(api.Initialize(""));
            return [said, api.version, api.GetErrorString("404"), typeof window.API];
        }""",
    )

    assert found == [
        [
            ["false", "112"],
            ["", "122"],
            ["false", "132"],
            ["false", "142"],
            ["true", "0"],
            ["false", "103"],
            ["A12008", "0"],
            ["King, Jr., Martin", "0"],
            ["unknown", "0"],
            ["", "403"],
            ["", "405"],
            ["", "401"],
            ["false", "404"],
            ["false", "407"],
            ["false", "406"],
            ["false", "406"],
            ["true", "0"],
            ["true", "0"],
            ["true", "0"],
            ["true", "0"],
            ["false", "113"],
            ["", "123"],
            ["false", "133"],
            ["false", "143"],
            ["false", "104"],
        ],
        "1.0",
        "Data Model Element Is Read Only",
        "undefined",
    ]
    expect(page.locator("#record dd")).to_have_text(["ended", "completed", "none", "1"])
