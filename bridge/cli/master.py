"""gunicorn as the bridge runs it: a master that outlives what befalls its workers, and workers that answer everybody.

| signal | what the master does |
| --- | --- |
| HUP | reads the configuration anew; a wrong one is only reported; else new workers take over from the old |
| TERM | stops listening, and ends when the requests under way are answered |
| USR2 | starts the program anew beside itself, on the same socket; TERM to the old master then ends the old one |
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from bridge.cli.connection import KEEPALIVE, Patience
from bridge.cli.http_worker import Worker
from bridge.cli.worker_slots import WorkerSlots

log = logging.getLogger(__name__)

C = TypeVar("C")

BOOTS = 15.0
"""Seconds in which new workers must be ready to take over."""
MEMORY = "/dev/shm"  # noqa: S108 -- gunicorn makes files there that nobody else can name
AGAIN = 1.0
"""Seconds until a worker that could not start is tried again."""


class Server(BaseApplication, Generic[C]):
    """Serves what `build` makes of a configuration, in each worker anew."""

    def __init__(
        self,
        configuration: C,
        build: Callable[[C], Any],
        renewed: Callable[[], C | None],
        options: dict[str, Any],
        folder: Path,
        patience: Patience,
    ) -> None:
        """`renewed` reads the configuration again, or tells what is wrong with it and returns None. `folder` is one
        that all processes share while they live.
        """
        self._configuration = configuration
        self._build = build
        self._renewed = renewed
        self._options = options
        self.folder = folder
        self.patience = patience
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {"timeout": 30, "graceful_timeout": 15, "accesslog": None}
        settings |= {"worker_class": Worker, "logger_class": ToRoot, "post_worker_init": self._ready}
        seats = WorkerSlots(self.folder)
        settings |= {"pre_fork": partial(_fork, seats), "post_fork": seats.sit, "child_exit": seats.leave}
        if os.access(MEMORY, os.W_OK):  # where no full or slow disk reaches the files by which workers say they live
            settings["worker_tmp_dir"] = MEMORY
        # else whoever runs two bridges has one socket for both, and an account without a home an error in the log
        settings["control_socket_disable"] = True
        settings["keepalive"] = KEEPALIVE
        settings["sendfile"] = False  # answers are kept until clients take them: see http_worker.py
        settings["limit_request_line"] = 8190  # as much as gunicorn takes: platforms send long hints by GET
        for name, value in {**settings, **self._options}.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._build(self._configuration)

    def renew(self) -> bool:
        """Read the configuration anew, for workers that start from now on; whether it may be used."""
        found = self._renewed()
        if found is not None:
            self._configuration = found
        return found is not None

    def run(self) -> None:
        Master(self).run()

    def is_ready(self, pid: int) -> bool:
        """Whether the worker takes requests."""
        return (self.folder / f"ready-{pid}").exists()

    def _ready(self, worker: Any) -> None:
        with suppress(OSError):  # on a full disk a worker serves all the same
            (self.folder / f"ready-{worker.pid}").touch()


class Master(Arbiter):
    """The process that starts the workers, and starts them again."""

    app: Server[Any]

    def __init__(self, app: Server[Any]) -> None:
        super().__init__(app)
        # As it was called: `python -m bridge` stands in sys.argv as a file, and would find its neighbours first.
        self.START_CTX["args"] = [sys.executable, *sys.orig_argv[1:]]
        self._replacing = False

    def reload(self) -> None:
        if not self.app.renew():
            log.error("the configuration stays as it was: what was read now is wrong")
            return
        self._replacing = True
        try:
            super().reload()
        finally:
            self._replacing = False

    def manage_workers(self) -> None:
        if self._replacing:  # the new ones have just been started, and the old ones would be told to end now
            self._replacing = False
            self._await_new_ones()
        super().manage_workers()

    def reap_workers(self) -> None:
        try:
            super().reap_workers()
        except HaltServer as halt:
            if self.worker_age <= self.cfg.workers:  # none has ever served: whoever starts it must know
                raise
            log.error("%s It is tried again", halt.reason)  # noqa: TRY400 -- the worker has told why
            time.sleep(AGAIN)

    def _await_new_ones(self) -> None:
        """Until as many as are wanted are ready beside the old ones, or have had the time to be."""
        before = self.worker_age - self.cfg.workers
        deadline = time.monotonic() + BOOTS
        while time.monotonic() < deadline:
            new = [pid for pid, worker in self.WORKERS.items() if worker.age > before]
            if all(self.app.is_ready(pid) for pid in new):
                return
            time.sleep(0.05)
            self.reap_workers()


def _fork(seats: WorkerSlots, master: Any, worker: Any) -> None:
    """What the master has read stays, and is shared: a worker that looked through it for garbage would copy it."""
    gc.freeze()
    seats.give(master, worker)


class ToRoot(Logger):
    """gunicorn's own lines go where all others go, in the same shape."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers[:] = []
        self.error_log.propagate = True
