"""Text as both databases take it."""

from __future__ import annotations

import unicodedata


def storable(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, without NUL (PostgreSQL refuses it) and with `?` for lone surrogates."""
    if text.isprintable() and text.isascii():  # nearly always
        return text[:limit]
    return text[:limit].replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def folded(text: str) -> str:
    """Text as it is searched: without letter case, outer and double blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def searched(student_id: str, first_name: str, last_name: str) -> str:
    """What a student is found by, each on its own line: the ID, and the name in either order."""
    return "\n".join(map(folded, (student_id, f"{first_name} {last_name}", f"{last_name} {first_name}")))
