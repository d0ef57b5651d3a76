"""The word by which a person asks for one launch: made to be read over a telephone, and read however it was typed."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable
from typing import Final

LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""None that are mistaken for another when read aloud."""
_PAIRS: Final = [one + other for one in LETTERS for other in LETTERS]
LENGTH: Final = 8
"""Letters and digits, without the dash in their middle."""
MOST: Final = 64
"""Readings of one word that are looked for."""
LOOKS_LIKE: Final = {"0": "QD", "O": "QD", "1": "7J", "I": "7J", "L": "7J", "U": "V"}
"""What stands in no reference, and what may have been read as it."""


def new_reference(randbits: Callable[[int], int]) -> str:
    """Eight letters and digits a person can read out, such as `7K3M-9QXT`."""
    number = randbits(64)
    most = len(_PAIRS)
    pairs = (_PAIRS[number // most**place % most] for place in range(LENGTH // 2))
    return _dashed("".join(pairs))


def readings(typed: str) -> list[str]:
    """The references that `typed` may mean, the likeliest first.

    Letter case, blanks and dashes do not matter. A character that stands in no reference is read as what looks like it:
    `0` and `O` alike, and `1`, `I` and `L`.
    """
    plain = unicodedata.normalize("NFKC", typed[:200]).upper()
    letters = "".join(filter(str.isalnum, plain))
    if len(letters) != LENGTH:
        return [plain.strip()] if letters else []
    meant = itertools.product(*(LOOKS_LIKE.get(letter, letter) for letter in letters))
    likely = (_dashed("".join(word)) for word in itertools.islice(meant, MOST))
    return [*dict.fromkeys((_dashed(letters), *likely))]


def _dashed(letters: str) -> str:
    return f"{letters[: LENGTH // 2]}-{letters[LENGTH // 2 :]}"
