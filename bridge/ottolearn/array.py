"""A JSON array too large for memory, read an element at a time."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

import ijson  # type: ignore[import-untyped]  # it ships no types

from bridge.errors import RemoteRefused
from bridge.net.answers import BOM, body_excerpt
from bridge.net.http import Response

CHUNK = 64 * 1024
MAX_ELEMENT = 256 * 1024
"""Bytes of one element: an element without an end must not fill the memory."""
MAX_OPEN = 200
"""Brackets an element may open before closing them: ijson's memory grows with the square of the nesting."""


def read_array(response: Response) -> Iterator[Any]:
    """Yield the elements of the array that is the body of an open answer.

    Raises RemoteRefused where the body is not an array, is not JSON, or ends before the array does.
    """
    found = ijson.sendable_list()
    parser = ijson.items_coro(found, "item", use_float=True)
    try:
        for part in _sound(response.stream(CHUNK, decode_content=True), found):
            parser.send(part)
            yield from found
        parser.close()
    except (ijson.JSONError, ValueError) as error:
        raise RemoteRefused(
            "the list is not complete, valid JSON: it breaks off, or other text stands in it or after it"
        ) from error


def _sound(parts: Iterator[bytes], found: list[Any]) -> Iterator[bytes]:
    """Pass on the parts of an array; `found` is what the parser made of the part before, emptied here."""
    started, waiting, nested = False, 0, 0
    for part in _decodable(parts):
        # ijson yields nothing, silently, from a document that is not an array
        if not started and (text := part.lstrip(b" \t\r\n")):
            started = text.startswith(b"[")
            if not started:
                raise RemoteRefused(f"the list is not a JSON array{body_excerpt(text)}")
        if found:
            waiting = nested = 0
        waiting += len(part)
        nested += _left_open(part)
        if waiting > MAX_ELEMENT + CHUNK or nested > MAX_OPEN:
            raise RemoteRefused("the list holds an element that is too large or too deep")
        found.clear()
        yield part


def _decodable(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same text without a byte order mark, and with U+FFFD for what is no UTF-8: one letter holds nobody up."""
    decoder, first = codecs.getincrementaldecoder("utf-8")("replace"), True
    for part in parts:
        sound = decoder.decode(part).encode()
        yield sound.removeprefix(BOM) if first else sound
        first = first and not sound


def _left_open(part: bytes) -> int:
    # Brackets inside text count too; that only ever makes the figure a little wrong.
    return part.count(b"[") + part.count(b"{") - part.count(b"]") - part.count(b"}")
