"""The administrators' pages in Chromium: for the eye, the keyboard and the screen reader, light, dark and narrow.

A new page is added to `PAGES`, and its rows to `fill`.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from bridge.admin.roles import Role
from bridge.contracts import Student
from bridge.learners.sheet_links import Line
from bridge.scim import tokens
from bridge.store import launches, received, unmatched
from bridge.store.launch_lines import LaunchLine
from bridge.store.sync_items import Content, Kind, State
from bridge.store.sync_runs import Status
from bridge.web.admin.unmatched_sheet import Sheet, keep
from tests.bridge.web.admin.planned import item, run_with
from tests.browser.admin_site import HOSTILE, AdminSite, is_too_wide, site, violations
from tests.browser.conftest import opened
from tests.browser.sync_rows import fill_syncs

__all__ = ["site"]
pytestmark = pytest.mark.browser

PAGES = (
    "/admin",
    "/admin/launches",
    "/admin/launches?by=connection&span=90d&q=zzz",
    "/admin/reference",
    "/admin/reference?reference=nope",
    "/admin/reference?reference=7K3M-0000",
    "/admin/reference?reference=7K3M-0001",
    "/admin/reference?reference=7K3M-0014",
    "/admin/sync/plans/39",
    "/admin/sync/plans/39?kind=update&state=held&q=s000",
    "/admin/sync/plans/40",
    "/admin/sync/refused",
    "/admin/sync/refused?connection=campus",
    "/admin/sync/pushes/staff",
    "/admin/audit",
    "/admin/accounts",
    "/admin/unmatched",
    "/admin/unmatched/sheet",
    "/admin/unmatched/sheet/kept-sheet",
    "/admin/unmatched/sheet/kept-sheet?show=refused",
    "/admin/sync",
    "/admin/sync?connection=campus",
    "/admin/sync?connection=moodle",
    "/admin/sync/runs/2",
    "/admin/sync/runs/36",
    "/admin/sync/runs/38",
    "/admin/connections",
    "/admin/connections/campus",
    "/admin/connections/packages",
    "/admin/connections/staff",
    "/admin/new-connection",
    "/admin/new-connection?adapter=canvas",
    "/admin/new-connection?adapter=rest-list",
    "/admin/new-connection?adapter=successfactors",
    "/admin/connections/kept",
    "/admin/connections/kept/secrets",
    "/admin/nothing-here",
)
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 320, "height": 640}},
}


def fill(site: AdminSite) -> None:
    """Something on every page, with names that want to do harm."""
    unmatched.note(site.services.engine, "campus", Student("s000101", HOSTILE, "O’Brien"), "no_match", now=1.0)
    unmatched.note(site.services.engine, "campus", Student(HOSTILE, "", ""), "no_match", now=2.0)
    now = site.services.now()
    lines = [Line(f"People!A{n}", "campus", HOSTILE, 2, HOSTILE, "" if n % 2 else HOSTILE, ("s",)) for n in range(9)]
    keep(site.admin, "kept-sheet", Sheet("the owner", HOSTILE, False, lines))
    successfactors = site.services.connections.adapter("successfactors")
    assert successfactors is not None
    hcm = {"url": "https://api4.successfactors.com", "company_id": HOSTILE, "user_id": HOSTILE, "sign_in": "basic"}
    settings = {"student_id": "empId", "hcm": hcm | {"password": "s3cret"}}
    assert site.services.connections.register("kept", successfactors, settings, now)
    for name in ("Entra ID", HOSTILE):
        tokens.make_another(site.services.engine, "staff", name, now - 9)
    for number, outcome in enumerate(("matched", "no_match", "ambiguous", "inactive", "rejected") * 14):
        named = ("Zoë", "O’Brien") if number % 3 else (HOSTILE, HOSTILE)
        line = LaunchLine(
            *(now - number * 7_000, ("campus", "packages", "moodle")[number % 3], ("lti13", "scorm2004")[number % 2]),
            *(f"{HOSTILE if number % 7 == 0 else 'S'}{number}", *named, outcome),
            *("" if outcome == "matched" else outcome.replace("rejected", "replayed"), f"7K3M-{number:04}"),
        )
        launches.append(site.services.engine, line)
    claims = {f"https://purl.imsglobal.org/spec/lti/claim/{HOSTILE}": {"a": [HOSTILE * 9, {HOSTILE: 1}]}}
    came = {"method": "POST", "path": "/lti/campus/launch", "form": {HOSTILE: HOSTILE}, "token_claims": claims}
    received.keep(site.services.engine, "7K3M-0014", came, now=now)
    fill_syncs(site.services.engine, now, HOSTILE)
    fill_plans(site.services.engine, now)
    for number in range(3):
        site.admin.trail.note(
            "ada", "owner", "link", connection="campus", student_id=f"{HOSTILE}{number}", user=7, name=HOSTILE
        )


def fill_plans(engine: Engine, now: float) -> None:
    """Run 39 holds something, run 40 was only planned; those of `fill_syncs` come before."""
    names = {"firstName": HOSTILE, "lastName": "O’Brien", "emailAddress": f"{HOSTILE * 4}@example.com"}
    changed = Content({"firstName": "Zoë"}, {"firstName": HOSTILE, "language": "de"}, note=HOSTILE)
    items = [item(n, Kind.DEACTIVATE, State.HELD, key=f"s00010{n}") for n in range(1, 5)]
    items += [item(n, Kind.UPDATE, State.HELD, key=f"s0001{n}", content=changed) for n in range(10, 80)]
    items += [item(n, Kind.CREATE, State.DONE, key=HOSTILE, content=Content({}, names)) for n in range(80, 90)]
    items += [item(90, Kind.UPDATE, State.QUARANTINED, reason="refused_400", content=changed)]
    items += [item(91, Kind.CONFLICT, reason="duplicate", content=Content(note=f"{HOSTILE} twice", where="row 17"))]
    run_with(engine, items, now=now, notices=["74 updates planned, 50 allowed: held.", HOSTILE])
    planned = [item(number, Kind.UPDATE, content=changed) for number in range(3)]
    run_with(engine, planned, status=Status.PLANNED, reason="", connection="moodle", now=now)


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_is_closed_to_anybody(browser: Browser, site: AdminSite, look: str) -> None:
    fill(site)
    with opened(browser, bypass_csp=True, **LOOKS[look]) as context:
        page = context.new_page()
        page.goto(f"{site.url}/admin/sign-in")
        assert violations(page) == [], "sign-in"
        for path in PAGES:
            site.open(page, path)
            assert violations(page) == [], path
            assert not is_too_wide(page), path
            if look != "narrow":
                page.evaluate("document.documentElement.style.fontSize = '200%'")
                assert not is_too_wide(page), f"{path} with large text"


def test_an_administrator_signs_in_and_out_by_keyboard(page: Page, site: AdminSite) -> None:
    site.admin.accounts.create("ada", Role.OPERATOR, "correct horse battery")
    page.goto(f"{site.url}/admin/audit?who=ada")
    page.get_by_label("Name").focus()
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type("correct horse battery")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/admin/audit?who=ada")
    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{site.url}/admin")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_pages_work_without_scripts(browser: Browser, site: AdminSite) -> None:
    site.admin.accounts.create("ada", Role.OPERATOR, "correct horse battery")
    with opened(browser, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site.url}/admin")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_hostile_name_is_shown_and_does_nothing(page: Page, site: AdminSite) -> None:
    fill(site)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for path in PAGES:
        site.open(page, path)
        if path == "/admin/audit":
            expect(page.locator("bdi", has_text="<script>alert(1)</script>").first).to_be_visible()
    assert dialogs == []
