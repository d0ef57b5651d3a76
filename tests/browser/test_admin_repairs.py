"""Repairs in Chromium: ten learners within a minute, by mouse, by keyboard, without scripts, and two people at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bridge.admin.roles import Role
from bridge.contracts import Learner, Student
from bridge.store import aliases, unmatched
from tests.browser import admin_site
from tests.browser.admin_site import HOSTILE, AdminSite, violations
from tests.browser.conftest import opened

pytestmark = pytest.mark.browser

NAMES = (
    "Zoë O’Brien",
    "Anna Müller",
    "Paul Smith",
    "Mia García",
    "Omar Haddad",
    "Yuki Tanaka",
    "Ines Costa",
    "Jan Nowak",
)
PEOPLE = [name.split() for name in (*NAMES, "Eva Li")] + [["Lê", HOSTILE]]
USERS = [
    Learner(n + 1, True, {"username": f"S{n:06d}", "firstName": first, "lastName": last, "department": "Sales"})
    for n, (first, last) in enumerate(PEOPLE)
]


@pytest.fixture
def site(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AdminSite]:
    """Ten students whose IDs are nearly those of OttoLearn, and one whom nobody is like."""
    monkeypatch.setattr(admin_site, "LEARNERS", USERS)
    with admin_site.admin_site(tmp_path, migrated_sqlite) as found:
        for number, (first, last) in enumerate(PEOPLE):
            student_id = f"s{number:06d}" if number % 2 else str(number)
            unmatched.note(found.services.engine, "campus", Student(student_id, first, last), "no_match", now=number)
        unmatched.note(found.services.engine, "moodle", Student("x-77", "Nobody", "Likethem"), "no_match", now=99.0)
        yield found


def links(site: AdminSite) -> dict[str, int]:
    return {row.student_id: row.user_id for row in aliases.every(site.services.engine)}


def test_ten_learners_are_repaired_within_three_pages(page: Page, site: AdminSite) -> None:
    site.sign_in(page.context, Role.OPERATOR)
    seen: list[str] = []
    page.on("framenavigated", lambda frame: seen.append(frame.url))
    page.goto(f"{site.url}/admin")
    page.get_by_role("link", name="Unmatched").click()
    page.get_by_label("Tick all").check()
    page.get_by_label("Nobody Likethem", exact=True).first.uncheck()
    page.get_by_role("button", name="Link 10 ticked").click()
    expect(page.get_by_text("10 students linked")).to_be_visible()
    assert len(seen) <= 3, seen
    assert sorted(links(site).values()) == list(range(1, 11))
    expect(page.get_by_text("Nobody Likethem").first).to_be_visible()
    assert page.locator("table tbody tr").count() == 1


def test_ten_learners_are_repaired_without_scripts(browser: Browser, site: AdminSite) -> None:
    with opened(browser, java_script_enabled=False) as context:
        page = site.open(context.new_page(), "/admin/unmatched", Role.OPERATOR)
        for box in page.locator("td.tick input").all()[1:]:
            box.check()
        page.get_by_role("button", name="Link").click()
        expect(page.get_by_text("10 students linked")).to_be_visible()
        assert len(links(site)) == 10


def test_a_student_is_linked_and_unlinked_by_keyboard_alone(page: Page, site: AdminSite) -> None:
    site.open(page, "/admin/unmatched?text=zoë", Role.OPERATOR)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "student":
            break
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 student linked")).to_be_visible()
    assert links(site) == {"0": 1}
    page.goto(f"{site.url}/admin/unmatched?state=resolved")
    page.get_by_label("Zoë O’Brien").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 student wait again")).to_be_visible()
    assert links(site) == {}


def test_of_two_administrators_at_once_the_second_is_told(browser: Browser, site: AdminSite) -> None:
    with opened(browser) as one, opened(browser) as other:
        first = site.open(one.new_page(), "/admin/unmatched?text=zoë", Role.OPERATOR)
        second = site.open(other.new_page(), "/admin/unmatched?text=zoë", Role.OPERATOR)
        for page in (first, second):
            page.locator("td.tick input").check()
        first.get_by_role("button", name="Link 1 ticked").click()
        expect(first.get_by_text("1 student linked")).to_be_visible()
        second.get_by_role("button", name="Link 1 ticked").click()
        expect(second.get_by_text("somebody has linked them with a user meanwhile")).to_be_visible()
        assert links(site) == {"0": 1}


def test_whom_nobody_is_like_is_found_by_a_search_and_linked(page: Page, site: AdminSite) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    site.open(page, "/admin/unmatched", Role.OPERATOR)
    page.get_by_role("link", name="Search, create for Nobody Likethem").click()
    page.get_by_label("Name, e-mail, ID, or any attribute").fill("<script>")
    page.keyboard.press("Enter")
    row = page.locator("#found tbody tr")
    expect(row).to_have_count(1)
    row.get_by_label("They are one person").check()
    row.get_by_role("button", name="Link").click()
    expect(page.get_by_text("1 student linked")).to_be_visible()
    assert links(site) == {"x-77": 10}
    assert dialogs == []


def test_choosing_another_user_ticks_the_student(page: Page, site: AdminSite) -> None:
    site.open(page, "/admin/unmatched?text=zoë", Role.OPERATOR)
    page.locator("input[type=radio]").first.evaluate("radio => radio.dispatchEvent(new Event('change'))")
    expect(page.locator("td.tick input")).to_be_checked()


@pytest.mark.parametrize("path", ["/admin/unmatched", "/admin/unmatched?state=resolved", "STUDENT"])
def test_no_page_of_repairs_is_closed_to_anybody(browser: Browser, site: AdminSite, path: str) -> None:
    with opened(browser, bypass_csp=True) as context:
        page = site.open(context.new_page(), "/admin/unmatched" if path == "STUDENT" else path, Role.OPERATOR)
        if path == "STUDENT":
            page.get_by_role("link", name="Search, create").nth(3).click()
            page.get_by_label("Name, e-mail, ID, or any attribute").fill("sales")
            page.keyboard.press("Enter")
            expect(page.locator("#found tbody tr").first).to_be_visible()
        assert violations(page) == []
