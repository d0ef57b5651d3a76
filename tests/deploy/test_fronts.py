"""nginx and Caddy with the files of deploy/, in front of a bridge: launches pass, secrets stay out of the logs."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from ipaddress import ip_network
from pathlib import Path

import pytest
import requests
from werkzeug import Request, Response

from bridge.cli.connection import KEEPALIVE
from bridge.web.requests import client_address
from sandbox.postgresql import free_port
from sandbox.serving import serve
from tests.deploy.conftest import DEPLOY
from tests.deploy.fronts import HIDDEN, Front, connect, front, launch
from tests.faults.launching import LINK_SECRET
from tests.faults.standing import Standing, wait_for
from tests.faults.test_slow_clients import IDLE

FORM_TYPE = "application/x-www-form-urlencoded"
METRICS = ("/metrics", "/metrics?a=b", "//metrics", "/%6detrics", "/./metrics", "/lti/../metrics", "/metrics/")


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def before_bridge(kind: str, served: Standing, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with front(kind, served.port, tmp_path_factory.mktemp(kind)) as found:
        yield found


def test_a_launch_goes_through(before_bridge: Front) -> None:
    answer = launch(before_bridge)
    assert answer.status_code == 303, answer.text
    assert "/learn" in answer.headers["Location"]


def kept_connections(port: int) -> set[str]:
    """The far ends of the connections that somebody who listens at `port` has."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]]
    return {remote for _, local, remote, state, *_ in lines if (local, state) == (f"0100007F:{port:04X}", "01")}


def test_the_bridge_leaves_it_to_the_web_server_to_end_an_idle_connection(
    before_bridge: Front, served: Standing, kind: str
) -> None:
    name, pattern = {
        "nginx": ("nginx.conf", r"keepalive_timeout (\d+)s;"),
        "caddy": ("Caddyfile", r"keepalive (\d+)s "),
    }[kind]
    ends = re.search(pattern, (DEPLOY / name).read_text("utf-8"))
    assert ends is not None
    assert 2 * int(ends[1]) < KEEPALIVE
    launch(before_bridge)
    kept = kept_connections(served.port)
    time.sleep(IDLE)
    assert kept & kept_connections(served.port)
    assert launch(before_bridge).status_code == 303


def dribble(found: Front) -> socket.socket:
    """A client that has sent three of a hundred bytes, and sends no more."""
    client = connect(found)
    head = (
        "POST /lti/campus/launch HTTP/1.1",
        f"Host: {found.host}",
        f"Content-Type: {FORM_TYPE}",
        "Content-Length: 100",
    )
    client.sendall("\r\n".join((*head, "", "a=b")).encode())
    return client


def test_clients_that_send_slowly_keep_nobody_else_waiting(
    before_bridge: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.deploy.fronts.PATIENCE", 40)  # nginx gives up the slow ones after 60
    with ExitStack() as opened:
        for _ in range(60):  # more than the bridge has threads
            opened.enter_context(closing(dribble(before_bridge)))
        # One alone could slip in before the others have reached the bridge.
        assert [launch(before_bridge).status_code for _ in range(20)] == [303] * 20


def test_nobody_outside_reads_the_metrics(before_bridge: Front, served: Standing) -> None:
    assert "ottobridge_" in requests.get(f"{served.url}/metrics", timeout=90).text
    for path in METRICS:
        answer = before_bridge.ask("GET", path)
        assert answer.status_code in {301, 308, 404}, path
        assert "ottobridge_" not in answer.text, path


def ask_with_secrets(found: Front) -> list[int]:
    paths = (
        f"/aicc/packages/launch?aicc_sid={HIDDEN}&aicc_url=https://lms.example.edu/",
        f"/cmi5/packages/launch?endpoint=https://lms.example.edu/&fetch=https://lms.example.edu/{HIDDEN}",
        f"/lti/campus/login?iss=x&login_hint={HIDDEN}&lti_message_hint={'x' * 7000}",
        f"/healthz?{HIDDEN}",
    )
    headers = {"Referer": f"https://lms.example.edu/?{HIDDEN}", "Cookie": f"a={HIDDEN}", "Authorization": HIDDEN}
    return [found.ask("GET", path, headers=headers).status_code for path in paths]


def test_a_request_has_one_name_in_both_logs(before_bridge: Front, served: Standing, kind: str) -> None:
    answer = before_bridge.ask("GET", "/nowhere", headers={"X-Request-ID": "chosen-by-a-stranger"})
    named = answer.headers["X-Request-ID"]
    assert named != "chosen-by-a-stranger"
    wait_for(lambda: f'"request": "{named}"' in served.log, "the name is in the bridge's log")
    if kind == "nginx":
        # nginx writes its line once the answer is out.
        wait_for(lambda: named in before_bridge.access_log.read_text("utf-8"), "the name is in nginx's log")


def test_no_query_reaches_a_log(before_bridge: Front, kind: str) -> None:
    statuses = ask_with_secrets(before_bridge)
    assert statuses == [404, 404, 400, 200]  # the connection has neither
    where = launch(before_bridge).headers["Location"]
    paths = ("/aicc/packages/launch", "/cmi5/packages/launch", "/lti/campus/login", "/lti/campus/launch")
    wait_for(lambda: all(path in before_bridge.written() for path in paths), "every request is in the log")
    written = before_bridge.written()
    for path in paths:
        assert path in written
    assert HIDDEN not in written
    assert where.partition("?")[2] not in written
    assert LINK_SECRET not in written
    if kind == "caddy":
        lines = [json.loads(line) for line in before_bridge.access_log.read_text("utf-8").splitlines()]
        assert {line["request"]["uri"] for line in lines} >= {"/aicc/packages/launch", "/cmi5/packages/launch"}


def test_no_query_reaches_a_log_while_the_bridge_is_away(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with front(kind, free_port(), tmp_path_factory.mktemp(f"{kind}-alone")) as found:
        assert set(ask_with_secrets(found)) == {502}
        written = found.written()
    assert "/aicc/packages/launch" in written
    assert HIDDEN not in written


def test_the_bridge_counts_whoever_asks_and_not_whom_they_claim_to_be(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seen: list[Request] = []

    @Request.application
    def upstream(request: Request) -> Response:
        seen.append(request)
        return Response("ok")

    with serve(upstream) as behind, front(kind, behind.port, tmp_path_factory.mktemp(f"{kind}-seen")) as found:
        found.ask("GET", "/lti/campus/login", headers={"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "gopher"})
    request = seen[-1]
    # all of them are on this machine: whoever sees the front as a foreigner sees whom the bridge would count
    found_address = client_address("10.0.0.1", request.headers.getlist("X-Forwarded-For"), [ip_network("10.0.0.0/8")])
    assert found_address == "127.0.0.1"
    assert request.headers["X-Forwarded-Proto"] in {"http", "https"}
    assert request.host == found.host


def test_a_body_that_the_bridge_would_refuse_is_refused_at_the_door(before_bridge: Front, kind: str) -> None:
    status = before_bridge.ask("POST", "/lti/campus/launch", data=b"x" * 1_200_000).status_code
    assert status in ({413} if kind == "nginx" else {413, 502})  # Caddy 2.6 may say so of what it has cut off
