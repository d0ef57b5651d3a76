"""Student IDs: what is one, and when two are the same. Launches, rosters, files, links and commands all ask here.

Two IDs are the same when they are equal in Unicode NFC without outer ASCII blanks, and by nothing else: `Maße` is not
`masse`, and `ABC-9` is `abc-9` only on a connection that says `ignore_case`. Nothing is ever dropped from an ID: what
is left of half an ID may be somebody else's.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Final

from bridge.errors import LaunchRejected

ID_LENGTH: Final = 255
"""The longest student ID that is kept and that can match, in characters."""
LONGEST_RECORD: Final = 255
"""The longest record of an LMS that is kept as it is, in characters."""
_HASHED: Final = "sha256:"
BLANKS: Final = " \t\r\n"
"""What is trimmed at both ends."""
NO_ID: Final = frozenset({
    *("", "-", "null", "(null)", "none", "undefined", "n/a", "#n/a", "nan", "[object object]"),
})  # fmt: skip
"""What programs write where there is no ID, in lower case. Taken for IDs they would make one person of many."""
_LONGEST_WORD: Final = max(map(len, NO_ID))
_VARIABLE: Final = "$"
"""LMSs send a variable that they cannot fill as its own name: `$Person.sourcedId` (ubc/compair #981)."""
_UNSEEN: Final = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
_BLANK_LETTERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Letters and marks that show nothing (Default_Ignorable_Code_Point outside Cf and Cn; the blank of Braille)."""
UNDECODED: Final = "\ufffd"
"""What stands where a letter could not be decoded (U+FFFD)."""

FAULTS: Final = {
    "missing": "there is none, or a word that programs write where there is none, such as null or N/A",
    "too_long": f"it is longer than {ID_LENGTH} characters",
    "invisible": "it holds a character that nobody sees: a control, format or blank character other than a space",
}
"""Why a text is no student ID, in words, by what `fault` says."""


def normalize(value: object) -> str:
    """`value` as IDs are kept and compared: NFC, outer ASCII blanks trimmed; empty where it is no text and no number.

    A whole number is written in digits (Canvas sends ids as JSON integers); true and false are no numbers here.
    """
    if isinstance(value, str):
        return (value if value.isascii() else unicodedata.normalize("NFC", value)).strip(BLANKS)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def fault(student_id: str) -> str:
    """Why a normalized text is no student ID, as a key of `FAULTS`; empty where it is one."""
    if student_id.isascii() and student_id.isalnum() and len(student_id) <= ID_LENGTH:
        return "missing" if student_id.lower() in NO_ID else ""  # nearly always, and rosters hold millions
    if is_no_id(student_id):
        return "missing"
    if len(student_id) > ID_LENGTH:
        return "too_long"
    return "" if student_id.isascii() and student_id.isprintable() else _fault_in_letters(student_id)


def is_no_id(text: str) -> bool:
    """Whether a normalized text says that there is no ID: blank, a word of `NO_ID`, a variable that nobody filled."""
    return text.startswith(_VARIABLE) or (len(text) <= _LONGEST_WORD and text.lower() in NO_ID)


def is_student_id(student_id: str) -> bool:
    """Whether a normalized text can be a student ID."""
    return not fault(student_id)


def require(value: object, field: str) -> str:
    """The student ID in `value`, normalized. `field` names it for the operator.

    Raises LaunchRejected `student_id_missing` or `student_id_unusable`.
    """
    student_id = normalize(value)
    if why := fault(student_id):
        reason = "student_id_missing" if why == "missing" else "student_id_unusable"
        raise LaunchRejected(reason, f"{field}: {FAULTS[why]}")
    return student_id


def key(student_id: str, *, ignore_case: bool = False) -> str:
    """What is equal for IDs that are the same. `ignore_case` folds the letters A to Z and no others."""
    text = normalize(student_id)
    return lower_ascii(text) if ignore_case else text


def lower_ascii(text: str) -> str:
    """`text` with A to Z in lower case, and every other character as it is."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def loose_key(text: str) -> str:
    """What is equal for IDs that people might take for the same, without case and outer blanks of any kind.

    An index for near misses and conflicts, which people look at; nobody is let in by it. Folds decomposed text and
    composes the result, so that canonically equal texts stay equal (Unicode 15, section 3.13, definition D145).
    """
    if text.isascii():  # nearly always, and then both forms are the text itself
        return text.strip().casefold()
    folded = unicodedata.normalize("NFD", text).strip().casefold()
    return unicodedata.normalize("NFC", folded)


_LOWER: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _fault_in_letters(text: str) -> str:
    for letter in text:
        unseen = letter != " " and unicodedata.category(letter) in _UNSEEN
        if unseen or letter in _BLANK_LETTERS or letter == UNDECODED or _is_variation_selector(letter):
            return "invisible"
    return ""


def _is_variation_selector(letter: str) -> bool:
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def record_key(record: str) -> str:
    """The record as it is kept: one that is too long, or that not every database can hold, as its SHA-256."""
    plain = len(record) <= LONGEST_RECORD and record.isprintable() and not record.startswith(_HASHED)
    return record if plain else _HASHED + hashlib.sha256(record.encode("utf-8", "surrogatepass")).hexdigest()
