"""The pictures in docs/ can be taken again, so that they show the pages as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.admin_site import AdminSite, site
from tests.browser.pictures import FOLDER, PICTURES, fill, take
from tests.conftest import ROOT

__all__ = ["site"]
pytestmark = pytest.mark.browser


def test_every_picture_of_an_admin_page_can_be_taken_again(browser: Browser, site: AdminSite, tmp_path: Path) -> None:
    fill(site)
    taken = {path.name for path in take(browser, site, tmp_path)}
    assert taken == {path.name for path in tmp_path.glob("*.png")} == {path.name for path in FOLDER.glob("admin-*.png")}


def test_every_picture_is_shown_by_a_page() -> None:
    pages = "".join(path.read_text("utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    assert [path.name for path in FOLDER.iterdir() if path.name not in pages] == []
    assert {picture.file for picture in PICTURES} <= {path.name for path in FOLDER.iterdir()}
