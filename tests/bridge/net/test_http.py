"""The egress client: it goes only where it may, waits only so long, and repeats no secret."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from werkzeug import Request, Response

from bridge.errors import OttoBridgeError, RemoteRefused, RemoteUnavailable
from bridge.net.http import Outbound, host_of
from sandbox.postgresql import free_port
from sandbox.serving import serve
from tests.fakes.dribbling import dribbling
from tests.fakes.serving import FakeServer, Reply


class Remote:
    """Answers as the path asks."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    @Request.application
    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        if request.path.startswith("/status/"):
            return Response("no", int(request.path.rsplit("/", 1)[1]), {"Retry-After": "7", "Location": "/elsewhere"})
        if request.path == "/large":
            return Response(b"x" * 200_000)
        if request.path == "/cookie":
            return Response("{}", headers={"Set-Cookie": "session=1"})
        if request.path == "/next":
            return Response("[]", headers={"Link": '</next?page=bookmark:WzE2XQ>; rel="next"'})
        return Response(request.get_data() or b"{}", headers={"Content-Type": "application/json"})


@pytest.fixture
def remote() -> Remote:
    return Remote()


@pytest.fixture
def url(remote: Remote) -> Iterator[str]:
    with serve(remote) as served:
        yield served.url


def resolving_to(*addresses: str) -> Any:
    return lambda host, port, **_: [(0, 0, 0, "", (address, port)) for address in addresses]


def test_an_answer_is_read_whole(loopback: Outbound, url: str) -> None:
    answer = loopback.request("POST", url, json={"a": "é"})
    assert (answer.status, answer.json()) == (200, {"a": "é"})


def test_this_machine_and_private_networks_are_not_called_unless_trusted(url: str, remote: Remote) -> None:
    with pytest.raises(RemoteRefused, match="trusted_networks"):
        Outbound().request("GET", url)
    assert remote.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "ff02::1",
    ],
)
def test_a_name_that_leads_inside_is_not_followed(address: str) -> None:
    with pytest.raises(RemoteRefused, match="a private address"):
        Outbound(resolve=resolving_to(address)).request("GET", "https://lms.example.edu/")


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(RemoteRefused, match="a private address"):
        Outbound(resolve=resolving_to("8.8.8.8", "127.0.0.1")).request("GET", "https://lms.example.edu/")


def test_plain_http_to_the_open_internet_is_refused() -> None:
    with pytest.raises(RemoteRefused, match="plain http"):
        Outbound(resolve=resolving_to("8.8.8.8")).request("GET", "http://lms.example.edu/")


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_called(url: str) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", port))] if len(asked) == 1 else [(0, 0, 0, "", ("10.0.0.1", port))]

    outbound = Outbound([ipaddress.ip_network("127.0.0.0/8")], resolve=resolve)
    assert outbound.request("GET", url.replace("127.0.0.1", "lms.invalid")).status == 200
    assert asked == ["lms.invalid"]


def test_plain_http_inside_a_trusted_network_goes_through_no_proxy(
    loopback: Outbound, url: str, monkeypatch: Any
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert loopback.request("GET", url).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(loopback: Outbound, url: str, remote: Remote, status: int) -> None:
    with pytest.raises(RemoteRefused, match="redirect"):
        loopback.request("GET", f"{url}/status/{status}")
    assert len(remote.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_or_broken_system_is_one_to_try_later(loopback: Outbound, url: str, status: int) -> None:
    with pytest.raises(RemoteUnavailable, match=f"answered {status}") as caught:
        loopback.request("GET", f"{url}/status/{status}")
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404])
def test_every_other_answer_is_the_callers_to_judge(loopback: Outbound, url: str, status: int) -> None:
    assert loopback.request("GET", f"{url}/status/{status}").status == status


def test_an_endless_answer_is_cut_off(loopback: Outbound, url: str) -> None:
    with pytest.raises(RemoteRefused, match="larger than"):
        loopback.request("GET", f"{url}/large", max_bytes=100_000)


@pytest.mark.parametrize("head", [b"X: " + b"y" * 60_000, b"\r\n".join([b"X: " + b"y" * 40_000] * 2)])
def test_the_head_of_an_answer_counts_to_its_size(loopback: Outbound, head: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n" + head + b"\r\n\r\n" + b"x" * 6000
    with dribbling(answer, b"") as port, pytest.raises(RemoteRefused, match="larger than"):
        loopback.request("GET", f"http://127.0.0.1:{port}/", max_bytes=64 * 1024)


def test_a_large_answer_is_read_behind_a_small_head(loopback: Outbound) -> None:
    with FakeServer(lambda _: Reply(200, b"x" * 200_000)) as server:
        assert len(loopback.request("GET", server.url).body) == 200_000


def test_a_silent_server_is_left_after_the_time_out(loopback: Outbound) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RemoteUnavailable, match="in time"):
        loopback.request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=(0.2, 0.2))


def test_a_closed_port_and_an_unknown_name_are_told_apart_from_a_refusal(loopback: Outbound) -> None:
    with pytest.raises(RemoteUnavailable, match="no connection"):
        loopback.request("GET", f"http://127.0.0.1:{free_port()}/")
    with pytest.raises(RemoteUnavailable, match="does not resolve"):
        loopback.request("GET", "https://nobody.invalid/")


def test_a_name_that_no_resolver_answers_for_holds_nobody_up() -> None:
    answered = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        answered.wait(60)
        return []

    with pytest.raises(RemoteUnavailable, match="does not resolve in time"):
        Outbound(resolve=hang).request("GET", "https://lms.example.edu/", timeout=(0.2, 0.2))
    answered.set()


@pytest.mark.parametrize("url", ["ftp://lms.example.edu/", "file:///etc/passwd", "nonsense", "https://", "http://[bad"])
def test_what_is_no_web_address_is_refused(loopback: Outbound, url: str) -> None:
    with pytest.raises(RemoteRefused):
        loopback.request("GET", url)


@pytest.mark.parametrize("between", ["\\@", "\\.", "@", " @", "\t@", "\x00@"], ids=ascii)
def test_an_address_that_can_be_read_as_two_hosts_calls_neither(loopback: Outbound, between: str) -> None:
    with FakeServer(lambda _: Reply()) as one, FakeServer(lambda _: Reply()) as other:
        with pytest.raises(RemoteRefused, match="read as two"):
            loopback.request("GET", f"{one.url}{between}{other.url.removeprefix('http://')}/")
        assert [*one.seen, *other.seen] == []


def test_an_error_repeats_no_query_and_no_body(loopback: Outbound, url: str) -> None:
    with pytest.raises(OttoBridgeError) as caught:
        loopback.request("POST", f"{url}/status/500?token=s3cret", data={"password": "s3cret"})
    assert "s3cret" not in str(caught.value)
    assert host_of("https://user:pass@lms.example.edu:8443/x?y=s3cret") == "lms.example.edu:8443"


def test_a_cookie_is_not_brought_back(loopback: Outbound, url: str, remote: Remote) -> None:
    loopback.request("GET", f"{url}/cookie")
    loopback.request("GET", f"{url}/")
    assert "Cookie" not in remote.asked[-1].headers


def test_everybody_is_told_who_calls(loopback: Outbound, url: str, remote: Remote) -> None:
    loopback.request("GET", url)
    assert remote.asked[0].headers["User-Agent"].startswith("OttoBridge/")


def test_the_next_page_is_kept_letter_by_letter(loopback: Outbound, url: str) -> None:
    assert loopback.request("GET", f"{url}/next").next_url == "/next?page=bookmark:WzE2XQ"


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[" * 100_000], ids=["html", "no text", "nested without end"])
def test_an_answer_that_is_no_json_is_a_refusal(loopback: Outbound, url: str, body: bytes) -> None:
    with pytest.raises(RemoteRefused, match="not JSON"):
        loopback.request("POST", url, data=body).json()


@pytest.mark.parametrize(
    ("link", "following"),
    [
        (
            '<https://a.test/1>; rel="current",<https://a.test/2?x=A,b>; rel="next",<https://a.test/9>; rel=last',
            "2?x=A,b",
        ),
        ("<https://a.test/3>; title=x; rel=next", "3"),
        ('<https://a.test/4>;rel="last NEXT"', "4"),
        ('<https://a.test/5>; rel="nextish"', ""),
        ("https://a.test/6; rel=next", ""),
        ("<https://a.test/7>", ""),
        ("", ""),
    ],
)
def test_only_the_next_page_is_taken_for_the_next_page(loopback: Outbound, link: str, following: str) -> None:
    with FakeServer(lambda _: Reply(200, b"[]", {"Link": link})) as server:
        found = loopback.request("GET", server.url).next_url
    assert found == (following and f"https://a.test/{following}")


@pytest.mark.parametrize("name", ["lms.example.edu\r\nX-Evil: 1", "lms\nX-Evil: 1"])
def test_a_header_cannot_be_broken_into_two(loopback: Outbound, url: str, remote: Remote, name: str) -> None:
    with pytest.raises(RemoteRefused):
        loopback.request("GET", url, headers={"X-Name": name})
    assert remote.asked == []


def test_a_form_is_sent_as_one(loopback: Outbound, url: str, remote: Remote) -> None:
    loopback.request("POST", url, data=[("a", "é ü"), ("a", "&")])
    assert remote.asked[0].form.to_dict(flat=False) == {"a": ["é ü", "&"]}


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (requests.ConnectTimeout("https://lms.example.com/?token=secret"), "no answer in time"),
        (requests.ReadTimeout("https://lms.example.com/?token=secret"), "no answer in time"),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED token=secret"), "no TLS connection could be made"),
        (requests.ConnectionError("reset by peer, token=secret"), "no connection"),
        (requests.exceptions.ChunkedEncodingError("token=secret"), "no connection"),
    ],
)
def test_a_call_that_fails_says_how_and_nothing_of_what_was_sent(failure: Exception, told: str) -> None:
    with responses.RequestsMock() as net:
        net.get("https://lms.example.com/", body=failure)
        with pytest.raises(RemoteUnavailable) as caught:
            Outbound().request("GET", "https://lms.example.com/?token=secret")
    assert str(caught.value) == f"lms.example.com: {told}"


def test_a_call_that_must_be_over_by_then_waits_no_longer(loopback: Outbound) -> None:
    with FakeServer(lambda _: Reply(200, b"late"), delay=30.0) as slow:
        began = time.monotonic()
        with pytest.raises(RemoteUnavailable):
            loopback.ending_at(began + 0.2).request("GET", slow.url)
        assert time.monotonic() - began < 25.0
        with pytest.raises(RemoteUnavailable, match="no time left"):
            loopback.ending_at(began).request("GET", slow.url)
        assert sum(slow.count.values()) <= 1  # by the first one, if it came so far


def test_a_door_that_is_bounded_leaves_the_other_as_it_is(loopback: Outbound) -> None:
    loopback.ending_at(0.0)
    with FakeServer(lambda _: Reply(200, b"in time")) as remote:
        assert loopback.request("GET", remote.url).body == b"in time"
