"""Debian's Chromium, driven by Playwright, and the sites it visits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.sites import PlayedBridge, StaticSite, running

CHROMIUM = Path("/usr/bin/chromium")
SCORM_AGAIN = Path(__file__).parents[2] / "node_modules" / "scorm-again" / "dist"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
PATIENCE = 90_000
"""Milliseconds to wait for what a page should show: a busy machine may need many, a quiet one never does."""

ENDLESS = "AbortSignal.timeout = () => new AbortController().signal"
"""Questions of packages to the bridge, which the pages' clock does not move, take as long as they must."""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one Playwright of this process: its synchronous API does not run twice."""
    if not CHROMIUM.exists():
        pytest.skip("to enable: install Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=list(ARGUMENTS))
    yield browser
    browser.close()


@contextmanager
def visiting(playwright: Playwright, profile: Path, *, block_third_party_cookies: bool) -> Iterator[BrowserContext]:
    """A browser with a profile of its own in `profile`, which finds every host under `.test` on this machine."""
    (profile / "Default").mkdir(parents=True)
    cookies = {
        "cookie_controls_mode": int(block_third_party_cookies),
        "block_third_party_cookies": block_third_party_cookies,
    }
    (profile / "Default" / "Preferences").write_text(json.dumps({"profile": cookies}))
    arguments = [*ARGUMENTS, "--host-resolver-rules=MAP *.test 127.0.0.1", "--ignore-certificate-errors"]
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=str(CHROMIUM), headless=True, args=arguments, ignore_https_errors=True
    )
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@contextmanager
def opened(browser: Browser, **how: Any) -> Iterator[BrowserContext]:
    """A visitor of their own, as patient as `PATIENCE`."""
    with browser.new_context(**how) as context:
        context.set_default_timeout(PATIENCE)
        context.add_init_script(ENDLESS)
        yield context


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with opened(browser, viewport={"width": 1000, "height": 700}, locale="en-US") as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def hold_time(place: Page | BrowserContext) -> None:
    """Stop the clock of the pages that come: only `run_for` and `fast_forward` of `place.clock` move it."""
    place.clock.install(time=0)
    place.clock.pause_at(1000)


@pytest.fixture
def lms() -> Iterator[StaticSite]:
    """A site that plays packages."""
    with running(StaticSite()) as site:
        yield site


@pytest.fixture
def portal() -> Iterator[StaticSite]:
    """Another site, on another origin."""
    with running(StaticSite()) as site:
        yield site


@pytest.fixture
def runtime(lms: StaticSite) -> StaticSite:
    """The LMS, with scorm-again's runtime."""
    if not SCORM_AGAIN.is_dir():
        pytest.skip("to enable: npm install --no-package-lock --ignore-scripts")
    for name in ("scorm12.min.js", "scorm2004.min.js"):
        lms.files[f"/{name}"] = (SCORM_AGAIN / name).read_bytes()
    return lms


@pytest.fixture
def bridge(lms: StaticSite) -> Iterator[PlayedBridge]:
    """A bridge that takes launches from the LMS and knows one learner."""
    with running(PlayedBridge({"25499339"})) as site:
        site.allow(lms.url)
        yield site
