"""In which encoding a file is: as its mark, all of it, somebody, or charset-normalizer's measure says.

What is only measured is a guess, and says so; where the measure leaves more than one answer, nothing is guessed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, Final, Literal, NamedTuple

from charset_normalizer import from_bytes

from bridge.errors import RosterIncomplete

ALLOWED: Final = 'allowed: a table saved as "CSV UTF-8", or `encoding:` in the connection'
WINDOWS: Final = "windows-1252"
_CHUNK: Final = 1024 * 1024
_SAMPLE: Final = 256 * 1024
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BEYOND_ASCII: Final = re.compile(rb"[^\n]*[\x80-\xff][^\n]*\n?")
_CANDIDATES: Final = [
    *(f"cp{number}" for number in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 874)),
    *("cp437", "cp850", "cp852", "cp866", "mac_roman", "koi8_r", "iso8859_2", "iso8859_15"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
"""What spreadsheet programs and systems of schools still write."""
_CLEAR: Final = 0.03
"""By how much less disorder one reading must have than the next."""
_ENOUGH: Final = 8
"""Bytes beyond ASCII below which only Windows-1252 is guessed."""

_NAMED: Final = 3

How = Literal["by its byte order mark", "by its zero bytes", "all of it is", "asked for", "guessed"]


class Encoding(NamedTuple):
    """An encoding, and how it is known."""

    name: str
    """As Python calls it."""
    how: How
    others: tuple[str, ...] = ()
    """What is as likely."""

    def __str__(self) -> str:
        shown = {"utf-8-sig": "UTF-8", "ascii": "ASCII"}.get(self.name, self.name)
        also = f"; as likely: {', '.join(self.others)}" if self.others else ""
        how = f"guessed by charset-normalizer{also}" if self.how == "guessed" else self.how
        return f"{shown} ({how})"


def find_encoding(file: BinaryIO, name: str, asked: str = "") -> Encoding:
    """The encoding of `file`, looked for in all of it. `asked`: what somebody says it is.

    Raises RosterIncomplete, naming the line where there is one, for bytes that are of no encoding or of several.
    """
    file.seek(0)
    start = file.read(4096)
    marked = next((found for mark, found in _MARKS if start.startswith(mark)), "")
    if asked:
        return _asked(asked, marked, name)
    if marked == "utf-16":
        return Encoding(marked, "by its byte order mark")
    if b"\0" in start:
        little = start[1::2].count(0) > start[0::2].count(0)
        return Encoding("utf-16-le" if little else "utf-16-be", "by its zero bytes")
    if _is_utf8(file, name):
        return Encoding("utf-8-sig", "by its byte order mark" if marked else "all of it is")
    return _guess(file, name)


def known(name: str) -> bool:
    """Whether Python knows a text encoding of this name."""
    try:
        "".encode(name)
    except (LookupError, UnicodeError):
        return False
    return True


def _asked(asked: str, marked: str, name: str) -> Encoding:
    usual = codecs.lookup(asked).name
    if marked and not usual.startswith(marked.removesuffix("-sig")):
        found = marked.removesuffix("-sig").upper()
        raise RosterIncomplete(f"{name}: begins with the mark of {found}, and `encoding: {asked}` is asked for")
    return Encoding("utf-8-sig" if usual == "utf-8" else usual, "asked for")


def _guess(file: BinaryIO, name: str) -> Encoding:
    """The encoding by charset-normalizer's measure, Windows-1252 where that is among the best."""
    sample = _sample(file)
    measured = from_bytes(sample, steps=10, cp_isolation=_CANDIDATES, threshold=0.2, enable_fallback=False)
    best = [found for found in measured if found.chaos - min(m.chaos for m in measured) < _CLEAR]
    if any("cp1252" in found.could_be_from_charset for found in best):
        # Only what reads otherwise is worth naming.
        others = [found.encoding for found in best if "cp1252" not in found.could_be_from_charset]
        return Encoding(WINDOWS, "guessed", tuple(map(_shown, others[:_NAMED])))
    if len(best) != 1 or sum(byte > 127 for byte in sample) < _ENOUGH:
        alike = " or ".join(_shown(found.encoding) for found in best[:_NAMED])
        what = f"could be {alike}, and is not UTF-8" if alike else "is neither UTF-8 nor any other text"
        raise RosterIncomplete(f"{name}: line {_first_beyond_ascii(file)} {what}; {ALLOWED}")
    return Encoding(_shown(best[0].encoding), "guessed")


def _shown(encoding: str) -> str:
    return f"windows-{encoding[2:]}" if re.fullmatch(r"cp125\d", encoding) else encoding


def _sample(file: BinaryIO) -> bytes:
    """Lines that are not all ASCII, from the start on."""
    found = bytearray()
    for chunk in _chunks(file):
        for match in _BEYOND_ASCII.finditer(chunk):
            found += match[0]
            if len(found) > _SAMPLE:
                return bytes(found[:_SAMPLE])
    return bytes(found)


def _first_beyond_ascii(file: BinaryIO) -> int:
    line = 1
    for chunk in _chunks(file):
        if not chunk.isascii():
            return line + chunk.count(b"\n", 0, re.search(rb"[\x80-\xff]", chunk).start())  # type: ignore[union-attr]
        line += chunk.count(b"\n")
    return line


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    return iter(partial(file.read, _CHUNK), b"")


def _is_utf8(file: BinaryIO, name: str) -> bool:
    """Whether all of it is; raises where a part is and a part is not. A mark at the start counts as such a part."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, beyond_ascii = 1, False
    try:
        for chunk in _chunks(file):
            part = decoder.decode(chunk)
            beyond_ascii = beyond_ascii or not part.isascii()
            line += chunk.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        good = error.object[: error.start]
        if beyond_ascii or not good.isascii():
            at = line + good.count(b"\n")
            raise RosterIncomplete(f"{name}: line {at} is not UTF-8, while lines before it are; {ALLOWED}") from error
        return False
    return True
