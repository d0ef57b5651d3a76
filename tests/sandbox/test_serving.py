"""Serving for tests and the demo: real sockets that come up, answer and go away."""

import http.client
import logging
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import flask
import pytest

from sandbox.postgresql import free_port
from sandbox.serving import serve


def hello() -> flask.Flask:
    app = flask.Flask("hello")
    app.add_url_rule("/hello", "hello", lambda: "hello")
    app.add_url_rule("/broken", "broken", lambda: flask.Response(broken()))
    return app


def broken() -> Iterator[str]:
    yield "half"
    raise ConnectionAbortedError


def test_a_served_application_answers_on_the_printed_address():
    with serve(hello()) as served, urllib.request.urlopen(f"{served.url}/hello") as answer:
        assert answer.read() == b"hello"
        assert served.url == f"http://127.0.0.1:{served.port}"


def test_an_ipv6_host_gets_a_usable_address():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here: enable it to run this test")
    with serve(hello(), "::1") as served, urllib.request.urlopen(f"{served.url}/hello") as answer:
        assert answer.read() == b"hello"


def test_the_port_is_free_again_after_the_block():
    port = free_port()
    for _ in range(2):
        with serve(hello(), port=port) as served:
            assert served.port == port


def test_a_taken_port_raises_and_does_not_end_the_process():
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
        pytest.raises(OSError, match="in use"),
        serve(hello(), port=taken.getsockname()[1]),
    ):
        pass


def test_a_cut_answer_cannot_be_taken_for_a_whole_one():
    with (
        serve(hello()) as served,
        urllib.request.urlopen(f"{served.url}/broken") as answer,
        pytest.raises(http.client.IncompleteRead),
    ):
        answer.read()


def test_a_sign_in_token_in_a_query_is_not_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    with serve(hello()) as served, urllib.request.urlopen(f"{served.url}/hello?token=sesame") as answer:
        answer.read()
    assert "/hello" in caplog.text
    assert "sesame" not in caplog.text
