"""The connections under the egress client: to who proves its name, and never longer than was allowed."""

from __future__ import annotations

import ipaddress
import time
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Response

from bridge.errors import RemoteUnavailable
from bridge.net.authorities import authorities
from bridge.net.http import Outbound
from tests.browser.tls_sites import make_certificate, serving
from tests.fakes.dribbling import LASTS, dribbling

OK = b"HTTP/1.1 200 OK\r\n"
DRIBBLES = {
    "a first line": (b"HTTP/1.1 200 ", b"O"),
    "a header": (OK + b"X-Slow: ", b"x"),
    "heads that are none": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (OK + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "a body until the end": (OK + b"Connection: close\r\n\r\n", b"x"),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "the length of a chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "what unpacks to nothing": (
        OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03",
        b"\0\0\0\xff\xff",
    ),
}
by_dribble = pytest.mark.parametrize(("said", "again"), DRIBBLES.values(), ids=DRIBBLES)


@by_dribble
def test_a_server_that_dribbles_is_left_after_the_deadline(loopback: Outbound, said: bytes, again: bytes) -> None:
    with dribbling(said, again) as port:
        began = time.monotonic()
        with pytest.raises(RemoteUnavailable, match="in time"):
            loopback.request("GET", f"http://127.0.0.1:{port}/", deadline=0.3)
        assert time.monotonic() - began < LASTS / 3


@pytest.mark.parametrize(
    ("name", "times", "pause"),
    [("what unpacks to nothing", 20_000, 0.0), ("a body", 1, LASTS)],
    ids=["without a pause", "all pause"],
)
def test_the_deadline_holds_at_every_pace(loopback: Outbound, name: str, times: int, pause: float) -> None:
    said, again = DRIBBLES[name]
    with dribbling(said, again * times, pause=pause) as port:
        began = time.monotonic()
        with pytest.raises(RemoteUnavailable, match="in time"):
            loopback.request("GET", f"http://127.0.0.1:{port}/", timeout=(LASTS, LASTS), deadline=0.3)
        assert time.monotonic() - began < LASTS / 3


@by_dribble
def test_a_server_that_dribbles_over_tls_is_left_too(tmp_path: Path, said: bytes, again: bytes) -> None:
    certificate = make_certificate(tmp_path, "lms.test")
    outbound = _trusting(certificate)
    with dribbling(said, again, certificate) as port:
        began = time.monotonic()
        with pytest.raises(RemoteUnavailable, match="in time"):
            outbound.request("GET", f"https://lms.test:{port}/", deadline=1.0)
        assert time.monotonic() - began < LASTS / 3


def test_a_handshake_that_dribbles_is_left_after_the_deadline() -> None:
    began = time.monotonic()
    with dribbling(b"\x16\x03\x03\x40\0", b"\x02") as port, pytest.raises(RemoteUnavailable, match="in time"):
        loopback_by_name().request("GET", f"https://lms.test:{port}/", timeout=(LASTS, LASTS), deadline=0.3)
    assert time.monotonic() - began < LASTS / 3


def test_a_stream_that_dribbles_is_left_after_its_deadline(loopback: Outbound) -> None:
    with dribbling(*DRIBBLES["a body"]) as port:
        began = time.monotonic()
        opening = loopback.stream("GET", f"http://127.0.0.1:{port}/", deadline=0.3)
        with pytest.raises(RemoteUnavailable, match="in time"), opening as response:
            response.read()
        assert time.monotonic() - began < LASTS / 3


@pytest.mark.parametrize(("vouched_for", "called"), [(False, "lms.test"), (True, "other.test")])
def test_who_cannot_prove_its_name_is_not_talked_to(tmp_path: Path, vouched_for: bool, called: str) -> None:
    certificate = make_certificate(tmp_path, "lms.test")
    outbound = _trusting(certificate) if vouched_for else loopback_by_name()
    with serving(certificate, "lms.test") as site, pytest.raises(RemoteUnavailable, match="certificate is not valid"):
        outbound.request("GET", site.url.replace("lms.test", called))


def test_who_proves_its_name_is_talked_to(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, "lms.test")
    with serving(certificate, "lms.test") as site:
        site.app = Response("here")
        assert _trusting(certificate).request("GET", site.url).status == 200


def _here(host: str, port: int, **_: Any) -> list[Any]:
    return [(0, 0, 0, "", ("127.0.0.1", port))]


def loopback_by_name() -> Outbound:
    return Outbound([ipaddress.ip_network("127.0.0.0/8")], resolve=_here)


def _trusting(certificate: Path) -> Outbound:
    """A door for which `certificate` is the one authority."""
    trusted = authorities(None, {"SSL_CERT_FILE": str(certificate)})
    return Outbound([ipaddress.ip_network("127.0.0.0/8")], resolve=_here, authorities=trusted)
