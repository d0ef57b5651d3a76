"""Addresses that a request asks us to call: line by line what facts about SSRF demand."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.scorm import callback
from adapters.scorm.callback import call, is_plain_host, lies_under, same_address
from adapters.scorm.settings import Aicc, Cmi5
from bridge.errors import RemoteRefused
from bridge.net.http import Outbound

HACP = "https://lms.example.com/aicc"


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "127.0.0.01",
        "lms.example.1",
        "1",
        "0x",
        "0.0.0.0x1",
    ],
)
def test_an_address_in_disguise_is_no_host(host: str) -> None:
    assert not is_plain_host(host)
    assert not same_address(f"https://{host}/aicc", f"https://{host}/aicc")
    assert not lies_under(f"https://{host}/xapi/", f"https://{host}/")
    with pytest.raises(ValidationError):
        Aicc(allowed_urls=(f"https://{host}/aicc",))


@pytest.mark.parametrize(
    "host", ["", "lms..example", "-lms.example", "lms.example.", "l_ms.example", "ⅼms.example", "a" * 64]
)
def test_a_host_that_is_no_name_is_refused(host: str) -> None:
    assert not is_plain_host(host)


@pytest.mark.parametrize(
    "host", ["lms.example.com", "LMS.Example.COM", "xn--bcher-kva.example", "127.0.0.1", "::1", "lms"]
)
def test_an_ordinary_host_is_taken(host: str) -> None:
    assert is_plain_host(host)


@pytest.mark.parametrize(
    ("entry", "requested", "same"),
    [
        (HACP, "https://lms.example.com:443/aicc", True),
        (HACP, "https://lms.example.com:8443/aicc", False),
        (HACP, "http://lms.example.com/aicc", False),
        (HACP, "https://user@lms.example.com/aicc", False),
        (HACP, "https://lms.example.com/aicc#x", False),
        (HACP, "https://lms.example.com\\aicc", False),
        (HACP, "https://lms.example.com/aicc\x1f", False),
        (HACP, "https://lms.example.com./aicc", False),
        (HACP, "https://www.lms.example.com/aicc", False),
        ("https://lms.example.com:8443/aicc", "https://lms.example.com:8443/aicc", True),
        ("https://lms.example.com:8443/aicc", "https://lms.example.com/aicc", False),
    ],
)
def test_only_the_very_scheme_host_and_port_are_called(entry: str, requested: str, same: bool) -> None:
    assert same_address(requested, entry) is same


@pytest.mark.parametrize(
    ("requested", "inside"),
    [
        ("https://lms.example.com/xapi/", True),
        ("https://lms.example.com/xapi/fetch?k=1", True),
        ("https://lms.example.com/xapi", False),
        ("https://lms.example.com/xapix/", False),
        ("https://lms.example.com/", False),
        ("https://lms.example.com/xapi/../admin", False),
        ("https://lms.example.com/xapi/%2e%2e/admin", False),
        ("https://lms.example.com/xapi/%2E./admin", False),
        ("https://lms.example.com/xapi/a%20b/c.d/e..f?k=%2e%2e//;", True),
        ("https://lms.example.com/xapi/..;/admin", False),
        ("https://lms.example.com/xapi/..;a=b/admin", False),
        ("https://lms.example.com/xapi/a;b", False),
        ("https://lms.example.com/xapi/%3b/admin", False),
        ("https://lms.example.com/xapi/..%5cadmin", False),
        ("https://lms.example.com/xapi/..%2fadmin", False),
        ("https://lms.example.com/xapi/%252e%252e/admin", False),
        ("https://lms.example.com/xapi/%25252e./admin", False),
        ("https://lms.example.com/xapi//admin", False),
        ("https://lms.example.com//xapi/", False),
        ("https://lms.example.com/xapi/a//../admin", False),
        ("https://lms.example.com/xapi/./admin", False),
        ("https://lms.example.com/xapi/.../admin", False),
        ("https://lms.example.com/xapi/.%2e", False),
        ("https://lms.example.com/xapi/%c0%ae%c0%ae/admin", False),
        ("https://lms.example.com/xapi/%ef%bc%8e%ef%bc%8e/admin", False),
        ("https://lms.example.com/xapi/%u002e%u002e/admin", False),
        ("https://lms.example.com/xapi/%00/admin", False),
        ("https://lms.example.com:444/xapi/", False),
        ("http://lms.example.com/xapi/", False),
        ("https://lms.example.com@evil.example/xapi/", False),
        ("https://evil.example/xapi/", False),
        ("https://lms.example.com/xapi/\\..", False),
        ("https://[lms/xapi/", False),
    ],
)
def test_a_prefix_ends_at_its_folder(requested: str, inside: bool) -> None:
    assert lies_under(requested, "https://lms.example.com/xapi/") is inside


@pytest.mark.parametrize(
    "entry", ["https://lms.example.com/xapi", "https://lms.example.com/xapi/?a=1", "https://l\\ms/"]
)
def test_an_entry_that_would_mean_too_much_is_found_when_it_is_loaded(entry: str) -> None:
    with pytest.raises(ValidationError):
        Cmi5(allowed_urls=(entry,))


class _Seen(Outbound):
    """Notes with which limits it was asked."""

    def request(self, method: str, url: str, **limits: Any) -> Any:
        self.limits = limits
        return super().request(method, url, **limits)


def test_a_slow_or_endless_answer_has_its_limits() -> None:
    assert (callback.TIMEOUT, callback.DEADLINE, callback.MAX_ANSWER) == ((3.0, 5.0), 8.0, 65536)
    outbound = _Seen(resolve=lambda *_, **__: [(socket.AF_INET, 0, 0, "", ("10.0.0.1", 443))])
    with pytest.raises(RemoteRefused):  # and a private address is not called
        call(outbound, "POST", HACP, login_page="aicc_login_page")
    assert (outbound.limits["timeout"], outbound.limits["deadline"], outbound.limits["max_bytes"]) == (
        (3.0, 5.0),
        8.0,
        65536,
    )


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::ffff:8.8.8.8", "64:ff9b::808:808", "224.0.0.1"])
def test_every_address_of_a_name_must_be_public(address: str) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", ("8.8.8.8", 443)), (0, 0, 0, "", (address, 443))]

    with pytest.raises(RemoteRefused):
        call(Outbound(resolve=resolve), "POST", HACP, login_page="aicc_login_page")


@given(st.text(), st.text())
def test_no_address_raises(requested: str, host: str) -> None:
    assert not same_address(requested, HACP) or requested.lower().startswith("https://lms.example.com")
    lies_under(requested, "https://lms.example.com/xapi/")
    is_plain_host(host)
