"""The catalogues: complete, compiled, and honest about who has read them."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bridge.presentation.catalogue import DOMAIN, catalogue, folder_of
from bridge.presentation.languages import ENGLISH, LANGUAGES, Language
from tests.conftest import ROOT

LOCALES = ROOT / "bridge" / "presentation" / "locales"
TRANSLATED = [language for language in LANGUAGES.values() if language != ENGLISH]
ISSUES_LANGUAGES = {"en", "fr", "de", "es", "pt", "it", "nl", "ar", "he", "zh-Hans", "ja", "pl"}
REVIEW = re.compile(r"^# Review: (unreviewed by a native speaker|reviewed by .+, \d{4}-\d\d-\d\d)$", re.MULTILINE)
HINT = "run: scripts/catalogues, and translate what is empty"
SENTENCE = re.compile(r">\s*([A-Z][^<>{}]*[a-z][^<>{}]*)\s*<")
ENGLISH_PAGES = {"setup.html", "consent.html", "home.html"}
"""Of administrators, in English alone and marked as English."""


def source(language: Language) -> Catalog:
    with (LOCALES / folder_of(language) / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        return read_po(file, locale=folder_of(language))


@pytest.fixture(scope="module")
def texts() -> set[str]:
    """Every text that the source marks."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords: dict[str, Any] = {**DEFAULT_KEYWORDS, "gettext_noop": None}
    found = extract_from_dir(ROOT, methods, options, keywords, directory_filter=_ours)
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def _ours(folder: str) -> bool:
    return Path(folder).name not in {".venv", "node_modules", ".git", "tests", "dist", "build"}


def test_pages_speak_the_languages_that_were_promised() -> None:
    assert set(LANGUAGES) == ISSUES_LANGUAGES
    assert {tag for tag, language in LANGUAGES.items() if language.direction == "rtl"} == {"ar", "he"}


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_no_text_is_without_a_translation(language: Language, texts: set[str]) -> None:
    found = {message.id: message for message in source(language) if message.id}
    assert set(found) == texts, HINT
    assert [text for text, message in found.items() if not message.string or message.fuzzy] == [], HINT


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_a_translation_keeps_what_is_filled_in_and_the_names(language: Language) -> None:
    for message in filter(lambda message: message.id, source(language)):
        for part in (r"%\(\w+\)s", r"Otto(?:Learn|Bridge)", r"SCORM", r"JavaScript"):
            assert set(re.findall(part, message.id)) == set(re.findall(part, message.string)), message.id
        assert not re.search(r"[<>]", message.string), message.id
        assert message.string == message.string.strip()


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_what_is_shown_is_what_the_translators_wrote(language: Language) -> None:
    compiled = (LOCALES / folder_of(language) / "LC_MESSAGES" / f"{DOMAIN}.mo").read_bytes()
    shown = {message.id: message.string for message in read_mo(BytesIO(compiled)) if message.id}
    assert shown == {message.id: message.string for message in source(language) if message.id}, HINT
    assert catalogue(language).gettext("Reference") == shown["Reference"]


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_a_translation_says_whether_a_native_speaker_has_read_it(language: Language) -> None:
    assert REVIEW.search(source(language).header_comment)


def test_the_docs_say_which_translations_nobody_has_read() -> None:
    page = (ROOT / "docs" / "languages.md").read_text("utf-8")
    for language in TRANSLATED:
        found = REVIEW.search(source(language).header_comment)
        assert found is not None
        assert f"| {language.own_name} | `{language.tag}` | {found[1]} |" in page


@pytest.mark.parametrize("path", sorted((ROOT / "bridge/web/templates").glob("*.html")), ids=lambda path: path.name)
def test_no_page_holds_a_sentence_that_is_not_a_text_of_the_catalogues(path: Path) -> None:
    page = re.sub(r"\{[{%#].*?[}%#]\}", "{}", path.read_text("utf-8"))
    page = re.sub(r'<(\w+)[^>]*\blang="en"[^>]*>.*?</\1>', "", page, flags=re.DOTALL)
    if path.name not in ENGLISH_PAGES:
        assert SENTENCE.findall(page) == []
