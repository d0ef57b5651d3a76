"""Whoever opens the bridge's own address learns what it is, and nothing about whose."""

from __future__ import annotations

from tests.bridge.web.conftest import Bridge


def test_the_first_page_says_that_the_bridge_is_running(bridge: Bridge) -> None:
    answer = bridge.client.get("/")
    assert answer.status_code == 200
    assert "OttoBridge is running" in answer.text
    for hidden in ("campus", "learn.example.com", "sso.example.edu", "moodle"):
        assert hidden not in answer.text
