"""Processes that race one another through a database; prints who won as JSON.

    python racers.py spend|take|claim URL PROCESSES ROUNDS     -> wins a round
    python racers.py migrate URL PROCESSES 1                   -> how many processes then see the newest schema

A barrier before each round makes it a race: without one the first process wins them all.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from typing import Any

from sqlalchemy import Engine

from bridge.store import learners, one_time
from bridge.store.engine import is_usable, migrate, open_database


def _migrate(engine: Engine, _round: int) -> bool:
    migrate(engine)
    return is_usable(engine)


RACES: dict[str, Callable[[Engine, int], bool]] = {
    "spend": lambda engine, number: one_time.consume(engine, f"key {number}", 100.0),
    "take": lambda engine, number: one_time.take(engine, "state", f"code {number}", now=0.0) is not None,
    "claim": lambda engine, number: learners.claim_refresh(engine, now=100.0 * number, every=30.0),
    "migrate": _migrate,
}


def race(kind: str, url: str, rounds: int, start: Any, results: Any) -> None:
    engine = open_database(url)
    wins = []
    for number in range(rounds):
        start.wait(600)
        wins.append(RACES[kind](engine, number))
    engine.dispose()
    results.put(wins)


def main(kind: str, url: str, processes: int, rounds: int) -> None:
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(processes), context.Queue()
    racers: list[SpawnProcess] = [
        context.Process(target=race, args=(kind, url, rounds, start, results)) for _ in range(processes)
    ]
    for racer in racers:
        racer.start()
    wins = [results.get(timeout=600) for _ in racers]
    for racer in racers:
        racer.join()
    json.dump([sum(each) for each in zip(*wins, strict=True)], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
