"""Cookies from plain values."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response

from bridge.wayin import Cookie


def set_cookies(response: Response, cookies: Iterable[Cookie]) -> Response:
    """`response`, with `cookies`."""
    for cookie in cookies:
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=cookie.max_age,
            path=cookie.path,
            secure=cookie.secure,
            httponly=True,
            samesite="None" if cookie.secure else "Lax",
            partitioned=cookie.partitioned,
        )
    return response
