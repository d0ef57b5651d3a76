"""Whatever an address or a form holds, every page of administrators answers, and none of them breaks."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from bridge.admin.roles import Role
from bridge.net.http import Outbound
from bridge.web.admin.access import MARK
from bridge.web.admin.services import build_admin
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge, Campus, running

FIELDS = (
    *("reference", "q", "text", "who", "act", "connection", "outcome", "state", "of", "span", "by", "since", "until"),
    *("name", "adapter", "student", "user", "student_id", "next", "format", "title", "days", "course", "site"),
    *("run", "status", "kind", "reason", "id", "decision", "platforms", "issuer", "jwks_url", "package_origins"),
)
NASTY = (
    "\0",
    "a\0b",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "9" * 17,
    "9" * 30,
    "-1",
    "1e999",
    "٣",
    "\u202e<script>alert(1)</script>",
    "'; drop table launch --",
    "%",
    "../../etc/passwd",
    "x" * 20_000,
    "\r\nSet-Cookie: a=b",
    "{{7*7}}",
)


def word(json: str) -> str:
    """As keys stand in addresses."""
    return base64.urlsafe_b64encode(json.encode()).decode().rstrip("=")


KEYS = (
    *("x", "!", "[]", word("[]"), word("null"), word("[1e308,1]"), word("[1,9999999999999999999999]"), word("[1,-1]")),
    *(word('["\\u0000","\\u0000"]'), word('["a\\u0000b","c"]'), word('[1,"\\u0000","\\u0000"]'), word('["a"]')),
    *(
        word('[1e999,"a","b"]'),
        word("[NaN,1]"),
        word('["\\ud800","a"]'),
        word("99999999999999999999"),
        word("[" * 5000),
    ),
    word('["' + "x" * 5000 + '","y"]'),
)


@pytest.fixture
def either(database_url: str, tmp_path: Path, loopback: Outbound, campus: Campus) -> Iterator[Bridge]:
    """A bridge over each kind of database."""
    with running(tmp_path, database_url, loopback, campus) as found:
        yield found


def routes(bridge: Bridge, method: str) -> list[Rule]:
    app = bridge.client.application
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/admin")
        and method in (rule.methods or ())
        and hasattr(app.view_functions[rule.endpoint], MARK)
        and "oidc" not in rule.rule
    ]


def filled(rule: Rule, value: str) -> str:
    return re.sub(r"<[^>]+>", value, rule.rule)


def owner(bridge: Bridge) -> AdminBrowser:
    browser = AdminBrowser(bridge.client.application.test_client(), build_admin(bridge.services))
    return browser.sign_in(Role.OWNER)


def broken(answers: list[tuple[str, str, Any]]) -> list[tuple[str, str]]:
    return [(path, value[:40]) for path, value, answer in answers if answer.status_code >= 500]


@pytest.mark.parametrize("place", ["after", "before", "of", "student"])
def test_no_place_in_a_list_that_was_made_up_breaks_a_page(either: Bridge, place: str) -> None:
    browser = owner(either)
    rules = [rule for rule in routes(either, "GET") if "<" not in rule.rule]
    asked = [(rule.rule, key, browser.get(rule.rule, query_string={place: key})) for rule in rules for key in KEYS]
    assert broken(asked) == []


def test_no_query_breaks_a_page(either: Bridge) -> None:
    browser = owner(either)
    rules = [rule for rule in routes(either, "GET") if "<" not in rule.rule]
    asked = [
        (rule.rule, value, browser.get(rule.rule, query_string=dict.fromkeys(FIELDS, value)))
        for rule in rules
        for value in NASTY
    ]
    assert broken(asked) == []
    one_by_one = [
        (f"{rule.rule}?{field}", value, browser.get(rule.rule, query_string={field: value}))
        for rule in rules
        for field in FIELDS
        for value in NASTY[:4]
    ]
    assert broken(one_by_one) == []


def test_no_name_in_a_path_breaks_a_page(either: Bridge) -> None:
    browser = owner(either)
    rules = [rule for rule in routes(either, "GET") if "<" in rule.rule]
    values = ("%00", "a%00b", "9" * 30, "%ED%A0%80", "%ff", "%0d%0a", "campus", "0")
    asked = [(rule.rule, value, browser.get(filled(rule, value))) for rule in rules for value in values]
    assert broken(asked) == []


def test_no_form_breaks_a_page(either: Bridge) -> None:
    browser = owner(either)
    asked = []
    for rule in routes(either, "POST"):
        if rule.endpoint.endswith("sign_out"):
            continue
        for value in (*NASTY, *KEYS[-8:]):
            path = filled(rule, "campus")
            asked.append((rule.rule, value, browser.post(path, **dict.fromkeys(FIELDS, value))))
    assert broken(asked) == []
    assert browser.get("/admin").status_code == 200
