"""A student as an LMS names them, beside what OttoLearn holds: the ID to look up, and whether two names can be one
person's.

One ID has many shapes: rules of a connection turn the one that an LMS sends into the one that OttoLearn holds. They are
applied in their order, to launches alone, before anybody is looked up; the record keeps what the LMS sent. Names that
differ are a mark for administrators, never a reason to let somebody in or to refuse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bridge.config.settings import Frozen
from bridge.identifiers import lower_ascii

_WHOLE_NUMBER = re.compile(r"([0-9]+)(?:\.0+)?")
_WORD: Final = re.compile(r"[^\W_]+")
_NOT_LETTERS: Final = {"Mn", "Mc", "Me", "Cf"}
"""Accents, vowel signs, and characters that only steer how others are drawn: one system writes them, another not."""
_UNSPACED: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]")
"""Han characters and Hangul syllables: names are written in them with or without a blank after the surname."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"allowed: a regular expression ({error})") from error
    return text


class Rule(Frozen):
    """One step; exactly one of its keys is given."""

    strip: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_pattern)] | None = None
    """A regular expression; what it matches at the end goes away (ILIAS: `_r_[0-9]+`)."""
    strip_domain: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A domain; it and the @ before it go away at the end, in any letter case of A to Z (ILIAS: `12345@8b1d….ilias`).
    An ID of another domain stays as it is: whoever has it may be somebody else."""
    strip_prefix: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """What goes away at the beginning, in any letter case of A to Z: `SCHOOL\\`, `school.edu:`."""
    case: Literal["lower", "upper"] | None = None
    leading_zeros: Literal["remove"] | None = None
    digits: Annotated[int, Field(ge=1, le=50)] | None = None
    """A number is filled up with zeros to this length: 7 -> 0007."""
    number: Literal["integer"] | None = None
    """A number written as one with decimals is made whole: 7.0 -> 7."""
    map: Mapping[str, str] | None = None
    """Single IDs, by hand."""

    @model_validator(mode="after")
    def _one_step(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError(f"allowed: exactly one of {', '.join(type(self).model_fields)}")
        return self

    def apply(self, student_id: str) -> str:
        """The ID after this step; one that a step would leave empty stays as it is."""
        return self._changed(student_id) or student_id

    def __str__(self) -> str:
        ((key, value),) = self.model_dump(exclude_none=True).items()
        return key if key == "map" else f"{key} {value}"

    def _changed(self, text: str) -> str:
        if self.strip is not None:
            return re.sub(f"(?:{self.strip})\\Z", "", text, count=1)
        if self.strip_domain is not None:
            return _without_end(text, f"@{self.strip_domain.removeprefix('@')}")
        if self.strip_prefix is not None:
            begins = lower_ascii(text).startswith(lower_ascii(self.strip_prefix))
            return text[len(self.strip_prefix) :] if begins else text
        if self.case is not None:
            return text.lower() if self.case == "lower" else text.upper()
        if self.leading_zeros is not None:
            return text.lstrip("0")
        if self.digits is not None:
            return text.zfill(self.digits) if _is_number(text) else text
        if self.number is not None:
            whole = _WHOLE_NUMBER.fullmatch(text)
            return whole[1] if whole else text
        return (self.map or {}).get(text, text)


def explain(student_id: str, rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """Each step of `Connection.shape` in words, with the ID after it."""
    steps = []
    for rule in rules:
        student_id = rule.apply(student_id)
        steps.append((str(rule), student_id))
    return steps


def _without_end(text: str, end: str) -> str:
    return text[: -len(end)] if lower_ascii(text).endswith(lower_ascii(end)) else text


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def differ(one: str, other: str) -> bool:
    """Whether two names have no word in common, whatever their order, case and accents. An empty name never differs."""
    if one == other or not one or not other:
        return False
    mine, theirs = _words(one), _words(other)
    return bool(mine and theirs) and mine.isdisjoint(theirs)


def _words(name: str) -> set[str]:
    if name.isascii():  # nearly always
        return set(_WORD.findall(name.lower()))
    plain = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(letter for letter in plain if unicodedata.category(letter) not in _NOT_LETTERS)
    # Hangul falls apart into letters in NFKD; composed again it is compared by syllable.
    folded = unicodedata.normalize("NFC", kept.casefold())
    return {*_WORD.findall(_UNSPACED.sub(" ", folded)), *_UNSPACED.findall(folded)}
