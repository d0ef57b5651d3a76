"""Races between threads and between processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest

T = TypeVar("T")


@pytest.fixture
def in_threads() -> Callable[[int, Callable[[int], T]], list[T]]:
    """Runs one function in several threads that all start at the same moment; what each returned."""

    def run(threads: int, act: Callable[[int], T]) -> list[T]:
        start = Barrier(threads)

        def racer(number: int) -> T:
            start.wait(60)
            return act(number)

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(racer, range(threads)))

    return run


@pytest.fixture
def in_processes() -> Callable[[str, str, int, int], list[int]]:
    """Runs one of the races of racers.py; how many processes won each round."""

    def run(kind: str, url: str, processes: int, rounds: int) -> list[int]:
        script = Path(__file__).parent / "racers.py"
        command = [sys.executable, str(script), kind, url, str(processes), str(rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
        assert done.returncode == 0, done.stderr
        wins: list[int] = json.loads(done.stdout)
        return wins

    return run
