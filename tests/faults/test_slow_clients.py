"""Clients that send or read slowly, at a bridge with no web server in front of it: nobody else notices them."""

from __future__ import annotations

import http.client
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.launching import MATCHED, Crowd
from tests.faults.standing import PATIENCE, Standing, standing, wait_for

SLOW = 200
IDLE = 4.0
"""Seconds: longer than gunicorn by itself keeps a connection, and less than any web server in front of it."""
HEAD = b"POST /lti/campus/launch HTTP/1.1\r\nHost: bridge.example.edu\r\n"
BODY = HEAD + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n"


def connect(world: Standing) -> socket.socket:
    return socket.create_connection(("127.0.0.1", world.port), PATIENCE)


@contextmanager
def dripping(world: Standing, begun: bytes, drop: bytes = b"a") -> Iterator[list[socket.socket]]:
    """Many who have begun a request, and go on with it by a byte at a time."""
    with ExitStack() as stack:
        slow = []
        for _ in range(SLOW):
            slow.append(stack.enter_context(closing(connect(world))))
            slow[-1].sendall(begun)
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.5):
                for one in slow:
                    with suppress(OSError):
                        one.send(drop)

        thread = threading.Thread(target=drip)
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        yield slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Standing]:
    with standing(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}", "--request-timeout", "600") as found:
        yield found


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    """Learners in front of a bridge that is the same one for every test that leaves it as it was."""
    folder: Path = tmp_path_factory.mktemp("bridge")
    with standing(folder, f"sqlite:///{folder / 'bridge.db'}", "--request-timeout", "600") as world:
        world.start()
        people = Crowd(world)
        wait_for(people.ready, "the bridge is ready")
        people.warm()
        yield people


def said(one: socket.socket) -> bytes:
    """The beginning of what a client is told; nothing where its connection is only closed."""
    with suppress(ConnectionError):
        return one.recv(100)[:13]
    return b""


@pytest.mark.parametrize("begun", [b"", HEAD + b"X: ", BODY, HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n"])
def test_learners_launch_while_hundreds_send_a_byte_at_a_time(people: Crowd, begun: bytes) -> None:
    with dripping(people.world, begun, b"G" if not begun else b"a"):
        assert {people.launch().what for _ in range(6)} == {MATCHED}
        assert people.ready()


def test_who_does_not_finish_a_request_is_told_so_and_a_byte_now_and_then_gains_nothing(tmp_path: Path) -> None:
    with standing(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}", "--request-timeout", "1") as world:
        world.start()
        wait_for(Crowd(world).ready, "the bridge is ready")
        with dripping(world, BODY) as slow:
            told = {said(one) for one in slow}
        assert b"HTTP/1.1 408 " in told
        assert told <= {b"HTTP/1.1 408 ", b""}  # whose first byte was late hears nothing
        with closing(connect(world)) as silent:
            assert silent.recv(100) == b""
        wait_for(lambda: "were not complete within 1 s" in world.log, "it is told")
        assert world.log.count("were not complete") < SLOW / 4  # not a line for each


def test_learners_launch_while_somebody_does_not_read_what_they_asked_for(tmp_path: Path) -> None:
    options = ("--workers", "1", "--threads", "1", "--request-timeout", "600")
    question = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    with standing(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}", *options) as world, ExitStack() as stack:
        world.start()
        crowd = Crowd(world)
        wait_for(crowd.ready, "the bridge is ready")
        crowd.warm()
        one = stack.enter_context(closing(socket.socket()))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", world.port))
        one.setblocking(False)
        refused = 0
        while refused < 20:  # nothing more is taken, for none of it is read
            try:
                one.send(question * 1000)
                refused = 0
            except BlockingIOError:
                refused += 1
                time.sleep(0.05)
        assert {crowd.launch().what for _ in range(6)} == {MATCHED}


def test_more_clients_than_there_is_room_for_push_out_those_who_wait_and_nobody_else(
    world: Standing, crowd: Crowd
) -> None:
    assert world.process is not None
    crowd.warm()
    resource.prlimit(world.process.pid, resource.RLIMIT_NOFILE, (160, 160))
    before = set(world.workers())
    world.send(signal.SIGHUP)
    wait_for(lambda: len(world.workers()) == 2 and not before & set(world.workers()), "workers with little room")
    with dripping(world, b""), dripping(world, BODY):
        assert {crowd.launch().what for _ in range(6)} == {MATCHED}
    wait_for(lambda: "there were too many" in world.log, "it is told")


def test_the_bridge_ends_though_clients_hang(world: Standing, crowd: Crowd) -> None:
    process = world.process
    assert process is not None
    with dripping(world, BODY):
        began = crowd.launch().began
        world.send(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert began
    assert not any(str(one.get("level", "")).lower() == "critical" for one in world.lines())


def test_a_kept_connection_answers_one_after_another_and_those_sent_at_once(people: Crowd) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", people.world.port, timeout=PATIENCE)) as kept:
        for pause in (0.0, 0.0, IDLE):
            time.sleep(pause)
            kept.request("GET", "/healthz")
            assert kept.getresponse().read()
    with closing(connect(people.world)) as at_once:
        at_once.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2 + b"GET /healthz HTTP/1.0\r\n\r\n")
        assert b"".join(iter(lambda: at_once.recv(4096), b"")).count(b" 200 OK") == 3


def test_who_asks_before_sending_a_body_is_told_to_go_on_unless_it_is_too_large(people: Crowd) -> None:
    expecting = HEAD + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    with closing(connect(people.world)) as asking:
        asking.sendall(expecting % 3)
        assert asking.recv(25, socket.MSG_WAITALL) == b"HTTP/1.1 100 Continue\r\n\r\n"
        asking.sendall(b"a=b")
        assert b"".join(iter(lambda: asking.recv(4096), b"")).startswith(b"HTTP/1.1 4")
    with closing(connect(people.world)) as asking:
        asking.sendall(expecting % 2_000_000)
        assert b"".join(iter(lambda: asking.recv(4096), b"")).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("chunk", [b"ZZZ\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n", b"5\r\nhi\r\n0\r\n\r\n"])
def test_a_body_whose_chunks_are_none_is_the_senders_mistake(people: Crowd, chunk: bytes) -> None:
    with closing(connect(people.world)) as one:
        one.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
        assert b"".join(iter(lambda: one.recv(4096), b"")).startswith(b"HTTP/1.1 400 ")
    assert "Traceback" not in people.world.log


@pytest.mark.parametrize("body", [b"a" * 3_000_000, [b"a" * 65_536] * 48, [b"a" * 3_000_000], [b"a"] * 400_000])
def test_who_sends_too_much_reads_why(people: Crowd, body: bytes | list[bytes]) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", people.world.port, timeout=PATIENCE)) as large:
        with suppress(BrokenPipeError, ConnectionResetError):  # it is read for a moment only
            large.request("POST", "/lti/campus/launch", body, encode_chunked=True)
        assert large.getresponse().status == 413
