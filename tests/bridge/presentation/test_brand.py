"""A school's colours can be read, and what it shows and links to is what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.presentation import brand as module
from bridge.presentation.brand import Brand, colour_rules, contrast, read_logo
from bridge.presentation.support import Support, help_page, letter
from tests.conftest import ROOT

STYLE = (ROOT / "bridge/presentation/static/style.css").read_text("utf-8")
SVG = b'<?xml version="1.0"?>\n<!-- a logo -->\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'


def colours(block: int) -> dict[str, str]:
    """The colours of style.css by day (0) and by night (1)."""
    found = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[block]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", found))


def test_black_on_white_has_the_contrast_that_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@pytest.mark.parametrize("night", [0, 1])
def test_every_text_of_our_own_design_can_be_read(night: int) -> None:
    found = colours(night)
    for ink in ("ink", "soft", "accent", "problem"):
        for paper in ("card", "inset", "paper"):
            assert contrast(found[ink], found[paper]) >= 4.5, (ink, paper)
    assert contrast(found["on-accent"], found["accent"]) >= 4.5


def test_brands_are_measured_against_the_papers_that_pages_have() -> None:
    assert (colours(0)["card"], colours(0)["paper"]) == (module.CARD, module.PAPER)
    assert (colours(1)["card"], colours(1)["paper"]) == (module.DARK_CARD, module.DARK_PAPER)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"color": "#ffcc00"}, "1.4 to 1; allowed: at least 4.5 to 1, so darker"),
        ({"color_dark": "#0b5cad"}, "so lighter"),
        ({"color": "blue"}, "six hexadecimal digits"),
        ({"color": "#0b5cad;}"}, "six hexadecimal digits"),
    ],
)
def test_a_colour_that_cannot_be_read_is_a_mistake_of_the_configuration(keys: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        Brand.model_validate(keys)


@pytest.mark.parametrize("colour", ["#0b5cad", "#000000", "#7a0019", "#004225", "#5b2c83"])
def test_one_colour_is_enough_for_dark_pages_too(colour: str) -> None:
    rules = re.findall(r"--accent: (\S+); --on-accent: (\S+);", colour_rules(Brand(color=colour)))
    assert len(rules) == 2
    assert min(contrast(rules[1][0], module.DARK_CARD), contrast(rules[1][0], module.DARK_PAPER)) >= 4.5
    for accent, on_accent in rules:
        assert contrast(accent, on_accent) >= 4.5


@pytest.mark.parametrize(
    ("content", "type_", "name"),
    [
        (SVG, "image/svg+xml", "logo.svg"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png", "logo.png"),
        (b"\xff\xd8\xffrest", "image/jpeg", "logo.jpeg"),
    ],
)
def test_a_logo_is_sent_as_the_picture_it_is(content: bytes, type_: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "logo").write_bytes(content)
    found = read_logo(tmp_path / "logo")
    assert (found.content, found.type, found.file_name) == (content, type_, name)


@pytest.mark.parametrize("content", [b"<html><svg></svg></html>", b"GIF89a", SVG + b" " * 100_000, None])
def test_a_logo_that_is_no_small_picture_is_a_mistake(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "logo").write_bytes(content)
    with pytest.raises(ValidationError):
        Brand(logo=tmp_path / "logo")


FACTS = {"reference": "7K3M-9QXT", "student_id": "a&b=c d", "reason": "no_match"}


def test_the_help_page_gets_the_reference_and_nothing_of_an_id_becomes_address() -> None:
    support = Support(url="https://help.example.edu/new?ref={reference}&id={student_id}")
    assert help_page(support, FACTS) == "https://help.example.edu/new?ref=7K3M-9QXT&id=a%26b%3Dc%20d"
    assert help_page(Support(), FACTS) == ""


@pytest.mark.parametrize(
    "url", ["https://help.example.edu/{name}", "https://help.example.edu/{reference", "mailto:a@b.c"]
)
def test_a_help_page_with_unknown_places_is_a_mistake(url: str) -> None:
    with pytest.raises(ValidationError):
        Support(url=url)


def test_a_letter_says_all_that_support_needs_and_an_id_adds_no_field() -> None:
    address = letter(
        Support(email="help@example.edu"), "Help & more", {"Reference": "7K3M", "ID": "x&cc=evil@a.test\r\n", "No": ""}
    )
    assert address == (
        "mailto:help@example.edu?subject=Help%20%26%20more&body=Reference%3A%207K3M%0D%0AID%3A%20x%26cc%3Devil%40a.test%0D%0A"
    )
    assert letter(Support(), "s", {}) == ""


@pytest.mark.parametrize("email", ["help@example.edu?cc=a@b.test", "two@a.test,b@b.test/", "help"])
def test_a_mail_box_is_one_mail_box(email: str) -> None:
    with pytest.raises(ValidationError):
        Support(email=email)
