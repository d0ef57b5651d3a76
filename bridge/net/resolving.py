"""The addresses of a name, within a time: the system's resolver has a limit of its own, and it may be half a minute."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

Resolve = Callable[..., list[Any]]
"""`socket.getaddrinfo`, or what answers like it."""


def addresses(resolve: Resolve, host: str, port: int, seconds: float) -> list[str]:
    """Every address of `host`. Raises OSError or UnicodeError where there is none, TimeoutError after `seconds`.

    A resolver cannot be stopped: its thread is left behind until it gives up by itself.
    """
    found: Future[list[str]] = Future()

    def look() -> None:
        try:
            found.set_result([entry[4][0] for entry in resolve(host, port, type=socket.SOCK_STREAM)])
        except BaseException as error:  # noqa: BLE001 -- raised again in whoever waits
            found.set_exception(error)

    threading.Thread(target=look, name="resolve", daemon=True).start()
    return found.result(seconds)
