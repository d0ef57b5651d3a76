"""Files that hold people's names and IDs."""

from __future__ import annotations

from pathlib import Path


def make_private(path: Path) -> None:
    """Let the owner alone read `path`, which is made where it is not there; to be called before it is written.

    A pipe or a terminal stays as it is. Raises OSError.
    """
    path.touch(mode=0o600)
    if path.is_file():
        path.chmod(0o600)  # one that was there keeps its own mode otherwise
