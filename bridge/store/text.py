"""Text as both databases take it."""

from __future__ import annotations


def storable(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, without NUL (PostgreSQL refuses it) and with `?` for lone surrogates."""
    if text.isprintable() and text.isascii():  # nearly always
        return text[:limit]
    return text[:limit].replace("\0", "").encode("utf-8", "replace").decode("utf-8")
