"""Where requests end, however their bytes come."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidRequestLine, LimitRequestHeaders, ParseException

from bridge.cli.request_buffer import MAX_HEAD, BufferedParser, RequestBuffer

CLIENT = ("192.0.2.1", 40000)
HEAD = b"POST /lti/campus/launch HTTP/1.1\r\nHost: x\r\n"
LENGTH = HEAD + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n"


def coming(max_body: int = 100) -> tuple[BufferedParser, RequestBuffer]:
    requests = BufferedParser(Config(), CLIENT)
    return requests, RequestBuffer(requests, max_body)


@pytest.mark.parametrize("sent", [LENGTH, CHUNKED])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_request_is_answered_when_its_last_byte_is_here_and_what_follows_is_not_of_it(sent: bytes, size: int) -> None:
    requests, incoming = coming()
    parts = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert [incoming.add(part) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert incoming.take_body() == b""
    request = next(requests)
    assert request.body is not None
    assert (request.method, request.body.read()) == ("POST", b"hello")
    assert not request.should_close()
    assert requests.finish_body()

    assert RequestBuffer(requests, 100).add(sent + b"GET /next") is True  # the connection goes on


@pytest.mark.parametrize("sent", [LENGTH, CHUNKED])
def test_a_request_behind_another_is_kept_for_later(sent: bytes) -> None:
    _, incoming = coming()
    assert incoming.add(sent + b"GET /next HTTP/1.1\r\n")
    assert incoming.take_body() == b"GET /next HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"GET / HTTP/1.1\nHost: x\n\n", InvalidRequestLine),
        (b"\x00\x01 nonsense\r\n\r\n", ParseException),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * MAX_HEAD, LimitRequestHeaders),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * MAX_HEAD + b"\r\n", LimitRequestHeaders),
        (HEAD + b"Content-Length: -1\r\n\r\n", ParseException),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", ParseException),
    ],
)
def test_a_head_that_is_wrong_or_too_large_is_refused_at_once(sent: bytes, error: type[Exception]) -> None:
    requests, incoming = coming()
    assert incoming.add(sent)
    assert incoming.is_last
    incoming.take_body()
    with pytest.raises(error):
        next(requests)


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 101\r\n\r\n",
        b"Content-Length: 99999999999999\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n65\r\n",  # 101
        b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 101,
        b"Transfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"a" * 90 + b"\r\nx\r\n") * 3,  # little, in much
    ],
)
def test_a_body_that_is_too_large_is_not_waited_for_and_ends_the_connection(body: bytes) -> None:
    requests, incoming = coming(max_body=100)
    assert incoming.add(HEAD + body)
    assert incoming.is_last
    assert incoming.take_body() == b""
    request = next(requests)
    assert request.should_close()
    headers = dict(request.headers)
    assert int(headers["CONTENT-LENGTH"]) > 100, "the application refuses it unread"
    assert "TRANSFER-ENCODING" not in headers


@pytest.mark.parametrize("chunks", [b"ZZZ\r\n", b"\r\n", b"-1\r\n", b"1\r\nab\r\n", b"1" * 9000, b"2\r\nabc"])
def test_chunks_that_are_none_are_refused_and_not_waited_for(chunks: bytes) -> None:
    requests, incoming = coming(max_body=20_000)
    assert incoming.add(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    incoming.take_body()
    request = next(requests)
    assert request.should_close()
    assert request.body is not None
    with pytest.raises((OSError, ParseException)):
        request.body.read()


def test_what_is_never_sent_is_waited_for_by_nobody_who_reads() -> None:
    requests, incoming = coming()
    assert incoming.add(LENGTH)
    incoming.take_body()
    request = next(requests)
    assert request.body is not None
    assert request.body.read(10_000) == b"hello"
    with pytest.raises(StopIteration):
        next(requests)
