"""The gettext catalogues: `locales/<language>/LC_MESSAGES/ottobridge.po`, and beside each what is compiled from it.

The texts in the source are the English ones. A text that a catalogue lacks is shown in English; a test sees to it that
there is none.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from bridge.presentation.languages import ENGLISH, LANGUAGES, Language

DOMAIN = "ottobridge"


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues where it is not shown yet."""
    return text


def folder_of(language: Language) -> str:
    """What gettext calls a language."""
    return language.tag.replace("-", "_")


@cache
def catalogue(language: Language) -> NullTranslations:
    """The texts of a language. Each catalogue is read once."""
    if language == ENGLISH:
        return NullTranslations()
    place = files("bridge.presentation").joinpath("locales", folder_of(language), "LC_MESSAGES", f"{DOMAIN}.mo")
    with place.open("rb") as compiled:
        return GNUTranslations(compiled)


def load_all() -> None:
    """Read all catalogues, so that no request has to."""
    for language in LANGUAGES.values():
        catalogue(language)
