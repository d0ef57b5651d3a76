"""Lines of the record that the database did not take: kept in memory, and written as soon as it is back.

The log has each of them already. A process that ends meanwhile writes what it can.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from bridge.store import launches, received
from bridge.store.database import Engine
from bridge.store.errors import trouble
from bridge.store.launch_lines import LaunchLine

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two tries."""
MOST = 2000
"""Lines that one process keeps; what came with each is at most some kilobytes."""


class _Entry(NamedTuple):
    line: LaunchLine
    fields: Mapping[str, Any]


class Late:
    """What one process has still to write."""

    def __init__(self, engine: Engine, most: int = MOST) -> None:
        self._engine = engine
        self._most = most
        self._waiting: deque[_Entry] = deque()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._lost = 0

    def start(self, every: float = EVERY) -> threading.Event:
        """Try every so many seconds, until the event is set or the process ends, and then once more."""
        stop = threading.Event()

        def go() -> None:
            while not stop.wait(every):
                self.write()

        threading.Thread(target=go, name="late-lines", daemon=True).start()
        atexit.register(self.write)
        return stop

    def put(self, line: LaunchLine, fields: Mapping[str, Any]) -> None:
        """Keep a line, and what came with the launch. Beyond the limit only the log has it."""
        with self._lock:
            if len(self._waiting) < self._most:
                self._waiting.append(_Entry(line, fields))
            else:
                self._lost += 1

    def write(self) -> int:
        """Write what waits, until the database says no; how many lines that were."""
        written = 0
        with self._writing:
            while self._waiting:
                entry = self._waiting[0]
                try:
                    if not launches.holds(self._engine, entry.line):  # it may have arrived after all
                        launches.append(self._engine, entry.line)
                except Exception as error:
                    if trouble(error):
                        return written
                    log.exception("a line cannot be recorded: reference=%s", entry.line.reference)
                self._keep_what_came(entry)
                with self._lock:
                    self._waiting.popleft()
                written += 1
        if written:
            self._say(written)
        return written

    def _keep_what_came(self, entry: _Entry) -> None:
        try:
            received.keep(self._engine, entry.line.reference, entry.fields, now=entry.line.time)
        except Exception as error:
            log.warning("what came with reference=%s is not kept", entry.line.reference, exc_info=error)

    def _say(self, written: int) -> None:
        lost, self._lost = self._lost, 0
        log.info("the database is back: %d launches are on record now, %d are in the log alone", written, lost)
