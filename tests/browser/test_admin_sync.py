"""Syncs in Chromium: the page follows a run without being loaded again, and outlives a bridge that is away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from bridge.admin.roles import Role
from bridge.store import admin_sessions, sync_progress, sync_requests, sync_runs
from bridge.store.sync_progress import Progress
from bridge.store.sync_requests import Act, Stage
from bridge.sync.record import SILENT
from tests.browser.admin_site import AdminSite, site
from tests.browser.conftest import hold_time, opened
from tests.browser.sync_rows import fill_syncs, run_of

__all__ = ["site"]
pytestmark = pytest.mark.browser

CAMPUS = "/admin/sync?connection=campus"
STAYS = "window.stays = true"
"""Put down in the page: gone as soon as it is loaded again."""


def write(site: AdminSite, done: int, run: int = 1) -> None:
    sync_progress.note(site.services.engine, run, Progress("writing", done, 40, site.services.now()))


def begin(site: AdminSite) -> int:
    run = run_of(site.services.engine, "campus", site.services.now() - 5, "applying")
    write(site, 1, run)
    return run


@pytest.mark.parametrize("path", ["/admin/sync", CAMPUS, "/admin/sync/runs/1"])
def test_a_page_follows_a_run_to_its_end(page: Page, site: AdminSite, path: str) -> None:
    run = begin(site)
    site.open(page, path, Role.VIEWER)
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("value", "1")
    page.evaluate(STAYS)
    for done in (12, 39):
        write(site, done, run)
        expect(page.get_by_text(f"Writing to OttoLearn: {done} of 40.")).to_be_visible()
        expect(bar).to_have_js_property("value", done)
    assert page.evaluate("window.stays")
    sync_runs.change(site.services.engine, run, status="done", ended_at=site.services.now(), summary={"created": 40})
    expect(bar).to_have_count(0)
    expect(page.get_by_text("done", exact=True).first).to_be_visible()
    assert page.evaluate("window.stays") is None


def test_a_page_goes_on_after_the_bridge_was_away(page: Page, site: AdminSite) -> None:
    run = begin(site)
    refusals: list[str] = []

    def refuse(route: Route) -> None:
        refusals.append(route.request.resource_type)
        if len(refusals) % 2:
            route.fulfill(status=502, content_type="text/html", body="<h1>Bad Gateway</h1>")
        else:
            route.abort()

    page.route("**/admin/sync/events*", refuse)
    site.open(page, CAMPUS, Role.VIEWER)
    page.evaluate(STAYS)
    with page.expect_event("requestfailed", timeout=180_000):
        pass
    page.unroute("**/admin/sync/events*")
    write(site, 22, run)
    expect(page.get_by_text("Writing to OttoLearn: 22 of 40.")).to_be_visible(timeout=180_000)
    assert page.evaluate("window.stays")
    assert refusals[0] == "eventsource"


def test_whoever_is_signed_out_meanwhile_is_led_to_sign_in(page: Page, site: AdminSite) -> None:
    begin(site)
    site.open(page, CAMPUS, Role.VIEWER)
    (cookie,) = [one for one in page.context.cookies() if one["name"] == site.admin.cookie()]
    admin_sessions.remove(site.services.engine, cookie["value"])
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=180_000)


def test_a_run_is_followed_without_scripts(browser: Browser, site: AdminSite) -> None:
    run = begin(site)
    with opened(browser, java_script_enabled=False) as context:
        page = site.open(context.new_page(), CAMPUS, Role.VIEWER)
        expect(page.get_by_text("Writing to OttoLearn: 1 of 40.")).to_be_visible()
        write(site, 22, run)
        expect(page.get_by_text("Writing to OttoLearn: 22 of 40.")).to_be_visible(timeout=180_000)
        still = page.get_by_role("link", name="Keep this page up to date")
        while not still.is_visible():  # a click is lost where the page loads itself again in that moment
            page.get_by_role("link", name="Leave it as it is").click()
            page.wait_for_load_state()


def test_a_sync_is_asked_for_and_stopped_by_keyboard_alone(page: Page, site: AdminSite) -> None:
    run_of(site.services.engine, "campus", site.services.now() - 4_000)
    page.on("dialog", lambda dialog: dialog.accept())
    site.open(page, "/admin/sync", Role.OPERATOR)
    page.get_by_role("link", name="campus").press("Enter")
    page.get_by_role("button", name="Plan now").press("Enter")
    expect(page.get_by_role("heading", name="A plan is asked for")).to_be_visible()
    page.get_by_role("button", name="Take back").press("Enter")
    page.get_by_role("button", name="Sync now").press("Enter")
    expect(page.get_by_role("heading", name="A sync is asked for")).to_be_visible()
    request = sync_requests.claim(site.services.engine, site.services.now())
    assert request is not None
    run = begin(site)
    expect(page.get_by_role("heading", name=f"Run {run} is under way")).to_be_visible()
    expect(page.get_by_text("Writing to OttoLearn: 1 of 40.")).to_be_visible()  # it does not load itself again
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.get_by_text("It was asked to stop")).to_be_visible()
    sync_requests.end(site.services.engine, request.id, Stage.DONE, result=run, detail="", now=site.services.now())
    sync_runs.change(site.services.engine, run, status="partial", reason="stopped", ended_at=site.services.now())
    expect(page.get_by_text("an administrator stopped the run")).to_be_visible()
    expect(page.get_by_text("the operator, a sync")).to_be_visible()


def test_a_stop_on_its_way_is_not_taken_back_by_what_the_page_hears(page: Page, site: AdminSite) -> None:
    run = run_of(site.services.engine, "campus", site.services.now() - 5, "reading")

    def keep(route: Route) -> None:
        sync_runs.change(site.services.engine, run, status="applying")
        page.wait_for_timeout(3_000)  # the page is told of it
        route.continue_()

    hold_time(page)  # the page remembers what it has sent for five seconds
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/stop", keep)
    site.open(page, f"/admin/sync/runs/{run}", Role.OPERATOR)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The run is asked to stop")).to_be_visible()


def test_a_run_says_who_asked_for_it_while_it_goes_on(page: Page, site: AdminSite) -> None:
    engine, now = site.services.engine, site.services.now()
    run_of(engine, "campus", now - 4_000)
    sync_requests.add(engine, "campus", Act.SYNC, None, asked_by="Ann", now=now - 60)
    assert sync_requests.claim(engine, now - 50) is not None
    run_of(engine, "campus", now - 40, "applying")
    site.open(page, "/admin/sync/runs/2", Role.VIEWER)
    expect(page.get_by_text("Ann, a sync")).to_be_visible()
    page.goto(f"{site.url}/admin/sync/runs/1")
    expect(page.get_by_text("nobody on these pages")).to_be_visible()


def test_two_administrators_see_the_same_and_one_thing_is_asked_for(browser: Browser, site: AdminSite) -> None:
    with opened(browser) as one, opened(browser) as other:
        first = site.open(one.new_page(), CAMPUS, Role.OWNER)
        second = site.open(other.new_page(), CAMPUS, Role.OPERATOR)
        first.get_by_role("button", name="Sync now").click()
        expect(first.get_by_role("heading", name="A sync is asked for")).to_be_visible()
        second.get_by_role("button", name="Sync now").click()
        expect(second.get_by_text("the owner has asked for a sync already")).to_be_visible()
        second.get_by_role("button", name="Take back").click()
        expect(first.get_by_role("button", name="Sync now")).to_be_visible()
    assert sync_requests.every_open(site.services.engine) == []


def test_a_silent_run_does_not_look_as_if_it_ran(page: Page, site: AdminSite) -> None:
    run_of(site.services.engine, "campus", site.services.now() - SILENT - 1, "applying")
    site.open(page, CAMPUS, Role.OPERATOR)
    expect(page.get_by_text("its process may have ended")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("button", name="Sync now")).to_be_visible()


def test_a_bar_leads_to_its_run_and_the_table_says_the_same(page: Page, site: AdminSite) -> None:
    fill_syncs(site.services.engine, site.services.now(), "x")
    site.open(page, CAMPUS, Role.VIEWER)
    page.get_by_text("As a table").first.press("Enter")
    region = page.get_by_role("region", name="What the runs have changed")
    expect(region.get_by_role("row", name=re.compile("run 35, full run"))).to_be_visible()
    bar = page.get_by_role("group", name="What the runs have changed").get_by_role("link").last
    bar.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Run 35 of campus")).to_be_visible()
