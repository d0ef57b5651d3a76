"""The open answers of the egress client, and the sockets under them."""

from __future__ import annotations

import gzip
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from urllib3.connection import HTTPConnection

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.net.http import Outbound
from tests.fakes.serving import FakeServer, Reply

MOVED = Reply(302, b"", {"Location": "https://storage.example.com/secret"})


def test_a_redirect_is_handed_over_only_to_who_asks_for_it(loopback: Outbound) -> None:
    with FakeServer(lambda request: MOVED) as server:
        with pytest.raises(RemoteRefused, match="redirect") as caught, loopback.stream("GET", server.url):
            pass
        assert "secret" not in str(caught.value)
        with loopback.stream("GET", server.url, redirects=True) as response:
            assert response.headers["Location"] == MOVED.headers["Location"]
    assert len(server.seen) == 2


def test_a_fault_is_no_answer_even_to_who_asks_for_redirects(loopback: Outbound) -> None:
    with FakeServer(lambda request: Reply(503)) as server:
        opening = loopback.stream("GET", server.url, redirects=True)
        with pytest.raises(RemoteUnavailable), opening:
            pass


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120.0),
        ("0.5", 0.5),
        ("Wed, 21 Oct 2026 07:30:00 GMT", 120.0),
        ("Wednesday, 21-Oct-26 07:30:00 GMT", 120.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0.0),
        *dict.fromkeys(["", "soon", "-5", "1e9", "nan", "²", "9" * 400, "Wed, 21 Oct 99999999999999999999"]).items(),
        ("Wed, 21 Oct 2026 07:30:00 -0000", None),
    ],
)
def test_who_asks_to_be_left_alone_is_left_alone_for_so_long(
    loopback: Outbound, asked: str, seconds: float | None
) -> None:
    busy = Reply(429, b"", {"Retry-After": asked, "Date": "Wed, 21 Oct 2026 07:28:00 GMT"})
    with FakeServer(lambda _: busy) as server, pytest.raises(RemoteUnavailable) as caught:
        loopback.request("GET", server.url)
    assert caught.value.retry_after == seconds


class _Compressing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        octets = gzip.compress("Zoë".encode())
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            octets = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (octets[:7], octets[7:])) + b"0\r\n\r\n"
        else:
            self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("path", ["/chunks", "/whole"])
def test_a_compressed_answer_is_read_in_chunks_or_whole(path: str, loopback: Outbound) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Compressing)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        answer = loopback.request("GET", f"http://127.0.0.1:{server.server_port}{path}")
    finally:
        server.shutdown()
        server.server_close()
    assert answer.body.decode() == "Zoë"


def test_an_answer_cut_short_is_one_to_ask_for_again(loopback: Outbound) -> None:
    with FakeServer(lambda request: Reply(200, b"half", cut=4)) as server, pytest.raises(RemoteUnavailable):
        loopback.request("GET", server.url)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), TimeoutError(), ConnectionError()])
def test_what_goes_wrong_here_is_not_laid_on_the_other_side(loopback: Outbound, failure: OSError) -> None:
    with FakeServer(lambda request: Reply(200, b"x")) as server:
        opening = loopback.stream("GET", server.url)
        with pytest.raises(type(failure)) as caught, opening:
            raise failure
    assert caught.value is failure


def test_what_breaks_off_while_it_is_read_is_laid_on_the_other_side(loopback: Outbound) -> None:
    with FakeServer(lambda request: Reply(200, b"half", cut=4)) as server:
        opening = loopback.stream("GET", server.url)
        with pytest.raises(RemoteUnavailable, match="no connection"), opening as response:
            response.read()


def test_a_post_does_not_wait_for_a_delayed_ack(loopback: Outbound) -> None:
    """Head and body go out in two packets; with Nagle's algorithm the second waited 40 ms, in every call."""
    with FakeServer(lambda request: Reply(200, b"x")) as server, loopback.stream("POST", server.url) as response:
        connection = response.connection
        assert isinstance(connection, HTTPConnection)
        assert connection.sock
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert response.read() == b"x"
