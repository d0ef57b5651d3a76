"""In Chromium: a connection with a secret is added, the secret replaced, a token made, and a sheet brought back."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bridge.admin.roles import Role
from bridge.contracts import Learner, Student
from bridge.store import aliases, unmatched
from tests.browser import admin_site
from tests.browser.admin_site import AdminSite, site, violations
from tests.browser.conftest import opened

__all__ = ["site"]
pytestmark = pytest.mark.browser

SECRET = "hunter2-hunter2"
USERS = [
    Learner(n, True, {"username": f"u{n}", "emailAddress": f"u{n}@x.org", "firstName": "Ann", "lastName": "Lee"})
    for n in range(1, 4)
]


def test_a_connection_with_a_secret_is_added_without_scripts(browser: Browser, site: AdminSite) -> None:
    with opened(browser, java_script_enabled=False) as context:
        site.sign_in(context, Role.OWNER)
        page = context.new_page()
        page.goto(f"{site.url}/admin/connections")
        page.get_by_role("link", name="Add a connection").click()
        page.get_by_role("link", name="Moodle").click()
        form = page.get_by_role("region", name="By a form")
        form.get_by_label("Name", exact=True).fill("second")
        form.locator("summary", has_text="The API of the LMS").click()
        form.get_by_label("Address", exact=True).fill("https://moodle.example.edu")
        form.get_by_label("Token", exact=True).fill(SECRET)
        form.get_by_role("button", name="Add it").click()
        expect(page.get_by_role("heading", name="second", exact=True)).to_be_visible()
        page.get_by_role("link", name="Replace secrets").click()
        expect(page.get_by_text("There is one. Left empty, it stays.").first).to_be_visible()
        page.wait_for_load_state()
        assert SECRET not in page.content()
        page.get_by_label("Token", exact=True).fill(f"{SECRET}-anew")
        page.get_by_role("button", name="Keep them").click()
        expect(page.get_by_text("Kept, and used from now on")).to_be_visible()
    found = site.services.connections.find("second")
    assert found is not None
    assert found.settings.api.token.get_secret_value() == f"{SECRET}-anew"


def test_a_token_is_shown_once_and_can_be_reached_by_everybody(page: Page, site: AdminSite) -> None:
    site.open(page, "/admin/connections/staff")
    page.get_by_label("Who is given it").fill("Entra ID")
    page.get_by_label("Who is given it").press("Enter")
    token = page.get_by_label(re.compile("^Token"))
    assert token.input_value().startswith("scim-")
    shown = token.input_value()
    assert violations(page) == []
    page.get_by_role("link", name="To staff").click()
    expect(page.get_by_text("Entra ID").first).to_be_visible()
    page.wait_for_load_state()
    assert shown not in page.content()


def test_a_sheet_is_downloaded_completed_applied_and_undone(
    page: Page, tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_site, "LEARNERS", USERS)
    (tmp_path / "site").mkdir()
    with admin_site.admin_site(tmp_path / "site", migrated_sqlite) as site:
        for student_id in ("007", "42"):
            unmatched.note(site.services.engine, "campus", Student(student_id, "Ann", "Lee"), "no_match", now=1.0)
        site.open(page, "/admin/unmatched", Role.OPERATOR)
        page.get_by_role("link", name="By spreadsheet").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV", exact=True).click()
        head, *rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
        filled = io.StringIO()
        csv.writer(filled).writerows([head, *([row[0], f"u{n}@x.org", *row[2:]] for n, row in enumerate(rows, 1))])
        file = tmp_path / "people.csv"
        file.write_text(filled.getvalue(), "utf-8")
        page.get_by_label("File, .xlsx or .csv").set_input_files(file)
        page.get_by_role("button", name="Show who would be linked").click()
        expect(page.get_by_text("Would be linked: 2")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="Link 2 students").click()
        expect(page.get_by_text("2 students linked")).to_be_visible()
        assert sorted(row.student_id for row in aliases.every(site.services.engine)) == ["007", "42"]
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Undo all").click()
        expect(page.get_by_text("2 students wait again")).to_be_visible()
        assert aliases.every(site.services.engine) == []
