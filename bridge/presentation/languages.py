"""The languages that pages are written in, and which of them somebody who asks for a language gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple


class Language(NamedTuple):
    """A language of pages."""

    tag: str
    """BCP 47, as the attribute `lang` and the folder of the catalogue have it."""
    own_name: str
    direction: Literal["ltr", "rtl"] = "ltr"


ENGLISH = Language("en", "English")
LANGUAGES = {
    language.tag: language
    for language in (
        ENGLISH,
        Language("ar", "العربية", "rtl"),
        Language("de", "Deutsch"),
        Language("es", "Español"),
        Language("fr", "Français"),
        Language("he", "עברית", "rtl"),
        Language("it", "Italiano"),
        Language("ja", "日本語"),
        Language("nl", "Nederlands"),
        Language("pl", "Polski"),
        Language("pt", "Português"),
        Language("zh-Hans", "简体中文"),
    )
}
"""By their tags."""

_FORMER = {"iw": "he", "zh": "zh-Hans", "zh-cn": "zh-Hans", "zh-sg": "zh-Hans", "zh-my": "zh-Hans", "cmn": "zh-Hans"}
_OTHER_SCRIPT = re.compile(r"zh-(?:hant|tw|hk|mo)\b")
_BY_LOWER_CASE = {tag.lower(): language for tag, language in LANGUAGES.items()} | {
    other: LANGUAGES[tag] for other, tag in _FORMER.items()
}
LONGEST = 200
"""Characters of a wish that are looked at."""


def choose(wishes: Iterable[str]) -> Language:
    """The first wish that pages are written in; English where there is none.

    A wish is a language tag (BCP 47, or with `_` as Moodle and operating systems write it).
    """
    return next((found for wish in wishes if (found := _find(wish))), ENGLISH)


def _find(wish: str) -> Language | None:
    """The language of a tag, as RFC 4647 section 3.4 looks it up: the tag itself, then without its last subtags."""
    tag = wish.strip().lower().replace("_", "-").partition(".")[0]
    if _OTHER_SCRIPT.match(tag):
        return None
    while tag:
        if found := _BY_LOWER_CASE.get(tag):
            return found
        tag = tag.rpartition("-")[0]
    return None


def listed(locale: object) -> Sequence[str]:
    """The wishes in what an LMS says: one tag, or several with commas between them (cmi5's `languagePreference`)."""
    return locale[:LONGEST].split(",") if isinstance(locale, str) else ()


def accepted(header: str) -> Sequence[str]:
    """The wishes in an Accept-Language header (RFC 9110, section 12.5.4), the most wanted first."""
    weighed = [_weighed(part) for part in header[:LONGEST].split(",")]
    return [tag for weight, tag in sorted(weighed, key=lambda one: -one[0]) if weight > 0]


def _weighed(part: str) -> tuple[float, str]:
    tag, _, parameter = part.partition(";")
    found = re.fullmatch(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", parameter.strip().lower())
    return (float(found[1]) if found else 0.0 if parameter.strip() else 1.0), tag
