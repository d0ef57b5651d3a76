"""What may be an ID: what was typed, without the marks that programs set around it.

Some marks have one sure reading: `="00246"` and `'00246` are how people carry zeros through Excel, and Brightspace sets
a `#` before its IDs. What is damaged, or might be an ID and might be something else, is refused, never repaired.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.spreadsheet.cells import DATE, Cell, Odd, error_in, of_truth
from bridge.identifiers import ID_LENGTH, NO_ID, fault, normalize

ALLOWED_ID: Final = (
    f"the ID as text, up to {ID_LENGTH} characters; format the column as Text before typing or pasting it"
)
SHORTENED: Final = Odd("a number shortened to the form 1.0E+7, its digits lost")
FRACTION: Final = Odd("a number with decimals, as programs write it that took the IDs for numbers")
GROUPED: Final = Odd("a number with separators of thousands")
PERCENT: Final = Odd("a number in per cent")
FORMULA: Final = Odd("a formula instead of its result")
HASH: Final = Odd("a # in front, as Brightspace's exports have it")
APOSTROPHE: Final = Odd("an apostrophe in front")
UNSEEN: Final = Odd("text with a line break, a control character or another that nobody sees")
TOO_LONG: Final = Odd(f"text of more than {ID_LENGTH} characters")

_TRUTH: Final = frozenset({
    *("TRUE", "FALSE", "True", "False", "true", "false", "WAHR", "FALSCH", "VRAI", "FAUX"),
    *("VERDADERO", "FALSO", "VERO", "VERDADEIRO", "WAAR", "ONWAAR"),
})  # fmt: skip
"""How spreadsheet programs write true and false, each in its user's language, and how programs do."""
_WORDS: Final = NO_ID | {word.lower() for word in _TRUTH}
_QUOTED: Final = re.compile(r'="([^"]+)"|"([^"]+)"')
_DAMAGED: Final = (
    (re.compile(r"[+-]?\d(?:[.,]\d+)?E\+\d{1,3}|[+-]?\d[.,]\d+E-?\d{1,3}", re.IGNORECASE | re.ASCII), SHORTENED),
    (
        re.compile(
            r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?|\d{1,2}([/.])\d{1,2}\1(?:\d{4}|\d\d)"
            r"|\d{1,2}-[A-Z][a-z]{2}(?:-\d\d(?:\d\d)?)?",
            re.ASCII,
        ),
        DATE,
    ),
    (re.compile(r"[+-]?\d+(?:[.,]\d+)?[ \xa0\u202f]?%", re.ASCII), PERCENT),
    (re.compile(r"[+-]?\d{1,3}(?:([.,' \xa0\u2009\u202f\u2019])\d{3})(?:\1\d{3})*(?:[.,]\d+)?", re.ASCII), GROUPED),
    (re.compile(r"[+-]?\d*[.,]\d+", re.ASCII), FRACTION),
    (re.compile(r"=.*|[@+-].*[()|!=+*/^&<>;,:\"'].*", re.DOTALL), FORMULA),  # whatever the programs take for one
    (re.compile(r"#.*", re.DOTALL), HASH),
)
_WIDE: Final = str.maketrans(dict(zip("＝＋－＠﹦﹢﹣﹫⁼⁺₌₊", "=+-@=+-@=+=+", strict=True)))
"""What programs for East Asian languages read as the signs that begin a formula."""
_SUSPECT: Final = frozenset("#+-=@.,\"0123456789'").union(map(chr, _WIDE))
"""With what a damaged or a marked ID begins."""


def read_id(cell: Cell, *, hashed: bool = False) -> str | Odd:
    """The ID in a cell, normalized; empty where there is none, or a word that says so; Odd where it cannot be an ID.

    `hashed`: the cell stands in a column before whose values a `#` is set.
    """
    if isinstance(cell, Odd):
        return cell
    if cell.isalnum() and cell.isascii() and len(cell) <= ID_LENGTH and (cell.isdigit() or cell.lower() not in _WORDS):
        return cell  # nearly always, and nothing below could find fault with it
    text = normalize(cell.strip())
    found = _marked(text, hashed=hashed) if text[:1] in _SUSPECT else text
    if isinstance(found, Odd):
        return found
    if found in _TRUTH and not text.endswith('"'):
        return of_truth(True)._replace(text=found)
    match fault(found):
        case "missing":
            return ""
        case "too_long":
            return TOO_LONG
        case "invisible":
            return UNSEEN
    return found


def written_id(student_id: str) -> str:
    """An ID as a cell that is read as that very ID: marked as text where it looks damaged."""
    if read_id(student_id) == student_id or '"' in student_id:
        return student_id
    return f'="{student_id}"'


def _marked(text: str, *, hashed: bool) -> str | Odd:
    """A text that begins like a damaged or a marked ID, without its mark."""
    if quoted := _QUOTED.fullmatch(text):
        return (quoted[1] or quoted[2]).strip()  # said to be text, so it is taken to the letter
    if error := error_in(text):
        return error
    if hashed and text.startswith("#"):
        text = text[1:].strip()
    if text.startswith("'") and "@" not in text:
        text = text[1:].strip()
        if not text[:1].isalnum():
            return APOSTROPHE
    plain = text[:1].translate(_WIDE) + text[1:]
    return next((odd for pattern, odd in _DAMAGED if pattern.fullmatch(plain)), text)
