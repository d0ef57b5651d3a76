"""How long a worker keeps connections on which nothing is under way, and whom it takes when it ends."""

from __future__ import annotations

import logging
import os
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.cli.connection import KEEPALIVE, Connection, Patience, State
from bridge.cli.http_worker import Worker
from bridge.cli.master import Server

NOW = 1_000_000.0


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr("bridge.cli.http_worker.time", SimpleNamespace(monotonic=lambda: NOW))
    server = Server("configuration", lambda _: None, lambda: None, {}, tmp_path, Patience())
    found = Worker(1, os.getpid(), [], server, 30, server.cfg, logging.getLogger("test"))
    found.poller = selectors.DefaultSelector()
    found.method_queue.init()
    woken = found.method_queue.fileno()
    assert woken is not None
    found.poller.register(woken, selectors.EVENT_READ, found.method_queue.run_callbacks)
    with closing(found.poller), closing(found.method_queue), closing(found.tmp):
        yield found


def idle(worker: Worker, stack: ExitStack, seconds: float) -> socket.socket:
    """The client of a connection that was answered so many seconds ago."""
    ours, theirs = (stack.enter_context(closing(one)) for one in socket.socketpair())
    ours.setblocking(False)
    connection = Connection(worker.cfg, ours, ("127.0.0.1", 1), ("127.0.0.1", 2), Patience())
    connection.state, connection.deadline = State.IDLE, NOW - seconds + worker.cfg.keepalive
    worker._wait(connection, selectors.EVENT_READ)
    worker.nr_conns += 1
    return theirs


def is_kept(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True


def test_an_idle_connection_is_kept_for_longer_than_web_servers_keep_theirs(worker: Worker) -> None:
    with ExitStack() as stack:
        clients = [idle(worker, stack, seconds) for seconds in (0.0, 60.0, 120.0, KEEPALIVE)]
        worker.murder_pending()
        assert [is_kept(client) for client in clients] == [True, True, True, False]
        assert worker.nr_conns == 3


def test_a_worker_that_ends_waits_for_nobody_who_has_been_idle_for_long(worker: Worker) -> None:
    with ExitStack() as stack:
        clients = [idle(worker, stack, seconds) for seconds in (0.0, 1.0, 2.0, 60.0)]
        worker.alive = False
        worker._cap_keepalive(NOW + 2.0)
        assert worker.poller.select(0)  # it looks now, and not when something comes
        worker.wait_for_and_dispatch_events(timeout=0)
        worker.murder_pending()
        assert [is_kept(client) for client in clients] == [True, True, False, False]
        assert sorted(one.deadline for one in worker._waiting) == [NOW + 1.0, NOW + 2.0]


def test_a_worker_that_ends_takes_everybody_who_stands_in_its_queue(worker: Worker) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
        worker.sockets = [listener]
        worker.set_accept_enabled(True)
        clients = [stack.enter_context(closing(socket.create_connection(listener.getsockname()))) for _ in range(5)]
        worker.alive = False
        worker.set_accept_enabled(False)
        assert listener.fileno() == -1
        assert (worker.nr_conns, [is_kept(client) for client in clients]) == (5, [True] * 5)
        for connection in list(worker._waiting):
            connection.close()
