"""Text as both databases take it, and the one way in which two IDs are compared loosely."""

from __future__ import annotations

import unicodedata

from bridge.store.schema import ID_LENGTH


def storable(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, without NUL (PostgreSQL refuses it) and with `?` for lone surrogates."""
    if text.isprintable() and text.isascii():  # nearly always
        return text[:limit]
    return text[:limit].replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def exact(text: str) -> str:
    """Text in Unicode NFC: two spellings of one text by different code points become equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Text trimmed and without case: equal for what people take for the same ID.

    Folds decomposed text and composes the result, so that canonically equal texts stay equal
    (Unicode 15, section 3.13, definition D145).
    """
    if text.isascii():  # nearly always, and then both forms are the text itself
        return text.strip().casefold()
    folded = unicodedata.normalize("NFD", text).strip().casefold()
    return unicodedata.normalize("NFC", folded)


def matchable(text: str) -> bool:
    """Whether `text` can be a student ID at all: not blank, at most `ID_LENGTH` characters, nothing unstorable.

    What is not matchable is never cut or mended into something that is: half an ID may be somebody else's.
    """
    if text.isalnum() and len(text) <= ID_LENGTH:  # nearly always
        return True
    if len(text) > ID_LENGTH or not text.strip():
        return False
    return text.isprintable() or storable(text, ID_LENGTH) == text
