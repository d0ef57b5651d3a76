"""Whether a pooled connection to PostgreSQL is still alive, without a ping at each checkout.

A server that ends a connection sends a last message or closes the stream, so the socket becomes readable. Only then is
SQLAlchemy's ping sent: polling a socket costs a system call, a ping costs every request a round trip. Where a network
silently drops packets, the socket shows nothing; a ping would wait for its answer there.
"""

from __future__ import annotations

import select
from typing import Any

from sqlalchemy import Engine


def ping_only_if_readable(engine: Engine) -> None:
    """Let the pool of `engine` (`pool_pre_ping`) send its ping only on a connection whose socket is readable."""
    ping = engine.dialect.do_ping

    def ping_or_trust(dbapi_connection: Any) -> bool:
        return True if _is_silent(dbapi_connection) else ping(dbapi_connection)

    if hasattr(select, "poll"):  # not on Windows, where only commands run
        engine.dialect.do_ping = ping_or_trust  # type: ignore[method-assign]  # a dialect belongs to one engine


def _is_silent(connection: Any) -> bool:
    if connection.closed or connection.broken:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
