"""Packages played by a real LMS runtime (scorm-again) and by LMSs that behave like the worst of the field."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Request, expect

from adapters.scorm.package import build_package
from bridge.contracts import Kind, Student
from tests.browser.conftest import hold_time
from tests.browser.lms_pages import frame, made_api, player, scorm_again
from tests.browser.sites import EXPLANATION, TOKEN, PlayedBridge, StaticSite, same_site

pytestmark = pytest.mark.browser

ID = "25499339"
NAMES12 = {"cmi.core.student_id": f'"{ID}"', "cmi.core.student_name": '"Núñez, José"'}
NAMES2004 = {"cmi.learner_id": f'"{ID}"', "cmi.learner_name": '"Núñez, José"'}


def install(lms: StaticSite, bridge_url: str, edition: str = "scorm12", **choices: str) -> None:
    order = {"connection": "any-lms", "public_url": bridge_url, "title": "Safety at work", "token": TOKEN, **choices}
    lms.add_package(build_package(format=edition, **order))  # type: ignore[arg-type]


def play(page: Page, lms: StaticSite, head: str, body: str | None = None) -> FrameLocator:
    lms.files["/play"] = player(head, body)
    page.goto(f"{lms.url}/play")
    return page.frame_locator("#sco")


def calls(page: Page, *names: str) -> list[list[str]]:
    return [call for call in page.evaluate("window.calls") if call[0] in names]


PEOPLE = [
    ("García López, Ana", Student(ID, "Ana", "García López")),
    ("O'Brien-Łukasz, Zoë", Student(ID, "Zoë", "O'Brien-Łukasz")),
    ("王, 伟", Student(ID, "伟", "王")),
    ("عبد الله, محمد", Student(ID, "محمد", "عبد الله")),
    ("King, Jr., Martin", Student(ID, "Martin", "King, Jr.")),
    ('<b>Bobby</b> "Tables"', Student(ID, '<b>Bobby</b> "Tables"', "")),
    ("", Student(ID, "", "")),
]


ARRIVALS = [
    *(("scorm12", "scorm12", *person) for person in PEOPLE),
    *(("scorm2004-3", "scorm2004", *person) for person in PEOPLE[:1]),
    *(("scorm2004-4", "scorm2004", *person) for person in PEOPLE[1:]),
]


@pytest.mark.parametrize(("edition", "version", "name", "student"), ARRIVALS)
def test_the_learner_lands_in_ottolearn_as_the_right_person(
    edition: str,
    version: str,
    name: str,
    student: Student,
    runtime: StaticSite,
    bridge: PlayedBridge,
    page: Page,
) -> None:
    install(runtime, bridge.url, edition)
    sco = play(page, runtime, scorm_again(version, ID, name))
    ottolearn = sco.frame_locator("iframe[title=OttoLearn]")
    expect(ottolearn.locator("#student")).to_have_text(ID)
    expect(ottolearn.locator("#first")).to_have_text(student.first_name)
    expect(ottolearn.locator("#last")).to_have_text(student.last_name)
    assert [(launch.kind, launch.student) for launch in bridge.launches] == [(Kind(version), student)]


@pytest.mark.parametrize(("version", "edition"), [("scorm12", "scorm12"), ("scorm2004", "scorm2004-4")])
def test_the_lms_books_the_attempt_while_the_page_is_alive(
    version: str, edition: str, runtime: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(runtime, bridge.url, edition)
    expect(play(page, runtime, scorm_again(version, ID, "")).locator("iframe")).to_be_visible()
    prefix = "LMS" if version == "scorm12" else ""
    status = "cmi.core.lesson_status" if version == "scorm12" else "cmi.completion_status"
    assert calls(page, f"{prefix}Initialize") == [[f"{prefix}Initialize", ""]]
    assert [f"{prefix}SetValue", status, "incomplete"] in calls(page, f"{prefix}SetValue")
    assert any("incomplete" in str(body) for path, body in runtime.posted if path == "/commit")
    page.evaluate("document.getElementById('sco').remove()")
    page.wait_for_function("name => window.calls.some((call) => call[0] === name)", arg=f"{prefix}{FINISH[version]}")
    assert len(calls(page, f"{prefix}{FINISH[version]}")) == 1
    assert calls(page, f"{prefix}Initialize") == [[f"{prefix}Initialize", ""]]


FINISH = {"scorm12": "Finish", "scorm2004": "Terminate"}


@pytest.mark.parametrize("status", ["completed", "passed", "failed", "browsed", "incomplete", ""])
def test_a_status_is_never_lowered(status: str, lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    api = made_api("scorm12", {**NAMES12, "cmi.core.lesson_status": f'"{status}"'})
    expect(play(page, lms, api).locator("iframe")).to_be_visible()
    assert [call for call in calls(page, "LMSSetValue") if call[1] == "cmi.core.lesson_status"] == []


@pytest.mark.parametrize(
    ("version", "values", "initialize"),
    [
        ("scorm12", {**NAMES12, "cmi.core.student_id": ID}, "true"),
        ("scorm12", {name: f"Promise.resolve({value})" for name, value in NAMES12.items()}, "Promise.resolve(true)"),
        ("scorm2004", {name: f"Promise.resolve({value})" for name, value in NAMES2004.items()}, "1"),
        ("scorm2004", {**NAMES2004, "cmi.learner_id": f"{ID}n"}, '"true"'),
        ("scorm2004", {**NAMES2004, "cmi.learner_name": "false"}, '"true"'),
        ("scorm2004", {**NAMES2004, "cmi.learner_name": "(() => { throw new Error(); })()"}, '"true"'),
    ],
)
def test_an_lms_may_answer_with_numbers_booleans_and_promises(
    version: str, values: dict[str, str], initialize: str, lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url, "scorm12" if version == "scorm12" else "scorm2004-3")
    sco = play(page, lms, made_api(version, values, initialize=initialize))
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)


@pytest.mark.parametrize(("version", "error"), [("scorm12", "101"), ("scorm2004", "103")])
def test_a_session_that_the_lms_already_opened_is_used(
    version: str, error: str, lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url, "scorm12" if version == "scorm12" else "scorm2004-3")
    values = NAMES12 if version == "scorm12" else NAMES2004
    sco = play(page, lms, made_api(version, values, initialize="false", last_error=error))
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)


@pytest.mark.parametrize("edition", ["scorm12", "scorm2004-4"])
def test_the_packages_own_version_wins_where_an_lms_offers_both(
    edition: str, lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url, edition)
    sco = play(page, lms, made_api("scorm12", NAMES12) + made_api("scorm2004", NAMES2004))
    expect(sco.locator("iframe")).to_be_visible()
    assert [launch.kind for launch in bridge.launches] == [Kind.SCORM12 if edition == "scorm12" else Kind.SCORM2004]


def test_an_lms_with_the_other_version_alone_is_used(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url, "scorm2004-4")
    expect(play(page, lms, made_api("scorm12", NAMES12)).locator("iframe")).to_be_visible()
    assert [launch.kind for launch in bridge.launches] == [Kind.SCORM12]


def test_an_lms_inside_another_sites_page_is_found(
    lms: StaticSite, portal: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url)
    lms.files["/play"] = player(made_api("scorm12", NAMES12))
    portal.files["/"] = player("", frame(f"{lms.url}/play"))
    page.goto(f"{portal.url}/")
    sco = page.frame_locator("#sco").frame_locator("#sco")
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)
    assert [launch.return_url for launch in bridge.launches] == [""]


def test_a_window_of_another_site_on_the_way_does_not_end_the_search(
    lms: StaticSite, portal: StaticSite, bridge: PlayedBridge, context: BrowserContext, page: Page
) -> None:
    """LMS opens a window of a portal, which frames the package: only the portal's opener has the API."""
    install(lms, bridge.url)
    portal.files["/shell"] = player("", frame(f"{lms.url}/package/index.html"))
    play(page, lms, made_api("scorm12", NAMES12), f"<button onclick=\"window.open('{portal.url}/shell')\">Go</button>")
    with context.expect_page() as opened:
        page.get_by_role("button", name="Go").click()
    sco = opened.value.frame_locator("#sco")
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)


def test_a_package_in_a_window_finds_the_lms_in_its_opener(
    lms: StaticSite, bridge: PlayedBridge, context: BrowserContext, page: Page
) -> None:
    install(lms, bridge.url)
    play(page, lms, made_api("scorm12", NAMES12), "<button onclick=\"window.open('/package/index.html')\">Go</button>")
    with context.expect_page() as opened:
        page.get_by_role("button", name="Go").click()
    expect(opened.value.frame_locator("iframe").locator("#student")).to_have_text(ID)


def test_a_package_outside_of_any_lms_says_so_and_the_operator_hears_of_it(
    lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url)
    hold_time(page)
    page.goto(f"{lms.url}/package/index.html")
    expect(page.get_by_role("status")).to_contain_text("Waiting for your learning management system")
    page.clock.run_for(9_500)
    expect(page.get_by_role("status")).to_contain_text("Waiting for your learning management system")
    page.clock.run_for(1_000)
    expect(page.get_by_role("status")).to_contain_text("LMS) was not found")
    expect(page.locator("#reference")).to_have_text("REF-TROUBLE")
    assert bridge.launches == []
    assert bridge.troubles == [{"version": "scorm12", "problem": "no_lms"}]


LATE = "<script>const shown = window.API; delete window.API; window.come = () => { window.API = shown; };</script>"


def test_an_lms_whose_api_comes_late_is_found(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    hold_time(page)
    sco = play(page, lms, made_api("scorm12", NAMES12) + LATE)
    expect(sco.get_by_role("status")).to_contain_text("Waiting for your learning management system")
    page.clock.run_for(9_500)
    page.evaluate("window.come()")
    page.clock.run_for(1_000)
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)
    assert bridge.troubles == []


def test_an_lms_that_comes_after_the_page_gave_up_is_found_by_trying_again(
    lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url)
    hold_time(page)
    sco = play(page, lms, made_api("scorm12", NAMES12) + LATE)
    expect(sco.get_by_role("status")).to_contain_text("Waiting for")
    page.clock.run_for(11_000)
    page.evaluate("window.come()")
    sco.get_by_role("button", name="Try again").press("Enter")
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)
    expect(sco.locator("#reference")).to_be_hidden()


def test_trying_again_reads_the_id_anew(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    sco = play(page, lms, made_api("scorm12", {**NAMES12, "cmi.core.student_id": "window.late ?? ''"}))
    expect(sco.get_by_role("status")).to_contain_text("did not say who you are")
    page.evaluate(f"window.late = '{ID}'")
    sco.get_by_role("button", name="Try again").press("Enter")
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)
    assert len(calls(page, "LMSInitialize")) == 1


def test_a_package_on_another_site_than_its_lms_says_so(
    lms: StaticSite, portal: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(portal, bridge.url)
    hold_time(page)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    sco = play(page, lms, made_api("scorm12", NAMES12), frame(f"{portal.url}/package/index.html"))
    expect(sco.get_by_role("status")).to_contain_text("Waiting for")
    page.clock.run_for(11_000)
    expect(sco.get_by_role("status")).to_contain_text("LMS) was not found")
    assert errors == []


@pytest.mark.parametrize(
    ("value", "window"),
    [*((value, "frame") for value in ('""', '"  "', "null", "undefined", "false", "({})")), ('""', "window")],
)
def test_an_empty_id_is_told_to_the_learner_and_the_operator(
    value: str, window: str, lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url, window=window)
    sco = play(page, lms, made_api("scorm12", {**NAMES12, "cmi.core.student_id": value}))
    expect(sco.get_by_role("status")).to_contain_text("did not say who you are")
    expect(sco.locator("#reference")).to_have_text("REF-REJECTED")
    expect(sco.locator("#student")).to_be_hidden()
    assert bridge.rejected == ["student_id_missing"]


@pytest.mark.parametrize("initialize", ['"false"', "false", '""', "(() => { throw new Error(); })()"])
def test_an_lms_that_refuses_to_start_is_named(
    initialize: str, lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(lms, bridge.url)
    sco = play(page, lms, made_api("scorm12", NAMES12, initialize=initialize))
    expect(sco.get_by_role("status")).to_contain_text("did not start the course")
    expect(sco.locator("#reference")).to_have_text("REF-TROUBLE")
    assert bridge.launches == []
    assert [trouble["problem"] for trouble in bridge.troubles] == ["lms_refused"]


def test_a_bridge_that_is_down_can_be_tried_again(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    page.route(f"{bridge.url}/**", lambda route: route.abort("connectionrefused"))
    sco = play(page, lms, made_api("scorm12", NAMES12))
    expect(sco.get_by_role("status")).to_contain_text("could not be reached")
    sco.get_by_role("button", name="Try again").press("Enter")
    expect(sco.get_by_role("button", name="Try again")).to_be_focused()
    page.unroute_all()
    sco.get_by_role("button", name="Try again").press("Enter")
    expect(sco.frame_locator("iframe").locator("#student")).to_have_text(ID)
    assert len(calls(page, "LMSInitialize")) == 1


@pytest.mark.parametrize("student_id", ["999", "<img src=x onerror=alert(1)>", "משתמש-7"])
def test_an_unknown_learner_sees_their_id_and_a_reference(
    student_id: str, runtime: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    install(runtime, bridge.url)
    sco = play(page, runtime, scorm_again("scorm12", student_id, "García López, Ana"))
    expect(sco.get_by_role("status")).to_contain_text("does not know you yet")
    expect(sco.locator("#student")).to_have_text(student_id)
    expect(sco.locator("#reference")).to_have_text("REF-NO-MATCH")
    explanation = sco.get_by_role("link", name="For administrators (opens a new window)")
    expect(explanation).to_have_attribute("href", f"{EXPLANATION}REF-NO-MATCH")
    expect(explanation).to_have_attribute("target", "_blank")
    expect(sco.locator("iframe, img")).to_have_count(0)


def test_a_site_that_is_not_allowed_is_told_so(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    bridge.allow("https://another.example.com")
    sco = play(page, lms, made_api("scorm12", NAMES12))
    expect(sco.get_by_role("status")).to_contain_text("could not let you in")
    expect(sco.locator("#reference")).to_have_text("REF-REJECTED")
    assert bridge.rejected == ["origin_not_allowed"]


@pytest.mark.parametrize(
    "answer",
    [
        '{"url": "https://evil.example/l", "code": "x"}',
        '{"url": "javascript:alert(1)", "code": "x"}',
        '{"url": "BRIDGE/l"}',
        '{"url": 7, "title": 7, "message": {}, "reference": []}',
        "null",
        "[]",
        "{}",
    ],
)
def test_no_address_but_the_bridges_is_opened(answer: str, lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    page.route(
        "**/launch",
        lambda route: route.fulfill(
            body=answer.replace("BRIDGE", bridge.url), headers={"Access-Control-Allow-Origin": "*"}
        ),
    )
    sco = play(page, lms, made_api("scorm12", NAMES12))
    expect(sco.get_by_role("status")).to_contain_text("could not be opened")
    expect(sco.locator("iframe")).to_have_count(0)


def test_a_launch_tells_the_bridge_nothing_but_the_learner(
    lms: StaticSite, bridge: PlayedBridge, context: BrowserContext, page: Page
) -> None:
    install(lms, bridge.url)
    sent: list[Request] = []
    context.on("request", lambda request: sent.append(request))  # noqa: PLW0108  Playwright marks the function
    context.add_cookies([{"name": "seen", "value": "1", "url": bridge.url}])
    expect(play(page, lms, made_api("scorm12", NAMES12)).locator("iframe")).to_be_visible()
    assert [
        request.url for request in sent if not (same_site(request.url, lms) or same_site(request.url, bridge))
    ] == []
    (launch,) = [request for request in sent if request.url.endswith("/launch")]
    headers = launch.all_headers()
    assert headers["origin"] == lms.url
    assert "cookie" not in headers
    assert set(bridge.referers) == {f"{lms.url}/"}, "the site, and no more of its address"
    assert all(ID not in request.url for request in sent)
    assert not [request.url for request in sent if any(code in request.url for code in bridge.sessions)]
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert launch.post_data_json == {
        "version": "scorm12",
        "learner_id": ID,
        "learner_name": "Núñez, José",
        "return_url": f"{lms.url}/",
    }


def test_ottolearn_opens_in_a_window_of_its_own(
    lms: StaticSite, bridge: PlayedBridge, context: BrowserContext, page: Page
) -> None:
    install(lms, bridge.url, window="window")
    sco = play(page, lms, made_api("scorm12", NAMES12))
    button = sco.get_by_role("button", name="Open OttoLearn")
    expect(button).to_be_visible()
    assert bridge.launches == [], "a code asked for before the click may be too old at the click"
    with context.expect_page() as opened:
        button.press("Enter")
    expect(opened.value.locator("#student")).to_have_text(ID)
    assert opened.value.evaluate("window.opener") is None
    assert opened.value.url == f"{bridge.url}/l", "no address holds the code"
    expect(sco.get_by_role("status")).to_contain_text("open in a new window")
    expect(sco.get_by_role("button", name="Open OttoLearn again")).to_be_focused()
    with context.expect_page() as reopened:
        sco.get_by_role("button", name="Open OttoLearn again").click()
    expect(reopened.value.locator("#student")).to_have_text(ID)


def test_a_window_that_cannot_lead_to_ottolearn_is_closed(
    lms: StaticSite, bridge: PlayedBridge, context: BrowserContext, page: Page
) -> None:
    install(lms, bridge.url, window="window")
    bridge.learners.clear()
    sco = play(page, lms, made_api("scorm12", NAMES12))
    with context.expect_page() as opened:
        sco.get_by_role("button", name="Open OttoLearn").click()
    expect(sco.locator("#reference")).to_have_text("REF-NO-MATCH")
    assert opened.value.is_closed() or opened.value.wait_for_event("close")
    assert context.pages == [page]


def test_a_blocked_window_is_explained(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url, window="window")
    page.add_init_script("window.open = () => null")
    sco = play(page, lms, made_api("scorm12", NAMES12))
    sco.get_by_role("button", name="Open OttoLearn").click()
    expect(sco.get_by_role("status")).to_contain_text("Allow pop-up windows")
    expect(sco.get_by_role("button", name="Try again")).to_be_visible()
    assert bridge.launches == []


def test_a_frame_that_stays_empty_has_a_way_out(
    lms: StaticSite, bridge: PlayedBridge, context: BrowserContext, page: Page
) -> None:
    install(lms, bridge.url)
    sco = play(page, lms, made_api("scorm12", NAMES12))
    with context.expect_page() as opened:
        sco.get_by_role("button", name="Open OttoLearn in a new window").click()
    expect(opened.value.locator("#student")).to_have_text(ID)
    assert len(bridge.launches) == 2


def test_the_lms_keeps_what_happened_when_the_page_is_hidden(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    sco = play(page, lms, made_api("scorm12", NAMES12))
    expect(sco.locator("iframe")).to_be_visible()
    before = len(calls(page, "LMSCommit"))
    sco.locator("body").evaluate(
        """(body) => {
          Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    assert len(calls(page, "LMSCommit")) == before + 1


def test_a_session_is_not_ended_twice(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url)
    sco = play(page, lms, made_api("scorm12", NAMES12))
    expect(sco.locator("iframe")).to_be_visible()
    leave = "(body, persisted) => window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted }))"
    sco.locator("body").evaluate(leave, True)
    assert calls(page, "LMSFinish") == [], "a page kept for the back button lives on"
    for _ in range(2):
        sco.locator("body").evaluate(leave, False)
    assert calls(page, "LMSFinish") == [["LMSFinish", ""]]


def test_a_screen_reader_can_follow(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    install(lms, bridge.url, window="window", title="السلامة في العمل")
    sco = play(page, lms, made_api("scorm12", NAMES12))
    expect(sco.locator("html")).to_have_attribute("lang", re.compile(r"^en"))
    expect(sco.get_by_role("heading", level=1, name="السلامة في العمل")).to_be_visible()
    expect(sco.get_by_role("status")).to_have_attribute("aria-live", "polite")
    expect(sco.get_by_role("button", name="Open OttoLearn")).to_be_visible()
    page.keyboard.press("Tab")
    expect(sco.get_by_role("button", name="Open OttoLearn")).to_be_focused()
