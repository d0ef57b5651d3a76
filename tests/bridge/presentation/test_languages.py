"""Which language somebody reads: their LMS's, their browser's, and English where we have neither."""

from __future__ import annotations

import pytest

from bridge.presentation.languages import accepted, choose, listed


@pytest.mark.parametrize(
    ("wish", "tag"),
    [
        ("de", "de"),
        ("de_AT", "de"),
        ("de_du", "de"),  # Moodle's informal German
        ("en_US.UTF-8", "en"),
        ("PT-br", "pt"),
        ("iw", "he"),
        ("zh-CN", "zh-Hans"),
        ("zh_cn", "zh-Hans"),
        ("zh-Hans-SG", "zh-Hans"),
        ("en-AU-x-unimelb", "en"),  # Canvas
        ("zh-TW", "en"),
        ("zh-Hant", "en"),
        ("qaa", "en"),  # nobody's: for private use (ISO 639-2)
        ("", "en"),
        ("-", "en"),
        ("$Launch.Presentation.locale", "en"),
        ("../../de", "en"),
    ],
)
def test_whatever_an_lms_calls_a_language_is_found(wish: str, tag: str) -> None:
    assert choose([wish]).tag == tag


def test_the_lms_comes_before_the_browser_and_unknown_languages_come_after_all() -> None:
    assert choose([*listed("qaa,pl-PL"), *accepted("fr")]).tag == "pl"
    assert choose([*listed(None), *accepted("qaa, fr;q=0.2")]).tag == "fr"
    assert choose([*listed(7), *accepted("")]).tag == "en"


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("fr;q=0.5, de", ["de", "fr"]),
        ("de;q=0, fr;q=0.1", ["fr"]),
        ("de;q=many, fr", ["fr"]),
        ("de;Q=0.7,fr;q=1.000", ["fr", "de"]),
        ("*", ["*"]),
    ],
)
def test_a_browser_s_order_is_kept(header: str, tags: list[str]) -> None:
    assert [tag.strip() for tag in accepted(header)] == tags


def test_a_header_without_end_costs_nothing() -> None:
    assert len(accepted("de," * 100_000)) < 100
