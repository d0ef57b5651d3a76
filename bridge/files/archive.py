"""A zip that somebody handed over, opened without being bombed.

Checked before anything is unpacked: the size of the directory, the number of members, names that stand twice (two
programs may unpack different ones), encryption, and what the members claim to unpack to. Checked again while
unpacking: no member may give more than it claimed.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bridge.errors import RosterIncomplete

MAX_MEMBERS = 2_000
MAX_DIRECTORY = 1024 * 1024
MAX_UNPACKED = 4 * 1024**3
"""Bytes of all members together; a sheet of 1,048,576 rows and 20 columns unpacks to about 1.5 GB."""
MAX_RATIO = 250
"""Bytes unpacked for a byte packed, for members above RATIO_FREE: sheets reach 10 to 100, bombs 1,000."""
RATIO_FREE = 16 * 1024 * 1024
CHUNK = 256 * 1024

_ALLOWED = "allowed: the file as its program exported it; export it again"
_END = b"PK\x05\x06"
_END_SIZE = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class Archive:
    """An open zip that passed the checks."""

    def __init__(self, name: str, packed: zipfile.ZipFile) -> None:
        self.name = name
        self._packed = packed
        self._sizes = {member.filename: member.file_size for member in packed.infolist()}
        self.members = frozenset(self._sizes)

    def size(self, member: str) -> int:
        """Bytes that a member unpacks to; 0 where it is absent."""
        return self._sizes.get(member, 0)

    @contextmanager
    def open(self, member: str) -> Iterator[BinaryIO]:
        """The bytes of a member as a file to read once. Raises RosterIncomplete where it is absent or broken."""
        if member not in self.members:
            raise RosterIncomplete(f"{self.name}: it holds no {member}; {_ALLOWED}")
        try:
            raw = self._packed.open(member)
        except _BROKEN as error:
            raise _unreadable(self.name, member) from error
        with raw, io.BufferedReader(_Guarded(raw, self.name, member), CHUNK) as file:
            yield file

    def chunks(self, member: str) -> Iterator[bytes]:
        """The bytes of a member, piece by piece."""
        with self.open(member) as file:
            yield from iter(lambda: file.read(CHUNK), b"")

    def read(self, member: str, max_bytes: int) -> bytes:
        """A small member whole. Raises RosterIncomplete where it is larger than `max_bytes`."""
        with self.open(member) as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise RosterIncomplete(f"{self.name}: {member} is larger than {max_bytes} bytes; {_ALLOWED}")
        return content


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open the zip at `path`. Raises RosterIncomplete where it is none, or is one that we must not unpack."""
    try:
        with path.open("rb") as file:
            _check_directory(file, path.name)
        packed = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise RosterIncomplete(f"{path.name}: this is not a zip file that can be read; {_ALLOWED}") from error
    with packed:
        _check_members(packed.infolist(), path.name)
        yield Archive(path.name, packed)


def _check_directory(file: BinaryIO, name: str) -> None:
    """`zipfile` loads the whole directory at once, so its size is looked at first (PKWARE APPNOTE 4.3.16)."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 65_535 - _END_SIZE - 20))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise RosterIncomplete(f"{name}: this is not a complete zip file; {_ALLOWED}")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if directory > MAX_DIRECTORY or tail[max(0, at - 20) : at].startswith(_ZIP64_LOCATOR):
        raise RosterIncomplete(f"{name}: the zip lists far too many files; {_ALLOWED}")


def _check_members(members: list[zipfile.ZipInfo], name: str) -> None:
    if len(members) > MAX_MEMBERS:
        raise RosterIncomplete(f"{name}: the zip holds more than {MAX_MEMBERS} files; {_ALLOWED}")
    if len({member.filename.replace("\\", "/").casefold() for member in members}) < len(members):
        raise RosterIncomplete(f"{name}: the zip holds two files of one name; {_ALLOWED}")
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise RosterIncomplete(f"{name}: it unpacks to more than {MAX_UNPACKED} bytes; {_ALLOWED}")
    for member in members:
        if member.flag_bits & 0x1:
            raise RosterIncomplete(f"{name}: it is protected by a password; allowed: a file without one")
        if member.file_size > max(RATIO_FREE, member.compress_size * MAX_RATIO):
            what = f"{member.filename!r} unpacks to more than {MAX_RATIO} times its size"
            raise RosterIncomplete(f"{name}: {what}; {_ALLOWED}")


class _Guarded(io.RawIOBase):
    """A member's bytes with the errors of `zipfile` translated; `zipfile` itself stops at the size it claimed."""

    def __init__(self, raw: object, name: str, member: str) -> None:
        self._raw: BinaryIO = raw  # type: ignore[assignment]  # ZipExtFile is a BinaryIO in all but name
        self._name = name
        self._member = member

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # io passes a writable buffer
        try:
            part = self._raw.read(len(view))
        except _BROKEN as error:
            raise _unreadable(self._name, self._member) from error
        view[: len(part)] = part
        return len(part)


def _unreadable(name: str, member: str) -> RosterIncomplete:
    return RosterIncomplete(f"{name}: {member} inside it cannot be unpacked; {_ALLOWED}")
