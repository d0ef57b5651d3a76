"""A small fast HTTP server on loopback for the fakes: keep-alive, a thread a connection, every request noted."""

from __future__ import annotations

import socketserver
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Self
from urllib.parse import parse_qsl


class Request(NamedTuple):
    """One request as it came in."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def parameters(self) -> list[tuple[str, str]]:
        """Of the query and of a form, decoded, in order."""
        is_form = self.headers.get("content-type") == "application/x-www-form-urlencoded"
        form = self.body.replace(b"%5B", b"[").replace(b"%5D", b"]").decode() if is_form else ""  # parse_qsl is slow
        return parse_qsl(self.query, keep_blank_values=True) + parse_qsl(form, keep_blank_values=True)


class Reply(NamedTuple):
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    cut: int = 0
    """Bytes that are announced and never sent: a connection that breaks."""


@dataclass
class _Failure:
    reply: Reply
    left: int
    where: str


@dataclass
class FakeServer:
    """Serves `answer` from `start` to `close`, or for as long as a `with` block lasts."""

    answer: Callable[[Request], Reply]
    delay: float = 0.0
    """Seconds that every answer takes."""
    seen: deque[Request] = field(default_factory=lambda: deque(maxlen=2000))
    """The last requests, oldest first."""
    count: Counter[str] = field(default_factory=Counter)
    """How many requests each path had."""
    _failures: list[_Failure] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail_next(self, reply: Reply, times: int = 1, where: str = "") -> None:
        """Give `reply` to the next `times` requests whose path, query or body has `where` in it."""
        self._failures.append(_Failure(reply, times, where))

    def reply(self, request: Request) -> Reply:
        """What to answer, failures first."""
        self.seen.append(request)
        self.count[request.path] += 1
        if self.delay:
            time.sleep(self.delay)
        for failure in self._failures:
            text = f"{request.path}?{request.query} {request.body.decode(errors='replace')}"
            if failure.left and failure.where in text:
                failure.left -= 1
                return failure.reply
        return self.answer(request)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, fake: FakeServer) -> None:
        self.fake = fake
        self.open: set[_Connection] = set()
        super().__init__(("127.0.0.1", 0), _Connection)

    def server_close(self) -> None:
        for connection in list(self.open):
            with suppress(OSError):
                connection.request.shutdown(2)
        super().server_close()


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        self.server.open.add(self)
        with suppress(OSError):
            while self._one():
                pass
        self.server.open.discard(self)

    def _one(self) -> bool:
        """Answer one request; False where the connection is to be closed."""
        line = self.rfile.readline(65536).decode("latin-1").split()
        if len(line) != 3 or not line[2].startswith("HTTP/"):  # TLS, of which a part may look like three words
            return False
        headers = {}
        while header := self.rfile.readline(65536).decode("latin-1").strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        path, _, query = line[1].partition("?")
        reply = self.server.fake.reply(Request(line[0], path, query, headers, body))
        head = f"HTTP/1.1 {reply.status} -\r\nContent-Length: {len(reply.body) + reply.cut}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        self.wfile.write(head.encode("latin-1") + b"\r\n" + reply.body)
        return not reply.cut
