"""Whether a connection to PostgreSQL that waited in the pool is there still, without asking it each time.

A server that ends says so: the system has its last words, or the end of the stream, before anybody asks. So only a
socket with something to read is asked, by SQLAlchemy's ping: a look at it costs a system call, a ping a round trip for
every request. What no socket can know, a network that swallows everything, a ping would wait for as well.
"""

from __future__ import annotations

import select
from typing import Any

from sqlalchemy import Engine


def ask_where_something_came(engine: Engine) -> None:
    """Let the pool of `engine`, which pings what it hands out, ping only where something came unasked."""
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
