"""Where a matched learner's browser goes, and what it takes along. Plain values: bridge/web makes headers of them."""

from __future__ import annotations

from typing import NamedTuple


class Cookie(NamedTuple):
    """One cookie, always HttpOnly and without a domain, so that only the host that set it gets it back."""

    name: str
    value: str
    max_age: int
    """Seconds."""
    path: str
    secure: bool
    """Sent over https alone, and then inside other sites' frames too (SameSite=None; otherwise Lax)."""
    partitioned: bool


class SignInRedirect(NamedTuple):
    """An address, and the cookies to set on the way there."""

    url: str
    cookies: tuple[Cookie, ...] = ()
    session: str = ""
    """For a package's page: what it asks with how far the learner is."""
    code: str = ""
    """For the same: the one-time code, where the page posts it to `url`."""


def cookie_pair(
    plain: str, partitioned: str, value: str, *, public_url: str, max_age: int, path: str
) -> tuple[Cookie, ...]:
    """A value in two cookies, one of them partitioned, for a browser that may keep only one of the two.

    Inside another site's frame some browsers keep partitioned cookies only, others know none; whoever reads accepts
    either. Over plain http (a bridge that is tried out on one machine) browsers keep neither kind, so there it is
    one ordinary cookie.
    """
    if not public_url.startswith("https:"):
        return (Cookie(plain, value, max_age, path, secure=False, partitioned=False),)
    return (
        Cookie(plain, value, max_age, path, secure=True, partitioned=False),
        Cookie(partitioned, value, max_age, path, secure=True, partitioned=True),
    )
