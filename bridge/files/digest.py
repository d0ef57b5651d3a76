"""What a file holds, as one short text: by it a plan knows that the file is still the same."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from bridge.errors import RosterIncomplete

MAX_BYTES = 1024**3
"""Larger files are refused by whoever reads them."""


def digest_of(path: Path) -> str:
    """SHA-256 of the file's content. Raises RosterIncomplete where it cannot be read, or is too large for a roster."""
    try:
        with path.open("rb") as file:
            if file.seek(0, io.SEEK_END) > MAX_BYTES:
                raise RosterIncomplete(f"{path.name}: the file is larger than {MAX_BYTES // 1024**2} MiB")
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RosterIncomplete(f"{path.name}: the file cannot be opened ({type(error).__name__})") from error
