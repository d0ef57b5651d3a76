"""What a cookie says of itself, to browsers of every age."""

from __future__ import annotations

from flask import Response

from bridge.launch.redirect import cookie_pair
from bridge.web.cookies import set_cookies


def test_a_cookie_lives_by_seconds_and_by_no_date_that_was_right_when_the_bridge_started() -> None:
    """Attributes are kept from launch to launch: a date among them would let old browsers drop every later cookie."""
    pair = cookie_pair("a", "b", "secret", public_url="https://bridge.example.edu", max_age=600, path="/lti/campus/")
    headers = set_cookies(Response(), pair).headers.getlist("Set-Cookie")
    assert [header.partition(";")[0] for header in headers] == ["a=secret", "b=secret"]
    for header in headers:
        said = set(header.split("; ")[1:])
        assert {"Max-Age=600", "Path=/lti/campus/", "Secure", "HttpOnly", "SameSite=None"} <= said
        assert not [part for part in said if part.lower().startswith("expires")]
    assert ["Partitioned" in header for header in headers] == [False, True]
