"""Each call that goes out is counted once, by how it ended."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from werkzeug import Request, Response

from bridge.errors import OttoBridgeError
from bridge.net.http import Outbound
from sandbox.serving import serve

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


@Request.application
def remote(request: Request) -> Response:
    return Response("{}", int(request.path[1:]), {"Location": "/200"})


def ended(ask: Callable[[Outbound, str], Any], networks: Any = LOOPBACK) -> list[str]:
    heard: list[tuple[str, str, float]] = []
    with serve(remote) as served, suppress(OttoBridgeError):
        outbound = Outbound(networks, count=lambda *call: heard.append(call))
        ask(outbound, served.url)
    assert all(host == f"127.0.0.1:{served.port}" for host, _, _ in heard)
    assert all(0 <= seconds < 60 for _, _, seconds in heard)
    return [result for _, result, _ in heard]


@pytest.mark.parametrize(
    ("status", "result"),
    [(200, "answered"), (302, "answered"), (404, "refused"), (429, "unavailable"), (503, "unavailable")],
)
def test_a_call_is_counted_by_its_answer(status: int, result: str) -> None:
    assert ended(lambda outbound, url: outbound.request("GET", f"{url}/{status}")) == [result]


def test_a_call_that_is_not_allowed_is_counted_as_refused() -> None:
    assert ended(lambda outbound, url: outbound.request("GET", f"{url}/200"), networks=[]) == ["refused"]


def test_a_call_that_nobody_answers_is_counted_as_unavailable() -> None:
    with serve(remote) as gone:
        pass
    heard: list[str] = []
    with suppress(OttoBridgeError):
        Outbound(LOOPBACK, count=lambda _, result, __: heard.append(result)).request("GET", gone.url)
    assert heard == ["unavailable"]


def test_an_answer_that_is_read_in_parts_is_counted_once() -> None:
    def read(outbound: Outbound, url: str) -> None:
        with outbound.stream("GET", f"{url}/200") as response:
            response.read()

    assert ended(read) == ["answered"]
