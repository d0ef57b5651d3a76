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
def written_whole(target: Path) -> Iterator[Path]:
    """A place to write, for the owner alone, that takes the place of `target` when the block has ended well: on a full
    disk nothing is left of it, and what was there stays. Raises OSError.
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
