"""Reading ahead: the next pages are fetched while the last ones are used.

Where the network is waited for, that hides everything else. Hand over large pieces: two threads that hand over often
spend more on that than on the work.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

T = TypeVar("T")

POLL: Final = 0.2


class _End(Generic[T]):
    """What ends the queue: nothing more, or the error that reading raised."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def prefetch(pages: Iterator[T], poll: Callable[[], None] = lambda: None, *, depth: int) -> Iterator[Iterator[T]]:
    """The same pages, read by a thread of their own; leaving the block stops it, at the latest at its next page.

    At most `depth` pages wait to be used. What reading raises is raised where the pages are used, and so is what `poll`
    raises: it is called while a page is waited for, and stops the waiting so.
    """
    waiting: queue.Queue[T | _End[T]] = queue.Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(target=_read, args=(pages, waiting, stop), name="read-ahead", daemon=True)
    thread.start()
    try:
        yield _unpacked(waiting, poll)
    finally:
        stop.set()
        thread.join(2)


def _read(pages: Iterator[T], waiting: queue.Queue[T | _End[T]], stop: threading.Event) -> None:
    error: BaseException | None = None
    try:
        for page in pages:
            if not _offer(page, waiting, stop):
                break
    except BaseException as raised:  # noqa: BLE001 -- raised again where the pages are used
        error = raised
    finally:
        close = getattr(pages, "close", None)
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
