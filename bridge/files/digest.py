"""What a file holds, as one short text: by it a plan knows that the file is still the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bridge.errors import RosterIncomplete


def digest_of(path: Path) -> str:
    """SHA-256 of the file's content. Raises RosterIncomplete where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RosterIncomplete(f"{path.name}: the file cannot be opened ({type(error).__name__})") from error
