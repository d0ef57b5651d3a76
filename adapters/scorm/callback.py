"""Addresses that a request asks us to call: AICC_URL, and cmi5's `fetch` and `endpoint`.

Only what an administrator listed is called. What is left to `bridge.net.http.Outbound`: one resolution, every address
of it public or trusted, the connection pinned to it, no redirects, no cookies.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Unpack
from urllib.parse import urlsplit

from bridge.config.settings import origin
from bridge.errors import LaunchRejected, RemoteRefused
from bridge.net.http import CallOptions, HttpResponse, Outbound, Timeout, host_of

MAX_ANSWER = 64 * 1024
"""Bytes."""
TIMEOUT: Timeout = (3.0, 5.0)
"""Seconds to connect, seconds between two bytes."""
DEADLINE = 8.0
"""Seconds for a whole answer, the connection included: the learner must have an answer within ten."""

_NEVER_IN_AN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\U0010ffff@#\\]")  # dropped or read differently; users; fragments
_LEAVES = re.compile(
    r"//|;|%(?:25|2f|5c|3b|[01]|7f|[89a-f])|%(?![0-9a-f]{2})|/(?:\.|%2e)+(?:/|$)",
    re.IGNORECASE,
)
"""What may lead out of a folder, should somebody behind the first server decode once more, drop `;…` as Tomcat does,
fold `//`, or letters into dots, or take a backslash for a slash. No honest address below a prefix has any of it."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE)


def is_plain_host(host: str) -> bool:
    """Whether `host` is a name in ASCII, or an IP address in its one usual form.

    A last label that is a number makes a host an IPv4 address in disguise (WHATWG URL, "ends in a number"): `127.1`,
    `0x7f000001`, `2130706433`, `0177.0.0.1`.
    """
    try:
        return str(ipaddress.ip_address(host)) == host.lower()
    except ValueError:
        return _HOST.fullmatch(host) is not None and _NUMBER.fullmatch(host.rpartition(".")[2]) is None


def same_address(requested: str, address: str) -> bool:
    """Whether both name the same scheme, host, port, path and query."""
    try:
        return _is_readable(requested) and _parts(requested) == _parts(address)
    except ValueError:  # a port or an IPv6 host that is none
        return False


def lies_under(requested: str, prefix: str) -> bool:
    """Whether `requested` has the scheme, host and port of `prefix`, and a path below its path."""
    try:
        path, below = urlsplit(requested).path, urlsplit(prefix).path
        inside = path.startswith(below) and not _LEAVES.search(path[len(below) - 1 :])
        return _is_readable(requested) and inside and origin(requested) == origin(prefix)
    except ValueError:
        return False


def call(
    outbound: Outbound,
    method: str,
    url: str,
    *,
    login_page: str,
    **options: Unpack[CallOptions],
) -> HttpResponse:
    """One call within the limits. Raises LaunchRejected `login_page` for a redirect, else what `Outbound` raises."""
    deadline = options.get("deadline", DEADLINE)
    bounded: CallOptions = {**options, "deadline": deadline, "timeout": (TIMEOUT[0], min(TIMEOUT[1], deadline))}
    try:
        return outbound.request(method, url, max_bytes=MAX_ANSWER, **bounded)
    except RemoteRefused as error:
        if 300 <= error.status < 400:
            raise LaunchRejected(login_page, f"{host_of(url)} answered with a redirect") from error
        raise


def read_parameter(query: Sequence[tuple[str, str]], name: str, *, exact_case: bool = False) -> str:
    """The one value of `name`; two are refused, not chosen between. Letter case is the LMS's choice unless exact."""
    values = [value for key, value in query if (key if exact_case else key.lower()) == name]
    if len(values) != 1 or not values[0]:
        raise LaunchRejected("malformed", f"the launch has {'no' if not any(values) else 'more than one'} {name}")
    return values[0]


def _is_readable(url: str) -> bool:
    return not _NEVER_IN_AN_ADDRESS.search(url) and is_plain_host(urlsplit(url).hostname or "")


def _parts(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return origin(url), parts.path or "/", parts.query
