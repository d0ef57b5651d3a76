"""Cookies from plain values."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from flask import Response
from werkzeug.http import dump_cookie

from bridge.launch.redirect import Cookie


def set_cookies(response: Response, cookies: Iterable[Cookie]) -> Response:
    """`response`, with `cookies`."""
    for name, value in cookie_headers(cookies):
        response.headers.add(name, value)
    return response


def cookie_headers(cookies: Iterable[Cookie]) -> list[tuple[str, str]]:
    """The headers that set `cookies`, whose names and values are words and URL-safe tokens: they need no quoting."""
    return [("Set-Cookie", f"{name}={value}{_attributes(*where)}") for name, value, *where in cookies]


@lru_cache(maxsize=256)
def _attributes(max_age: int, path: str, secure: bool, partitioned: bool) -> str:
    """What follows name and value: the same for every login of a connection."""
    whole = dump_cookie(
        "name",
        "value",
        max_age=max_age,
        path=path,
        secure=secure,
        httponly=True,
        samesite="None" if secure else "Lax",
        partitioned=partitioned,
        sync_expires=False,  # a moment of the clock would be kept with the rest
    )
    return whole.removeprefix("name=value")
