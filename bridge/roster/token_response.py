"""What a token endpoint answers: a token and its seconds, or a refusal in words (RFC 6749 sections 5.1, 5.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from bridge.errors import RemoteRefused
from bridge.net.http import HttpResponse, host_of

EARLY = 60.0
"""Seconds before its end at which a token is not used any more."""
SHORTEST = 300.0
LONGEST = 86_400.0

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}", re.ASCII)
_OPAQUE = re.compile(r"[^\s\"',:;()]{24,}")
_WORD = re.compile(r"\S+")
_ADDRESS = re.compile(r"[\"'(]*https?://[^?#@]*$")
_LONG_PART = re.compile(r"[^/.\-]{24,}")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


class Grant(NamedTuple):
    """What a token endpoint gave."""

    access: str
    seconds: float
    refresh: str = ""
    """The refresh token; empty where there is none."""


def read_token(answer: HttpResponse, url: str) -> tuple[str, float]:
    """Token and seconds, as `read_grant` reads them."""
    return read_grant(answer, url)[:2]


def read_grant(answer: HttpResponse, url: str) -> Grant:
    """The tokens in an answer of the token endpoint at `url`, whatever its Content-Type says.

    Raises RemoteRefused with what the platform said, its opaque words left out (RFC 6749 sections 5.1, 5.2).
    """
    try:
        document = answer.json()
    except RemoteRefused as error:
        raise RemoteRefused(
            f"{host_of(url)} answered {answer.status} and gave no access token: {error}", status=answer.status
        ) from error
    document = document if isinstance(document, dict) else {}
    token = document.get("access_token")
    if answer.status != 200 or not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise RemoteRefused(
            f"{host_of(url)} gave no access token{error_words(document, 'error', 'error_description')}",
            status=answer.status,
        )
    if str(document.get("token_type", "bearer")).lower() != "bearer":
        raise RemoteRefused(f"{host_of(url)} gave a token of an unknown type", status=answer.status)
    refresh = document.get("refresh_token")
    kept = refresh if isinstance(refresh, str) and _TOKEN.fullmatch(refresh) else ""
    return Grant(token, _seconds(document.get("expires_in")), kept)


def _seconds(expires_in: object) -> float:
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float | str):
        return SHORTEST
    try:
        seconds = float(expires_in)
    except ValueError:
        return SHORTEST
    return min(seconds, LONGEST) if seconds >= 0 else SHORTEST


def error_words(document: Mapping[str, object], *names: str) -> str:
    """The values of these members as one short line. Long opaque words, which may be tokens, are left out; addresses
    stay, since a scope is one.
    """
    texts = (str(document[name]) for name in names if isinstance(document.get(name), str))
    text = _WORD.sub(_spared, _UNPRINTABLE.sub(" ", ": ".join(texts)))
    return f" ({text[:200]})" if text.strip() else ""


def _spared(word: re.Match[str]) -> str:
    """A word as messages show it: an address without parts that may be a token, and nothing of another long word."""
    text = word[0]
    return _LONG_PART.sub("…", text) if _ADDRESS.match(text) else _OPAQUE.sub("…", text)
