"""What a package tells the LMS while it is open and when it ends, and what a probe shows."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from adapters.scorm.package import build_package
from tests.browser.conftest import hold_time
from tests.browser.lms_pages import made_api, player, scorm_again
from tests.browser.sites import TOKEN, PlayedBridge, StaticSite

pytestmark = pytest.mark.browser

ID = "25499339"
VALUES = {
    "scorm12": {"cmi.core.student_id": f'"{ID}"', "cmi.core.student_name": '"Núñez, José"'},
    "scorm2004": {"cmi.learner_id": f'"{ID}"', "cmi.learner_name": '"Núñez, José"'},
}
EDITIONS = {"scorm12": "scorm12", "scorm2004": "scorm2004-4"}
STATUS = {"scorm12": "cmi.core.lesson_status", "scorm2004": "cmi.completion_status"}


def install(lms: StaticSite, bridge_url: str, version: str = "scorm12", **choices: Any) -> None:
    order = {"connection": "any-lms", "public_url": bridge_url, "title": "Safety at work", "token": TOKEN, **choices}
    lms.add_package(build_package(format=EDITIONS[version], **order))


def play(page: Page, lms: StaticSite, head: str) -> FrameLocator:
    lms.files["/play"] = player(head)
    page.goto(f"{lms.url}/play")
    return page.frame_locator("#sco")


def opened(page: Page, lms: StaticSite, head: str) -> FrameLocator:
    sco = play(page, lms, head)
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)
    return sco


def calls(page: Page, name: str) -> list[list[str]]:
    return [call for call in page.evaluate("window.calls") if call[0] == name]


def written(page: Page) -> dict[str, str]:
    return {call[1]: call[2] for call in page.evaluate("window.calls") if call[0].endswith("SetValue")}


def tell(page: Page, bridge: PlayedBridge, **news: Any) -> None:
    """Let OttoLearn say something, and the page ask until the LMS has it."""
    bridge.told = {"revision": 1, "progress": 0.4, "mastered": False, "seconds": 3725, **news}
    for _ in range(4_000):
        if bridge.had[-1:] == [bridge.told["revision"]]:
            return
        page.clock.run_for(21_000)  # no one step can be too early for a timer that is not set yet
        page.wait_for_timeout(25)
    raise AssertionError("the page did not ask")


def settle(page: Page) -> None:
    """Wait until the page has read what came: a visit of our own comes back only after that."""
    page.evaluate("fetch('/play').then((answer) => answer.text())")


def pass_time(page: Page, shown: Locator) -> None:
    """Let the page's clock go on until this is shown; no one step can be too early for a timer that is not set yet."""
    for _ in range(4_000):
        if shown.is_visible():
            return
        page.clock.run_for(1_000)
        page.wait_for_timeout(25)
    raise AssertionError("it never came")


@pytest.mark.parametrize("version", ["scorm12", "scorm2004"])
def test_progress_reaches_a_real_lms_while_the_page_is_open(
    version: str, runtime: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    hold_time(page)
    install(runtime, bridge.url, version)
    opened(page, runtime, scorm_again(version, ID, ""))
    tell(page, bridge)
    assert written(page)[STATUS[version]] == "incomplete"
    prefix = "cmi.core.score" if version == "scorm12" else "cmi.score"
    assert written(page)[f"{prefix}.raw"] == "40"
    tell(page, bridge, revision=2, progress=1, mastered=True)
    found = written(page)
    assert found[f"{prefix}.raw"] == "100"
    if version == "scorm12":
        assert found[STATUS[version]] == "passed"
        assert found["cmi.core.session_time"] == "0001:02:05"
    else:
        assert (found[STATUS[version]], found["cmi.success_status"]) == ("completed", "passed")
        assert (found["cmi.score.scaled"], found["cmi.progress_measure"]) == ("1", "1")
        assert found["cmi.session_time"] == "PT3725S"
    assert bridge.had[-1] == 2, "the bridge hears that the LMS has it"
    errors = page.evaluate(f"window.{'API.LMSGetLastError' if version == 'scorm12' else 'API_1484_11.GetLastError'}()")
    assert errors == "0"


@pytest.mark.parametrize("status", ["passed", "completed"])
def test_who_has_passed_before_is_not_lowered(status: str, lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    hold_time(page)
    install(lms, bridge.url)
    opened(page, lms, made_api("scorm12", {**VALUES["scorm12"], STATUS["scorm12"]: f'"{status}"'}))
    tell(page, bridge)
    assert STATUS["scorm12"] not in written(page)
    assert "cmi.core.score.raw" not in written(page)


def test_a_bridge_that_knows_the_session_no_more_is_left_in_peace(
    lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    hold_time(page)
    install(lms, bridge.url)
    opened(page, lms, made_api("scorm12", VALUES["scorm12"]))
    bridge.sessions.clear()
    with page.expect_response("**/progress") as answer:
        page.clock.fast_forward(21_000)
    answer.value.finished()
    for _ in range(4):
        settle(page)
        page.clock.fast_forward(21_000)
    settle(page)
    assert len(bridge.had) == 1


@pytest.mark.parametrize("window", ["frame", "window"])
@pytest.mark.parametrize("version", ["scorm12", "scorm2004"])
def test_exit_ends_the_session_while_the_page_lives(
    version: str, window: str, lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url, version, window=window)
    hold_time(page)
    sco = play(page, lms, made_api(version, VALUES[version]))
    ready = sco.get_by_role("button", name="Open OttoLearn") if window == "window" else sco.locator("iframe")
    expect(ready).to_be_visible()
    page.clock.run_for(5_000)
    sco.get_by_role("button", name="Exit course").press("Enter")
    expect(sco.get_by_role("status").first).to_contain_text("You have left the course")
    expect(sco.locator("iframe")).to_have_count(0)
    expect(sco.locator("#message")).to_be_focused()
    finish = "LMSFinish" if version == "scorm12" else "Terminate"
    assert calls(page, finish) == [[finish, ""]]
    time = written(page)["cmi.core.session_time" if version == "scorm12" else "cmi.session_time"]
    assert time == ("0000:00:05" if version == "scorm12" else "PT5S")
    names = [call[0] for call in page.evaluate("window.calls")]
    assert names[-1] == finish, "nothing is said after the end"


@pytest.mark.parametrize("student_id", [ID, "999"])
def test_nothing_opens_for_who_left_while_the_bridge_was_asked(
    student_id: str, lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    bridge.answering.clear()
    install(lms, bridge.url)
    with page.expect_request("**/launch") as asked:
        sco = play(page, lms, made_api("scorm12", {**VALUES["scorm12"], "cmi.core.student_id": f'"{student_id}"'}))
    sco.get_by_role("button", name="Exit course").press("Enter")
    bridge.answering.set()
    asked.value.response().finished()  # type: ignore[union-attr]
    settle(page)
    expect(sco.get_by_role("status").first).to_contain_text("You have left the course")
    expect(sco.locator("iframe")).to_have_count(0)
    expect(sco.get_by_role("button")).to_have_count(0)
    assert calls(page, "LMSFinish") == [["LMSFinish", ""]]


def open_window(lms: StaticSite, bridge: PlayedBridge, page: Page) -> tuple[FrameLocator, Page]:
    """A package and its window, which is empty until `bridge.answering` is set."""
    bridge.answering.clear()
    install(lms, bridge.url, window="window")
    sco = play(page, lms, made_api("scorm12", VALUES["scorm12"]))
    with page.expect_request("**/launch"), page.expect_popup() as opened_window:
        sco.get_by_role("button", name="Open OttoLearn").press("Enter")
    return sco, opened_window.value


def test_a_window_closes_for_who_left_while_the_bridge_was_asked(
    lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    sco, window = open_window(lms, bridge, page)
    sco.get_by_role("button", name="Exit course").press("Enter")
    with window.expect_event("close"):
        bridge.answering.set()
    expect(sco.get_by_role("status").first).to_contain_text("You have left the course")
    expect(sco.get_by_role("button")).to_have_count(0)


def test_nothing_is_said_to_the_lms_after_the_end(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    hold_time(page)
    install(lms, bridge.url)
    opened(page, lms, made_api("scorm12", VALUES["scorm12"], set_value="window.answer ?? 'true'"))
    page.evaluate("() => { window.answer = new Promise((resolve) => { window.go_on = resolve; }); }")
    bridge.told = {"revision": 1, "progress": 0.4, "mastered": False, "seconds": 3725}
    page.clock.fast_forward(21_000)
    page.wait_for_function("calls.at(-1)[1] === 'cmi.core.score.min'", polling=25)
    page.frame_locator("#sco").get_by_role("button", name="Exit course").press("Enter")
    page.evaluate("go_on('true')")
    settle(page)
    assert page.evaluate("calls.at(-1)") == ["LMSFinish", ""]


def test_a_window_that_was_closed_while_the_bridge_was_asked_is_not_opened_anew(
    lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    sco, window = open_window(lms, bridge, page)
    window.close()
    bridge.answering.set()
    expect(sco.get_by_role("status").first).to_contain_text("did not open the window")
    expect(sco.get_by_role("button", name="Try again")).to_be_visible()
    assert page.context.pages == [page]


def test_two_clicks_are_two_readings_of_the_learner(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    hold_time(page)
    values = {name: f"window.late?.shift() ?? {value}" for name, value in VALUES["scorm12"].items()}
    sco = opened(page, lms, made_api("scorm12", values))
    page.evaluate("""() => {
      const [name, never] = [new Promise((resolve) => { window.go_on = resolve; }), new Promise(() => {})];
      window.late = [undefined, name, never];
    }""")
    reopen = sco.get_by_role("button", name="Open OttoLearn in a new window")
    with page.expect_popup() as first:
        reopen.press("Enter")
    page.clock.run_for(1)  # a window of another name
    with page.expect_popup():
        reopen.press("Enter")
    page.evaluate("go_on('Núñez, José')")
    expect(first.value.locator("#student")).to_have_text(ID)
    assert [launch.student.student_id for launch in bridge.launches] == [ID, ID]


@pytest.mark.parametrize("call", ["initialize", "id"])
def test_an_lms_that_never_answers_is_named(call: str, lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    page.clock.install()
    install(lms, bridge.url)
    never = "new Promise(() => {})"
    values = {**VALUES["scorm12"], **({"cmi.core.student_id": never} if call == "id" else {})}
    sco = play(page, lms, made_api("scorm12", values, initialize=never if call == "initialize" else '"true"'))
    expect(sco.get_by_role("heading", level=1)).to_be_visible()
    for _ in range(4):
        page.clock.fast_forward(11_000)
    expect(sco.get_by_role("status").first).to_contain_text("does not answer")
    assert bridge.launches == []


def test_a_name_that_never_comes_stops_nobody(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    page.clock.install()
    install(lms, bridge.url)
    sco = play(page, lms, made_api("scorm12", {**VALUES["scorm12"], "cmi.core.student_name": "new Promise(() => {})"}))
    expect(sco.get_by_role("heading", level=1)).to_be_visible()
    student = sco.frame_locator("iframe").locator("#student")
    pass_time(page, student)
    expect(student).to_have_text(ID)


@pytest.mark.parametrize("version", ["scorm12", "scorm2004"])
def test_a_probe_shows_and_reports_what_the_lms_passes(
    version: str, runtime: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(runtime, bridge.url, version, probe=True)
    sco = play(page, runtime, scorm_again(version, "<b>1234_r_56</b>", "García López, Ana"))
    expect(sco.get_by_role("status").first).to_contain_text("The bridge has it, too")
    expect(sco.locator("#facts")).to_contain_text("<b>1234_r_56</b>")
    (found,) = bridge.probes
    assert found["versions"] == [version]
    element = "cmi.core.student_id" if version == "scorm12" else "cmi.learner_id"
    assert found["sessions"][version]["values"][element] == {"value": "<b>1234_r_56</b>", "error": "0"}
    assert (found["windows"], found["closed_windows"], found["framed"]) == (2, 0, True)
    assert bridge.launches == []
    assert STATUS[version] not in written(page)


def test_a_probe_outside_of_any_lms_says_so(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    page.clock.install()
    install(lms, bridge.url, probe=True)
    page.goto(f"{lms.url}/package/index.html")
    pass_time(page, page.locator("#facts").get_by_text("none").first)
    expect(page.locator("#facts")).to_contain_text("none")
    expect(page.get_by_role("status").first).to_contain_text("The bridge has it, too")
    assert bridge.probes[0]["versions"] == []


def test_a_probe_without_its_bridge_still_shows(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url, probe=True, token="revoked")
    sco = play(page, lms, made_api("scorm12", VALUES["scorm12"]))
    expect(sco.get_by_role("status").first).to_contain_text("did not take it: package_unknown")
    page.route(f"{bridge.url}/**", lambda route: route.abort("connectionrefused"))
    page.reload()
    expect(sco.get_by_role("status").first).to_contain_text("could not be reached")
