"""How a school's pages look: `brand`, its name, its logo and the colour of links and buttons by day and by night."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from bridge.config.settings import Frozen

PAPER, DARK_PAPER = "#f4f6f9", "#11161d"
"""Behind the card of a page, light and dark, as style.css has them: what a link's colour must stand out from."""
CARD, DARK_CARD = "#ffffff", "#1b222c"
INK, WHITE = "#0d1b2a", "#ffffff"
ENOUGH = 4.5
"""Contrast of text: WCAG 2.2, success criterion 1.4.3."""
LARGEST_LOGO = 100_000
"""Bytes."""
_PROLOGUE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*", re.DOTALL)
"""What may stand before the first element of an SVG file."""
_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"<svg": "image/svg+xml"}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb`, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _stands_out(colour: str, *grounds: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError("allowed: # and six hexadecimal digits, such as #0b5cad")
    least = min(contrast(colour, ground) for ground in grounds)
    if least < ENOUGH:
        how = "darker" if grounds[0] == CARD else "lighter"
        raise ValueError(f"its contrast with the page is {least:.1f} to 1; allowed: at least {ENOUGH} to 1, so {how}")
    return colour


def _by_day(colour: str) -> str:
    return _stands_out(colour, CARD, PAPER)


def _by_night(colour: str) -> str:
    return _stands_out(colour, DARK_CARD, DARK_PAPER)


class Logo(NamedTuple):
    """A picture, as it is sent."""

    content: bytes
    type: str

    @property
    def file_name(self) -> str:
        """What it is called in a package."""
        return f"logo.{self.type.partition('/')[2].partition('+')[0]}"


def read_logo(path: Path) -> Logo:
    """The picture at `path`. Raises ValueError for one that is too large or of another kind."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    start = _PROLOGUE.sub(b"", content, count=1)
    for magic, type_ in _KINDS.items():
        if len(content) <= LARGEST_LOGO and (content.startswith(magic) or start.startswith(magic)):
            return Logo(content, type_)
    raise ValueError(f"allowed: an SVG, PNG or JPEG picture of at most {LARGEST_LOGO} bytes")


def _is_logo(path: Path) -> Path:
    read_logo(path)
    return path


class Brand(Frozen):
    """`bridge.brand`, or `brand` of a connection."""

    name: str = Field(default="", max_length=60)
    """Shown above every page."""
    logo: Annotated[Path, AfterValidator(_is_logo)] | None = None
    """A picture beside the name, 2.5 times as high as text."""
    color: Annotated[str, AfterValidator(_by_day)] | None = None
    """Of links and buttons."""
    color_dark: Annotated[str, AfterValidator(_by_night)] | None = None
    """The same where the device asks for dark pages; without it, `color` made lighter until it stands out."""


NO_BRAND = Brand()


def colour_rules(brand: Brand) -> str:
    """The style of a brand, to follow style.css; empty where it has no colours."""
    dark = brand.color_dark or (_lightened(brand.color) if brand.color else "")
    day = _rule(brand.color) if brand.color else ""
    night = f"@media (prefers-color-scheme: dark) {{ {_rule(dark)} }}\n" if dark else ""
    return f"{day}\n{night}" if day or night else ""


def _rule(colour: str) -> str:
    on = max((WHITE, INK), key=lambda ink: contrast(ink, colour))
    return f":root {{ --accent: {colour}; --on-accent: {on}; }}"


def _lightened(colour: str) -> str:
    """The first colour on the way to white that stands out from dark pages."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    for step in range(21):
        mixed = "#" + "".join(f"{round(part + (255 - part) * step / 20):02x}" for part in parts)
        if min(contrast(mixed, DARK_CARD), contrast(mixed, DARK_PAPER)) >= ENOUGH:
            return mixed
    return WHITE
