"""Through an outgoing proxy the same rules hold as without one, and its password is nobody's business."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.net.authorities import authorities
from bridge.net.http import Outbound
from bridge.net.proxy import Proxy, read_proxy
from sandbox.postgresql import free_port
from tests.browser.tls_sites import Site, make_certificate, serving
from tests.fakes.connect_proxy import ConnectProxy
from tests.fakes.dribbling import LASTS, dribbling

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), "lms.test")


@pytest.fixture
def lms(certificate: Path) -> Iterator[Site]:
    with serving(certificate, "lms.test") as site:
        site.app = Request.application(lambda request: Response(f"{request.host} {request.get_data(as_text=True)}"))
        yield site


def door(certificate: Path, proxy: Proxy, *, found: str = "127.0.0.1", trusted: Any = LOOPBACK) -> Outbound:
    """A way out for which every name has the address `found`, or none where that is empty."""

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        if not found:
            raise OSError("unknown name")
        return [(0, 0, 0, "", (found, port))]

    trust = authorities(None, {"SSL_CERT_FILE": str(certificate)})
    return Outbound(trusted, resolve=resolve, authorities=trust, proxy=proxy)


def test_the_proxy_is_asked_for_the_address_that_was_checked_and_the_host_proves_its_name(
    certificate: Path, lms: Site
) -> None:
    with ConnectProxy() as proxy:
        outbound = door(certificate, read_proxy(f"http://{proxy.place}"))
        answer = outbound.request("POST", lms.url, data=b"said within")
        assert (answer.status, answer.body.decode()) == (200, f"{lms.url.removeprefix('https://')} said within")
        assert proxy.asked == [lms.url.replace("https://lms.test", "127.0.0.1")]
        assert b"said within" not in proxy.heads[0]


def test_a_proxy_that_leads_elsewhere_is_found_out(tmp_path: Path, certificate: Path) -> None:
    other = make_certificate(tmp_path, "evil.test")
    with serving(other, "evil.test") as evil:
        port = int(evil.url.rpartition(":")[2])
        with ConnectProxy(reaches={"127.0.0.1": ("127.0.0.1", port)}) as proxy:
            outbound = door(certificate, read_proxy(proxy.place))
            with pytest.raises(RemoteUnavailable, match="certificate is not valid"):
                outbound.request("GET", "https://lms.test/")


@pytest.mark.parametrize("by_name", [False, True])
def test_a_private_address_is_not_asked_of_the_proxy_either(certificate: Path, by_name: bool) -> None:
    with ConnectProxy() as proxy:
        through = read_proxy(proxy.place, by_name=by_name)
        with pytest.raises(RemoteRefused, match="a private address"):
            door(certificate, through, found="10.0.0.1").request("GET", "https://lms.test/")
        with pytest.raises(RemoteRefused, match="a private address"):
            Outbound(proxy=through).request("GET", "https://169.254.169.254/")
        assert proxy.asked == []


def test_plain_http_goes_through_no_proxy(certificate: Path) -> None:
    with ConnectProxy() as proxy:
        outbound = door(certificate, read_proxy(proxy.place), found="8.8.8.8")
        with pytest.raises(RemoteRefused, match="plain http"):
            outbound.request("GET", "http://lms.test/")
        assert proxy.asked == []


def test_a_proxy_that_allows_by_name_is_told_the_name(certificate: Path, lms: Site) -> None:
    port = int(lms.url.rpartition(":")[2])
    with ConnectProxy(reaches={"lms.test": ("127.0.0.1", port)}) as proxy:
        outbound = door(certificate, read_proxy(proxy.place, by_name=True), found="")
        assert outbound.request("GET", lms.url).status == 200
        assert proxy.asked == [f"lms.test:{port}"]


def test_a_name_that_only_the_proxy_knows_is_asked_of_it_only_where_that_is_wanted(certificate: Path) -> None:
    with ConnectProxy() as proxy:
        for through in (read_proxy(proxy.place), read_proxy(proxy.place, ["lms.test"], by_name=True)):
            with pytest.raises(RemoteUnavailable, match="does not resolve"):
                door(certificate, through, found="").request("GET", "https://lms.test/")
        assert proxy.asked == []


@pytest.mark.parametrize(
    ("spared", "direct"),
    [
        ("lms.test", True),
        (".test", True),
        ("*.test", True),
        ("LMS.TEST", True),
        ("*", True),
        ("127.0.0.0/8", True),
        ("127.0.0.1", True),
        ("lms.test:PORT", True),
        ("lms.test:1", False),
        ("ms.test", False),
        ("lms.test.example", False),
        ("10.0.0.0/8", False),
        ("", False),
    ],
)
def test_what_is_spared_is_called_directly_and_nothing_else(
    certificate: Path, lms: Site, spared: str, direct: bool
) -> None:
    spared = spared.replace("PORT", lms.url.rpartition(":")[2])
    with ConnectProxy() as proxy:
        assert door(certificate, read_proxy(proxy.place, [spared])).request("GET", lms.url).status == 200
        assert (proxy.asked == []) is direct


def test_the_proxy_hears_its_password_and_nobody_else(
    certificate: Path, lms: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with ConnectProxy(credentials="dXNlcjpwQHNz") as proxy:
        right = read_proxy(f"http://user:p%40ss@{proxy.place}")
        assert door(certificate, right).request("GET", lms.url).status == 200
        wrong = read_proxy(f"http://user:secret-word@{proxy.place}")
        with pytest.raises(RemoteUnavailable, match="another user name or password") as caught:
            door(certificate, wrong).request("GET", lms.url)
    assert caught.value.lasting
    told = f"{right!r} {wrong!r} {caught.value} {caught.value.__cause__!r} {caplog.text}"
    assert not any(secret in told for secret in ("p@ss", "dXNlcjpwQHNz", "secret-word"))


@pytest.mark.parametrize(
    ("answers", "told", "lasting"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", "another user name or password", True),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "does not let us through", True),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "found no way there", False),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "found no way there", False),
        (b"HTTP/1.1 200 OK\r\n", "closed the connection", False),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000, "closed the connection", False),
    ],
)
def test_a_proxy_that_makes_no_tunnel_is_told_apart_from_the_host(
    certificate: Path, answers: bytes, told: str, lasting: bool
) -> None:
    with ConnectProxy(answers=answers) as proxy, pytest.raises(RemoteUnavailable, match=told) as caught:
        door(certificate, read_proxy(proxy.place)).request("GET", "https://lms.test/")
    assert (proxy.place in str(caught.value), caught.value.lasting) == (True, lasting)


def test_a_proxy_that_is_not_there_is_named(certificate: Path) -> None:
    place = f"127.0.0.1:{free_port()}"
    with pytest.raises(RemoteUnavailable, match=f"no connection to the proxy {place}"):
        door(certificate, read_proxy(place)).request("GET", "https://lms.test/")


def test_a_proxy_that_dribbles_is_left_after_the_deadline(certificate: Path) -> None:
    with dribbling(b"HTTP/1.1 200 OK\r\nX: ", b"x") as port:
        began = time.monotonic()
        with pytest.raises(RemoteUnavailable, match="in time"):
            door(certificate, read_proxy(f"127.0.0.1:{port}")).request("GET", "https://lms.test/", deadline=0.3)
        assert time.monotonic() - began < LASTS / 3


@pytest.mark.parametrize("url", ["https://proxy:3128", "socks5://proxy:1080", "http://", "http://p:x/", "http://p/x"])
def test_what_is_no_proxy_of_ours_is_told_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="allowed: http://HOST:PORT") as caught:
        read_proxy(url.replace("://", "://user:secret-word@"))
    assert "secret-word" not in str(caught.value)
    assert caught.value.__cause__ is None
