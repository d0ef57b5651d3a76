"""One connection of a client, served without a thread waiting for its network.

| state | it waits for | at most |
| --- | --- | --- |
| IDLE | the next request, on a connection kept alive | `KEEPALIVE` |
| RECEIVING | the rest of a request, from when it began | `Patience.request` |
| ANSWERING | a thread: it is not in the poller | the application |
| SENDING | the client to take its answer | `Patience.answer` |
| CLOSING | the client's end, so that it reads our last answer | `LINGER` |
"""

from __future__ import annotations

import enum
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gunicorn import util
from gunicorn.config import Config
from gunicorn.workers.gthread import TConn

from bridge.cli.request_buffer import BufferedParser, RequestBuffer

KEEPALIVE = 150
"""Seconds that a client may leave its connection idle.

More than web servers in front keep theirs to us (nginx 60, Caddy 120, Traefik 90): who sends its next request while we
close gets no answer, and a web server makes that a 502.
"""
READ = 64 * 1024
"""Bytes that are read at once."""
LINGER = 2.0
"""Seconds in which a client may take our last answer before the connection is closed."""
MAX_DISCARDED = 4 * 1024 * 1024
"""Bytes that are read, and not looked at, before a connection is closed."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Patience:
    """How long, and for how much, clients are waited for."""

    request: float = 20.0
    """Seconds in which a request must be complete, from its first byte to its last."""
    answer: float = 60.0
    """Seconds in which a client must have taken its answer."""
    max_body: int = 1024 * 1024
    """Bytes of a request's body; the application refuses more."""


class State(enum.Enum):
    """What a connection waits for."""

    IDLE = enum.auto()
    RECEIVING = enum.auto()
    ANSWERING = enum.auto()
    SENDING = enum.auto()
    CLOSING = enum.auto()


class Answer:
    """What stands in for the socket where gunicorn answers: it takes all of it at once."""

    def __init__(self) -> None:
        self.bytes = bytearray()

    def sendall(self, data: bytes) -> None:
        self.bytes += data

    def send(self, data: bytes) -> int:
        self.bytes += data
        return len(data)

    def recv(self, _size: int) -> bytes:
        return b""

    def gettimeout(self) -> float:
        return 0.0

    def ignore(self, *_: Any) -> None:
        """The real socket is set and closed by the worker's own thread."""

    setblocking = settimeout = shutdown = close = ignore


class Connection(TConn):
    """A connection whose requests are gathered, and whose answers are kept until the client takes them."""

    def __init__(self, cfg: Config, sock: socket.socket, client: Any, server: Any, patience: Patience) -> None:
        super().__init__(cfg, sock, client, server)
        self.socket = sock
        self.answer = Answer()
        self.sock: Any = self.answer  # what gunicorn's threads write to
        self.requests = BufferedParser(cfg, client)
        self.parser = self.requests
        self.initialized = True
        self.state = State.IDLE
        self.deadline = 0.0
        self.is_gone = False
        self.keep = False
        self.held = 0
        """Bytes of its request that the worker has counted."""
        self._patience = patience
        self.incoming = RequestBuffer(self.requests, patience.max_body)
        self._rest = b""
        self._discarded = 0

    def receive(self) -> bool:
        """Take what has come; whether a request is to be answered now."""
        try:
            data = self.socket.recv(READ)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        self.is_gone = not data
        return bool(data) and self._add(data)

    def take_rest(self) -> bool:
        """Begin the next request with what came behind the last; whether it is to be answered now."""
        self.incoming = RequestBuffer(self.requests, self._patience.max_body)
        rest, self._rest = self.requests.unreader.take_buffered() + self._rest, b""
        return bool(rest) and self._add(rest)

    def hand_over(self) -> None:
        """The request is a thread's from now on."""
        self.state = State.ANSWERING
        self._rest = self.incoming.take_body()

    def send(self) -> bool:
        """Send what the client takes without waiting; whether that is all."""
        waiting = self.answer.bytes
        try:
            while waiting:
                del waiting[: self.socket.send(memoryview(waiting)[:READ])]
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self.is_gone = True
            waiting.clear()
        return True

    def end(self) -> None:
        """Say that nothing more comes; what the client still sends is not looked at."""
        self.state = State.CLOSING
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.is_gone = True

    def discard(self) -> None:
        try:
            data = self.socket.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        self._discarded += len(data)
        self.is_gone = not data or self._discarded > MAX_DISCARDED

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002 -- gunicorn's signature
        util.close(self.socket)

    def _add(self, data: bytes) -> bool:
        is_whole = self.incoming.add(data)
        if self.incoming.expects_continue:
            self.incoming.expects_continue = False
            if not is_whole:
                with suppress(OSError):  # its buffer is empty: nothing was sent before
                    self.socket.send(CONTINUE)
        return is_whole
