"""JSON as other systems really send it, and what stands in its place where there is none.

A byte order mark, and letters that cannot be decoded, belong to the answer: it is read, and such a letter shows as
U+FFFD, which no student ID may hold. Everything else around the JSON (a notice of PHP, a plugin's debugging output, a
firewall's page) is an error that says what it is: what is cut out of a broken answer may be half of it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

BOM: Final = b"\xef\xbb\xbf"
EMPTY, PAGE, BEFORE, AFTER, CUT, OTHER = "empty", "page", "before", "after", "cut", "other"
WORDS: Final = {
    EMPTY: "the answer is empty",
    PAGE: "the answer is a web page and not JSON: the address is wrong, or something before the service (a firewall "
    "such as Cloudflare or ModSecurity, a login page) answered in its place",
    BEFORE: "the answer holds other text before the JSON, such as notices of PHP or debugging output of a plugin: "
    "switch its display off there",
    AFTER: "the answer holds other text after the JSON, such as debugging output of a plugin: switch its display off "
    "there",
    CUT: "the answer is not JSON: it breaks off or is damaged",
    OTHER: "the answer is not JSON",
}
"""What a body is that is no JSON, in words, by its kind."""

_LOOKED_AT = 64 * 1024
"""Characters in which JSON behind other text must begin."""
_TRIES = 50
_PAGE = re.compile(rb"\s*(<!--(?:(?!-->).)*-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""Every escape in JSON text, in order, so that `\\\\ud83d` is a backslash; `half` is one half of a pair, alone."""


class NotJson(ValueError):
    """A body that is no JSON. The message says what it is, and quotes nothing; `kind` is a key of `WORDS`."""

    def __init__(self, kind: str) -> None:
        super().__init__(WORDS[kind])
        self.kind = kind


def read(body: bytes) -> Any:
    """What a body says. Raises NotJson."""
    sound = body.removeprefix(BOM)
    try:
        return msgspec.json.decode(sound)
    except (ValueError, RecursionError):
        return _with_gaps(sound)


def read_as(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """What a body says, in the shape that `decoder` reads. Raises NotJson, and msgspec.ValidationError for JSON of
    another shape."""
    sound = body.removeprefix(BOM)
    try:
        return decoder.decode(sound)
    except msgspec.ValidationError:
        raise
    except (ValueError, RecursionError):
        found: T = msgspec.convert(_with_gaps(sound), decoder.type)
        return found


def is_page(body: bytes) -> bool:
    """Whether a body is a web page."""
    return _PAGE.match(body.removeprefix(BOM)[:4096]) is not None


def body_excerpt(body: bytes) -> str:
    """For an error about a status: words that add that a web page came with it, or empty."""
    return f"; {WORDS[PAGE]}" if is_page(body) else ""


def _with_gaps(body: bytes) -> Any:
    """JSON with letters that cannot be decoded and numbers that are none: read without these. Raises NotJson."""
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(_whole_letters(text), object_pairs_hook=_said)
    except (ValueError, RecursionError) as error:
        raise NotJson(_kind(body, text)) from error


def _whole_letters(text: str) -> str:
    return _ESCAPES.sub(lambda escape: "\\ufffd" if escape["half"] else escape[0], text)


def _said(members: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object; NaN and Infinity, which JSON does not have, say nothing."""
    return {name: value for name, value in members if not isinstance(value, float) or math.isfinite(value)}


def _kind(body: bytes, text: str) -> str:
    stripped = text.strip()
    if not stripped:
        return EMPTY
    if is_page(body):
        return PAGE
    if stripped[0] in "{[":
        return AFTER if _ends(stripped, 0) else CUT
    starts = (found.start() for found in re.finditer(r"[{\[]", stripped[:_LOOKED_AT]))
    whole = (_ends(stripped, at) == len(stripped) for at, _ in zip(starts, range(_TRIES), strict=False))
    return BEFORE if any(whole) else OTHER


def _ends(text: str, at: int) -> int:
    """Where the JSON that begins at `at` ends, or 0 where none does."""
    try:
        return json.JSONDecoder().raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return 0
