"""The received bytes of one HTTP request, until it is complete.

gunicorn's own parser reads the head, so that both always agree where a request ends. It never has a socket to read
from, so a slow client cannot block a thread.
"""

from __future__ import annotations

import re
from typing import Any

from gunicorn.config import Config
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

MAX_HEAD = 64 * 1024
"""Bytes of a request line and its headers."""
MAX_CHUNK_LINE = 8190
"""Bytes of a chunk's size line, as in gunicorn."""
_END = b"\r\n\r\n"
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?")


class BufferedParser(RequestParser):
    """gunicorn's parser, fed with the bytes of complete requests instead of a socket."""

    def __init__(self, cfg: Config, client: Any) -> None:
        super().__init__(cfg, (), client)  # it reads only from its buffer
        self._read: Request | Exception | None = None

    def read_head(self, head: bytes) -> Request | None:
        """The parsed head. None for a malformed one; iterating raises its error."""
        self.unreader.unread(head)
        try:
            self._read = found = super().__next__()
        except Exception as error:  # noqa: BLE001 -- gunicorn answers each of its errors, where the request is asked for
            self._read = error
            return None
        return found

    def refuse(self, error: Exception) -> None:
        self._read = error

    def __next__(self) -> Request:
        read, self._read = self._read, None
        if isinstance(read, Request):
            return read
        raise read or StopIteration


class RequestBuffer:
    """One request of a connection, from its first byte to its last."""

    def __init__(self, parser: BufferedParser, max_body: int) -> None:
        self._parser = parser
        self._max_body = max_body
        self._bytes = bytearray()
        self._request: Request | None = None
        self._chunks: Chunks | None = None
        self._length = 0
        self._seen = 0
        self.is_last = False
        """Its end is unknown, or it is refused unread: no further request may be read from this connection."""
        self.expects_continue = False
        """The client waits for `100 Continue` (Expect: 100-continue)."""

    def __len__(self) -> int:
        return len(self._bytes)

    @property
    def has_begun(self) -> bool:
        return bool(self._bytes) or self._request is not None

    def add(self, data: bytes) -> bool:
        """Whether the request can be answered now: it is complete, or has to be refused."""
        self._bytes += data
        if self._request is None and not self._read_head():
            return self.is_last
        return self._has_body()

    def take_body(self) -> bytes:
        """Pass the body to the parser; returns the bytes that belong to the next request."""
        body, rest = bytes(self._bytes[: self._length]), bytes(self._bytes[self._length :])
        if self.is_last:
            body, rest = bytes(self._bytes), b""
        self._parser.unreader.unread(self._parser.unreader.take_buffered() + body)
        self._bytes = bytearray()
        return rest

    def _read_head(self) -> bool:
        end = self._bytes.find(_END, max(0, self._seen - 3))
        self._seen = len(self._bytes)
        if (end < 0 and self._seen > MAX_HEAD) or end > MAX_HEAD:
            self._parser.refuse(LimitRequestHeaders(f"the head is larger than {MAX_HEAD} bytes"))
            self._bytes.clear()
            self.is_last = True
            return False
        if end < 0 and self._bytes.count(b"\n") == self._bytes.count(b"\r\n"):
            return False
        head = bytes(self._bytes) if end < 0 else bytes(self._bytes[: end + 4])  # gunicorn refuses a bare line feed
        del self._bytes[: len(head)]
        self._request = self._parser.read_head(head)
        if self._request is None:
            self.is_last = True
            return False
        self._frame(self._request)
        return True

    def _frame(self, request: Request) -> None:
        reader: Any = request.body.reader if request.body else None
        if isinstance(reader, ChunkedReader):
            self._chunks = Chunks()
        self._length = reader.length if isinstance(reader, LengthReader) else 0
        self.expects_continue = bool(getattr(request, "_expected_100_continue", False))
        request._expected_100_continue = False  # type: ignore[attr-defined]  # we answer it: gunicorn sees whole bodies

    def _has_body(self) -> bool:
        """Whether all of the body is here, or enough to refuse it."""
        if self._chunks is not None:
            found = self._chunks.end(self._bytes)
            if found is None and len(self._bytes) <= 2 * self._max_body and self._chunks.total <= self._max_body:
                return False
            self._length = found or 0
            self.is_last = found is None or found < 0
            if found is None:
                self._announce(max(self._chunks.total, self._max_body + 1))
        elif self._length > self._max_body:
            self.is_last = True
        elif len(self._bytes) < self._length:
            return False
        if self.is_last and self._request is not None:
            self._request.force_close()
        return True

    def _announce(self, length: int) -> None:
        """Have chunks that are too large refused by their length, as any other body is, and not by where they end."""
        request = self._request
        if request is not None:
            others = [(name, value) for name, value in request.headers if name != "TRANSFER-ENCODING"]
            request.headers = [*others, ("CONTENT-LENGTH", str(length))]


class Chunks:
    """The end of a chunked body (RFC 9112, section 7.1); gunicorn decodes the chunks."""

    def __init__(self) -> None:
        self._at = 0
        self._trailers = False
        self.total = 0
        """Bytes in the chunks that were announced."""

    def end(self, body: bytearray) -> int | None:
        """The length of the body; None while it is incomplete, negative where it is malformed."""
        while not self._trailers:
            if self._at and not b"\r\n".startswith(body[self._at - 2 : self._at]):
                return -1  # no line end after a chunk
            line_end = body.find(b"\r\n", self._at, self._at + MAX_CHUNK_LINE + 2)
            if line_end < 0:
                return None if len(body) < self._at + MAX_CHUNK_LINE else -1
            found = _SIZE.fullmatch(body, self._at, line_end)
            if found is None:
                return -1
            size = int(found[1], 16)
            self.total += size
            self._trailers = size == 0
            self._at = line_end if size == 0 else line_end + 2 + size + 2
        end = body.find(_END, self._at)
        return None if end < 0 else end + 4
