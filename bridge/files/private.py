"""Files that hold people's names and IDs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_private(path: Path) -> None:
    """Let the owner alone read `path`, which is made where it is not there; to be called before it is written.

    A pipe or a terminal stays as it is. Raises OSError.
    """
    path.touch(mode=0o600)
    if path.is_file():
        path.chmod(0o600)  # one that was there keeps its own mode otherwise


@contextmanager
def atomic_write(target: Path) -> Iterator[Path]:
    """A temporary file, readable by the owner alone, that replaces `target` when the block ends without an error;
    otherwise it is deleted and `target` stays as it was. Raises OSError.
    """
    if target.exists() and not target.is_file():  # a pipe or a terminal
        yield target
        return
    part = target.with_name(f".{target.name}.part")
    make_private(part)
    try:
        yield part
        part.replace(target.resolve())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
