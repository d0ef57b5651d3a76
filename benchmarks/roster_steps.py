"""What the benchmarks of roster readers share: each step runs in a process of its own, whose time and memory are told.

A benchmark gives its module's name and its steps; `MODULE step NAME ARGUMENTS…` runs one of them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Steps = Mapping[str, Callable[..., dict[str, Any] | None]]


class Timed:
    """A block, by the clock and by the processor: `used`, in seconds."""

    def __enter__(self) -> Timed:
        self._began, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.used = {"seconds": time.perf_counter() - self._began, "cpu": time.process_time() - self._cpu}


@contextmanager
def served(module: str, what: str, people: int, delay: float) -> Iterator[str]:
    """The address that the step `serve` of `module` prints first."""
    arguments = [sys.executable, "-m", module, "step", "serve", what, str(people), str(delay)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(arguments, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def measure(module: str, *arguments: str) -> dict[str, Any]:
    """What a step of `module` found."""
    command = [sys.executable, "-m", module, "step", *arguments]
    return dict(json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout))


def run_step(steps: Steps, name: str, *arguments: str) -> None:
    """Run a step here, and print what it found with the memory that it took."""
    found = steps[name](*arguments)
    if found is not None:
        print(json.dumps({**found, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
