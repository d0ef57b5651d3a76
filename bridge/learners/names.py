"""Whether two names can be one person's: a mark for administrators, never a reason to let somebody in or to refuse."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner, clean

_WORD: Final = re.compile(r"[^\W_]+")
_NOT_LETTERS: Final = {"Mn", "Mc", "Me", "Cf"}
"""Accents, vowel signs, and characters that only steer how others are drawn: one system writes them, another not."""
_UNSPACED: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]")
"""Han characters and Hangul syllables: names are written in them with or without a blank after the surname."""


def differ(one: str, other: str) -> bool:
    """Whether two names have no word in common, whatever their order, case and accents. An empty name never differs."""
    if one == other or not one or not other:
        return False
    mine, theirs = _words(one), _words(other)
    return bool(mine and theirs) and mine.isdisjoint(theirs)


def name_of(learner: Learner) -> str:
    """The name that OttoLearn has of a learner."""
    found = (clean(learner.attributes.get(name, "")) for name in (FIRST_NAME, LAST_NAME))
    return " ".join(filter(None, found))


def _words(name: str) -> set[str]:
    if name.isascii():  # nearly always
        return set(_WORD.findall(name.lower()))
    plain = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(letter for letter in plain if unicodedata.category(letter) not in _NOT_LETTERS)
    # Hangul falls apart into letters in NFKD; composed again it is compared by syllable.
    folded = unicodedata.normalize("NFC", kept.casefold())
    return {*_WORD.findall(_UNSPACED.sub(" ", folded)), *_UNSPACED.findall(folded)}
