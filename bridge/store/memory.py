"""What adapters remember of an LMS between one request and the next."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from bridge.contracts import Memory
from bridge.store import one_time


def memory_of(engine: Engine, connection: str, now: Callable[[], float]) -> Memory:
    """The memory of one connection; no other connection reads or writes it."""
    purpose = f"memory of {connection}"

    def look(words: str) -> str:
        found = one_time.look(engine, purpose, words, now=now())
        return found["value"] if found else ""

    def keep(words: str, value: str, seconds: float) -> None:
        one_time.bind(engine, purpose, words, value, until=now() + seconds)

    return Memory(look, keep)
