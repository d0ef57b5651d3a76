"""The whole way, nothing played: a package made by the command, a real LMS runtime, the bridge, OttoLearn's page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import FrameLocator, Page, expect

from bridge.cli import cli
from bridge.store.engine import open_database
from bridge.store.launches import newest
from sandbox.demo import Demo, run_demo
from tests.browser.lms_pages import player, scorm_again
from tests.browser.sites import StaticSite

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with run_demo() as running:
        yield running


def command(demo: Demo, *words: str) -> None:
    done = CliRunner().invoke(cli, ["--config", str(demo.config_path), *words])
    assert done.exit_code == 0, done.output


def play(
    demo: Demo, lms: StaticSite, page: Page, folder: Path, edition: str, student_id: str, name: str
) -> FrameLocator:
    """Make a package, let the LMS's site launch, and open the course as the LMS shows it to this student."""
    zip_ = folder / "course.zip"
    command(demo, "package", "demo-packages", "--format", edition, "--title", "Safety at work", "-o", str(zip_))
    lms.add_package(zip_.read_bytes())
    version = "scorm12" if edition == "scorm12" else "scorm2004"
    lms.files["/play"] = player(scorm_again(version, student_id, name))
    page.goto(f"{lms.url}/play")
    page.frame_locator("#sco").get_by_text("Reference", exact=True).wait_for()  # the site is new: it waits for approval
    command(demo, "package", "origins", "approve", "demo-packages", lms.url)
    page.goto(f"{lms.url}/play")
    return page.frame_locator("#sco")


@pytest.mark.parametrize("edition", ["scorm12", "scorm2004-3", "scorm2004-4"])
def test_a_learner_lands_on_ottolearns_page_as_the_right_user(
    demo: Demo, runtime: StaticSite, page: Page, tmp_path: Path, edition: str
) -> None:
    course = play(demo, runtime, page, tmp_path, edition, "A12001", "García López, Ana")
    ottolearn = course.frame_locator("iframe[title=OttoLearn]")
    expect(ottolearn.get_by_role("heading", level=1)).to_have_text("Welcome, Ana García López")
    expect(ottolearn.locator("#user-id")).to_have_text("101")
    engine = open_database(demo.configuration.bridge.database_url.get_secret_value())
    line = newest(engine, 1)[0]
    engine.dispose()
    assert line[1:7] == ("demo-packages", edition.partition("-")[0], "A12001", "Ana", "García López", "matched")


def test_an_unknown_learner_reads_what_to_do(demo: Demo, runtime: StaticSite, page: Page, tmp_path: Path) -> None:
    course = play(demo, runtime, page, tmp_path, "scorm12", "nobody-has-this", "Newcomer, Nora")
    expect(course.get_by_text("OttoLearn does not know you yet")).to_be_visible()
    expect(course.get_by_text("nobody-has-this")).to_be_visible()
