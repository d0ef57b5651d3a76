"""Every page that learners and teachers meet: read in every language, by every means, at every size."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from adapters.scorm.package import build_package
from bridge.presentation.languages import LANGUAGES, Language
from tests.browser.admin_site import is_too_wide, violations
from tests.browser.conftest import opened
from tests.browser.learner_site import COURSES, HOSTILE, SHOWN, LearnerSite, learner_site
from tests.browser.lms_pages import made_api, player
from tests.browser.sites import TOKEN, PlayedBridge, StaticSite

pytestmark = pytest.mark.browser

RIGHT_TO_LEFT = [language for language in LANGUAGES.values() if language.direction == "rtl"]
WITHOUT_A_LAUNCH = {"login", "proof", "return"}
"""Whose scripts are kept from leading away."""
DOUBLE = "document.documentElement.style.fontSize = '200%'"
REJECTS = '"false"'
NOBODY = '"nobody"'


@pytest.fixture(scope="module")
def learners(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[LearnerSite]:
    with learner_site(tmp_path_factory.mktemp("learners"), migrated_sqlite) as site:
        yield site


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """One page for everything that needs no page of its own."""
    with opened(browser, viewport={"width": 900, "height": 700}, locale="en-US") as context:
        yield context.new_page()


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_no_page_in_any_language_has_what_axe_finds(language: Language, learners: LearnerSite, window: Page) -> None:
    window.emulate_media(color_scheme="dark" if language.direction == "rtl" else "light")
    for name in SHOWN:
        learners.show(window, name, language.tag)
        assert window.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [*language[::2]]
        assert violations(window) == [], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_unreadable_by_day_or_by_night(scheme: str, learners: LearnerSite, window: Page) -> None:
    window.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for name in SHOWN:
        learners.show(window, name, "de")
        assert violations(window) == [], name


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_no_page_must_be_moved_to_and_fro(language: Language, learners: LearnerSite, window: Page) -> None:
    for name in SHOWN:
        learners.show(window, name, language.tag)
        for width in (320, 900):
            window.set_viewport_size({"width": width, "height": 700})
            assert not is_too_wide(window), (name, width)
        window.evaluate(DOUBLE)
        window.set_viewport_size({"width": 640, "height": 700})  # as 1280 at 200 % zoom, with text twice as large
        assert not is_too_wide(window), name


@pytest.mark.parametrize("language", RIGHT_TO_LEFT, ids=lambda language: language.tag)
def test_a_page_from_the_right_is_laid_out_from_the_right(
    language: Language, learners: LearnerSite, window: Page
) -> None:
    window.set_viewport_size({"width": 900, "height": 700})
    learners.show(window, "outcome-no_match", language.tag)
    names = ("main", ".actions .button", "#reference", "[data-copy]")
    boxes = {name: window.locator(name).first.bounding_box() for name in names}
    edges = {name: (box["x"], box["x"] + box["width"]) for name, box in boxes.items() if box}
    middle = sum(edges["main"]) / 2
    assert edges[".actions .button"][0] > middle - 100
    assert edges["#reference"][0] > middle > edges["[data-copy]"][1]
    assert window.locator("#reference").evaluate("(e) => getComputedStyle(e).direction") == "ltr"  # 7K3M-9QXT stays so


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_hostile_name_turns_nothing_round_and_runs_nothing(
    language: str, learners: LearnerSite, window: Page
) -> None:
    said: list[str] = []
    window.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    for name in ("outcome-hostile", "courses", "registered"):
        learners.show(window, name, language)
        expect(window.locator("bdi", has_text="script").first).to_have_text(HOSTILE)
    assert said == []


def test_words_break_only_where_they_must(learners: LearnerSite, window: Page) -> None:
    window.set_viewport_size({"width": 320, "height": 700})
    for tag in LANGUAGES:
        learners.show(window, "outcome-no_match", tag)
        heading = window.locator("h1")
        wider = heading.evaluate("(e) => { e.style.overflowWrap = 'normal'; return e.scrollWidth > e.clientWidth; }")
        assert not wider, tag
        height, line = window.locator("#reference").evaluate(
            "(e) => [e.getBoundingClientRect().height, parseFloat(getComputedStyle(e).lineHeight)]"
        )
        assert height < 1.5 * line, tag


def test_a_reference_is_copied_by_the_keyboard_alone(learners: LearnerSite, browser: Browser) -> None:
    with opened(browser, locale="de-DE", permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        learners.launch(page, launch_presentation_return_url="", roles="urn:lti:sysrole:ims/lis/SysAdmin")
        expect(page.get_by_role("heading", level=1)).to_have_text("OttoLearn kennt Sie noch nicht")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Kopieren Referenz")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Kopiert")
        assert page.evaluate("navigator.clipboard.readText()") == page.locator("#reference").inner_text()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Für Administratoren (öffnet ein neues Fenster)")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("sync the roster, or enter it")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Hilfe anfordern")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="E-Mail schreiben")).to_be_focused()


def test_a_teacher_finds_one_of_many_courses_by_the_keyboard_alone(
    learners: LearnerSite, lms: StaticSite, page: Page
) -> None:
    lms.files["/taken"] = b"<!doctype html><title>LMS</title>taken"
    learners.ask_for_course(page, f"{lms.url}/taken")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search the courses")).to_be_focused()
    expect(page.get_by_text(f"Courses shown: {len(COURSES)} of {len(COURSES)}")).to_be_visible()
    page.keyboard.type("securite travail")
    page.keyboard.press("Enter")  # sends nothing
    expect(page.get_by_role("status")).to_have_text(f"Courses shown: 1 of {len(COURSES)}")
    assert page.locator(".choice:visible").all_inner_texts() == ["Sécurité au travail safety"]
    page.get_by_label("Sécurité au travail").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    with page.expect_request(lambda asked: asked.url.endswith("/taken")) as asked:
        page.keyboard.press("Enter")
    assert "safety" in (asked.value.post_data or "")


def test_without_javascript_everything_works(learners: LearnerSite, lms: StaticSite, browser: Browser) -> None:
    with opened(browser, java_script_enabled=False, locale="fr-FR") as context:
        page = context.new_page()
        learners.launch(page, launch_presentation_return_url="")
        expect(page.get_by_role("heading", level=1)).to_have_text("OttoLearn ne vous connaît pas encore")
        expect(page.get_by_role("button")).to_have_count(0)
        expect(page.get_by_role("link", name="Écrire un e-mail")).to_have_attribute("href", letter_to_support())
        learners.ask_for_course(page, f"{lms.url}/taken")
        expect(page.get_by_label("Rechercher dans les cours")).not_to_be_visible()
        page.get_by_label("Sécurité au travail").check()
        page.get_by_role("button", name="Ajouter ce cours").click()
        with page.expect_request(lambda asked: asked.url.endswith("/taken")) as asked:
            page.get_by_role("button", name="Retour à votre cours").click()
        assert "safety" in (asked.value.post_data or "")
        expect(page).to_have_url(f"{lms.url}/taken")
        for name in WITHOUT_A_LAUNCH:
            learners.show(page, name, "fr")
            expect(page.locator("main")).to_contain_text("OttoLearn" if name != "return" else "Retour")


def letter_to_support() -> re.Pattern[str]:
    return re.compile(r"^mailto:help@example\.edu\?subject=OttoLearn.*&body=R%C3%A9f%C3%A9rence%3A%20")


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_the_page_of_a_package_speaks_the_lms_s_language(
    language: Language, lms: StaticSite, bridge: PlayedBridge, page: Page
) -> None:
    packed = build_package(
        format="scorm12", connection="any-lms", public_url=bridge.url, title=HOSTILE[:80], token=TOKEN, language="fr"
    )
    lms.add_package(packed)
    values = {"cmi.core.student_id": NOBODY, "cmi.student_preference.language": json.dumps(language.tag)}
    lms.files["/play"] = player(made_api("scorm12", values))
    page.goto(f"{lms.url}/play")
    sco = page.frame_locator("#sco")
    expect(sco.locator("#reference")).to_have_text("REF-NO-MATCH")
    expect(sco.locator("html")).to_have_attribute("lang", language.tag)
    expect(sco.locator("html")).to_have_attribute("dir", language.direction)
    expect(sco.locator("#reason")).to_have_text("no_match")
    expect(sco.locator("#letter")).to_have_attribute("href", "mailto:help@example.edu?subject=x")
    (frame,) = page.frames[1:]
    page.set_viewport_size({"width": 320, "height": 700})
    assert not is_too_wide(frame)
    assert violations(frame) == []
    said = sco.locator("main").inner_text()
    assert language.tag == "en" or "Give this reference" not in said
    assert language.tag in {"en", "fr"} or "Votre" not in said


def test_a_package_s_page_begins_in_the_browser_s_language(
    lms: StaticSite, bridge: PlayedBridge, browser: Browser
) -> None:
    order = {"connection": "any-lms", "public_url": bridge.url, "title": "Safety", "token": TOKEN}
    lms.add_package(build_package(format="scorm12", **order))
    lms.files["/play"] = player(made_api("scorm12", {}, initialize=REJECTS))
    with opened(browser, locale="he-IL") as context:
        page = context.new_page()
        page.goto(f"{lms.url}/play")
        sco = page.frame_locator("#sco")
        expect(sco.get_by_role("status").first).to_contain_text("לא הפעילה את הקורס")
        expect(sco.locator("html")).to_have_attribute("dir", "rtl")


def test_a_package_that_lost_a_file_speaks_english(lms: StaticSite, bridge: PlayedBridge, page: Page) -> None:
    order = {"connection": "any-lms", "public_url": bridge.url, "title": "Safety", "token": TOKEN}
    lms.add_package(build_package(format="scorm12", **order))
    del lms.files["/package/texts-de.js"]
    values = {"cmi.core.student_id": NOBODY, "cmi.student_preference.language": '"de"'}
    lms.files["/play"] = player(made_api("scorm12", values))
    page.goto(f"{lms.url}/play")
    sco = page.frame_locator("#sco")
    expect(sco.locator("#reference-label")).to_have_text("Reference")
    expect(sco.get_by_role("status").first).to_contain_text("OttoLearn does not know you yet")
