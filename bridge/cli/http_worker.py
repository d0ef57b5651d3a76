"""A worker whose threads wait for no client: they are given whole requests, and their answers are sent by the poller.

gunicorn's own threads read from and write to sockets, so that as many slow clients as there are threads stop everybody.
"""

from __future__ import annotations

import errno
import logging
import resource
import selectors
import socket
import time
from collections import Counter
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from bridge.cli.connection import LINGER, TIMED_OUT, Connection, Patience, State

log = logging.getLogger(__name__)

SWEEP = 0.25
"""Seconds between two looks for clients that have used up their time."""
STOPPING = 5.0
"""Seconds that a worker which is told to end gives clients to finish what they have begun."""
STOPPING_IDLE = 2.0
"""Seconds after its last answer that a client may still begin a request then, as in gunicorn."""
MAX_HELD = 64 * 1024 * 1024
"""Bytes of all requests that are not answered yet."""
MAX_FILES = 4096
OWN_FILES = 64
"""Files that a worker has open itself: its database, what it asks of others, its metrics; and four for each thread."""
CLOSABLE = (State.IDLE, State.RECEIVING)
"""Whom it costs least to lose comes first."""
NO_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
NOBODY = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINTR}


def _most_clients(threads: int) -> int:
    """How many connections of clients leave files for everything else that is open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return MAX_FILES if soft == resource.RLIM_INFINITY else max(soft - OWN_FILES - 4 * threads, threads)


class Worker(ThreadWorker):
    """A worker that, told to end, still answers everybody who has reached it."""

    app: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patience: Patience = self.app.patience
        self._waiting: set[Connection] = set()
        """Those in the poller."""
        self._held = 0
        self._ended: Counter[str] = Counter()
        """Why connections were ended since it was last told."""
        self._swept = 0.0

    def init_process(self) -> None:
        self.worker_connections = min(self.worker_connections, _most_clients(self.cfg.threads))
        super().init_process()

    def set_accept_enabled(self, enabled: bool | None) -> None:
        if self.alive or enabled:
            super().set_accept_enabled(enabled)
            return
        for listener in self.sockets:  # whoever stands in its queue was told that we listen, and would be cut off
            while self._accept_one(listener):
                pass
        super().set_accept_enabled(False)
        for listener in self.sockets:  # nobody can knock here any more, where nobody will open
            listener.close()

    def accept(self, listener: socket.socket) -> None:
        self._accept_one(listener)

    def handle(self, conn: Any) -> bool:
        """In a thread: answer the request, and send as much as the client takes at once."""
        keep = super().handle(conn)
        conn.send()
        return keep

    def finish_request(self, conn: Any, fs: Future[bool]) -> None:
        connection: Connection = conn
        self._count(connection, 0)
        failed = fs.cancelled() or fs.exception() is not None
        connection.keep = not failed and fs.result() and not connection.incoming.is_last
        connection.deadline = time.monotonic() + self._at_most(self.patience.answer)
        self._send(connection)

    def murder_pending(self) -> None:
        """End those who have used up their time."""
        now = time.monotonic()
        if now < self._swept + SWEEP:
            return
        self._swept = now
        for connection in [one for one in self._waiting if one.deadline <= now]:
            self._time_out(connection)
        for why, count in self._ended.items():
            log.warning("%d connections were ended: %s", count, why)
        self._ended.clear()

    def _cap_keepalive(self, deadline: float) -> None:
        """Told to end: nobody is waited for as long as before, and who has been idle for long is not waited for."""
        begun = time.monotonic() + STOPPING
        spared = self.cfg.keepalive - STOPPING_IDLE
        for connection in self._waiting:
            most = min(deadline, connection.deadline - spared) if connection.state is State.IDLE else begun
            connection.deadline = min(connection.deadline, most)
        self._swept = 0.0
        self.method_queue.defer(lambda: None)  # what has come is read at once, and then those are ended

    def _accept_one(self, listener: socket.socket) -> bool:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in NO_FILES:
                if not self._make_room():
                    time.sleep(SWEEP)  # it is asked for again at once
            elif error.errno not in NOBODY:
                raise
            return False
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        connection = Connection(self.cfg, client, address, listener.getsockname(), self.patience)
        self._await_request(connection)
        self._receive(connection)
        return True

    def _ready(self, connection: Connection, _socket: object) -> None:
        """What a connection waited for has come."""
        if connection not in self._waiting:  # ended meanwhile, for another
            return
        if connection.state is State.SENDING:
            self._send(connection)
        elif connection.state is not State.CLOSING:
            self._receive(connection)
        else:
            connection.discard()
            if connection.is_gone:
                self._drop(connection)

    def _receive(self, connection: Connection) -> None:
        self._gathered(connection, is_whole=connection.receive())

    def _gathered(self, connection: Connection, *, is_whole: bool) -> None:
        """Go on with a connection for which something may have come."""
        self._count(connection, len(connection.incoming))
        if connection.is_gone:
            self._drop(connection)
        elif is_whole:
            self._forget(connection)
            connection.hand_over()
            self.enqueue_req(connection)
        else:
            if connection.state is State.IDLE and connection.incoming.has_begun:
                self._await_request(connection)
            self._wait(connection, selectors.EVENT_READ)
            if self._held > MAX_HELD:
                self._drop(max(self._in(State.RECEIVING), key=lambda one: one.held), "requests under way are too large")

    def _await_request(self, connection: Connection) -> None:
        connection.state = State.RECEIVING
        connection.deadline = time.monotonic() + self._at_most(self.patience.request)

    def _send(self, connection: Connection) -> None:
        if not connection.send():
            connection.state = State.SENDING
            self._wait(connection, selectors.EVENT_WRITE)
        elif connection.is_gone:
            self._drop(connection)
        elif connection.keep:
            connection.state = State.IDLE
            connection.deadline = time.monotonic() + (self.cfg.keepalive if self.alive else STOPPING_IDLE)
            self._gathered(connection, is_whole=connection.take_rest())
        else:
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        connection.end()
        connection.deadline = time.monotonic() + LINGER
        if connection.is_gone:
            self._drop(connection)
        else:
            self._wait(connection, selectors.EVENT_READ)

    def _time_out(self, connection: Connection) -> None:
        if connection.state is State.RECEIVING and connection.incoming.has_begun:
            self._ended[f"their requests were not complete within {self.patience.request:g} s"] += 1
            self._count(connection, 0)
            connection.keep = False
            connection.answer.sendall(TIMED_OUT)
            connection.send()
            self._end(connection)
        elif connection.state is State.SENDING:
            self._drop(connection, f"their answers were not taken within {self.patience.answer:g} s")
        else:
            self._drop(connection)

    def _make_room(self) -> bool:
        """End whoever has waited longest for a request; whether there was anybody."""
        for state in CLOSABLE:
            if found := self._in(state):
                self._drop(min(found, key=lambda one: one.deadline), "there were too many")
                return True
        return False

    def _in(self, state: State) -> list[Connection]:
        return [one for one in self._waiting if one.state is state]

    def _at_most(self, seconds: float) -> float:
        return seconds if self.alive else min(seconds, STOPPING)

    def _count(self, connection: Connection, held: int) -> None:
        self._held += held - connection.held
        connection.held = held

    def _wait(self, connection: Connection, events: int) -> None:
        if connection not in self._waiting:
            self._waiting.add(connection)
            self.poller.register(connection.socket, events, partial(self._ready, connection))
        elif self.poller.get_key(connection.socket).events != events:
            self.poller.modify(connection.socket, events, partial(self._ready, connection))

    def _forget(self, connection: Connection) -> None:
        if connection in self._waiting:
            self._waiting.remove(connection)
            self.poller.unregister(connection.socket)

    def _drop(self, connection: Connection, why: str = "") -> None:
        if why:
            self._ended[why] += 1
        self._forget(connection)
        self._count(connection, 0)
        self.nr_conns -= 1
        connection.close()
