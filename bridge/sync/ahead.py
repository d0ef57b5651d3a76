"""Reading ahead: the next pages are fetched while the last group of people is compared."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

T = TypeVar("T")

DEPTH: Final = 2
"""Groups that wait at most: enough to keep the source busy, little enough to stay small. Groups and not pages, because
two threads that hand over often spend more on that than on the work."""
POLL: Final = 0.2


class _End(Generic[T]):
    """What ends the queue: nothing more, or the error that reading raised."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def read_ahead(groups: Iterator[T], poll: Callable[[], None], depth: int = DEPTH) -> Iterator[Iterator[T]]:
    """The same groups, read by a thread of their own; leaving the block stops it, at the latest at its next group.

    What reading raises is raised where the groups are used, and so is what `poll` raises: it is called while one is
    waited for, and stops the waiting so.
    """
    waiting: queue.Queue[T | _End[T]] = queue.Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(target=_read, args=(groups, waiting, stop), name="sync-read", daemon=True)
    thread.start()
    try:
        yield _unpacked(waiting, poll)
    finally:
        stop.set()
        thread.join(2)


def _read(groups: Iterator[T], waiting: queue.Queue[T | _End[T]], stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for group in groups:
            if not _offer(group, waiting, stop):
                break
    except BaseException as raised:  # noqa: BLE001 -- raised again where the groups are used
        error = raised
    finally:
        close = getattr(groups, "close", None)
        if close is not None:
            close()
    _offer(_End(error), waiting, stop)


def _offer(entry: T | _End[T], waiting: queue.Queue[T | _End[T]], stop: threading.Event) -> bool:
    while not stop.is_set():
        try:
            waiting.put(entry, timeout=POLL)
        except queue.Full:
            continue
        return True
    return False


def _unpacked(waiting: queue.Queue[T | _End[T]], poll: Callable[[], None]) -> Iterator[T]:
    while True:
        try:
            entry = waiting.get(timeout=POLL)
        except queue.Empty:
            poll()
            continue
        if isinstance(entry, _End):
            if entry.error is not None:
                raise entry.error
            return
        yield entry
