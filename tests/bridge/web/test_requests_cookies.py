"""Cookies of other applications on the same host never stand in the way of ours."""

from __future__ import annotations

import pytest
from flask import Flask, request

from bridge.web.requests import read_request


@pytest.mark.parametrize(
    "header",
    [
        "mine=token",
        "mine=token; mine=another",
        "theirs=1;mine=token",
        'theirs="a; b=c"; mine=token',
        "; ;=;=x; theirs; mine=token;",
        "theirs=mine=token; mine=token",
        "theirs=\xff\x80; mine=token",
        f"theirs={'x' * 8000}; mine=token",
    ],
)
def test_a_cookie_is_found_among_others(header: str) -> None:
    with Flask(__name__).test_request_context(environ_overrides={"HTTP_COOKIE": header}):
        cookies = read_request(request, "https://bridge.example.edu").cookies
    assert cookies["mine"] == "token"
    assert cookies.get("other") is None


@pytest.mark.parametrize("header", ["", "mine", "theirs=mine=token", "Mine=token"])
def test_a_cookie_that_did_not_come_is_none(header: str) -> None:
    with Flask(__name__).test_request_context(environ_overrides={"HTTP_COOKIE": header}):
        assert not read_request(request, "https://bridge.example.edu").cookies.get("mine")
