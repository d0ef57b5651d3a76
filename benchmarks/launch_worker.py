"""One side of benchmarks/launch.py in a process of its own: given how often, it prints the medians as JSON."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from flask import Flask


def timed(call: Callable[[], Any], good: int) -> float:
    began = time.perf_counter()
    answer = call()
    took = time.perf_counter() - began
    if answer.status_code != good:
        raise SystemExit(f"answered {answer.status_code}: {answer.text[:500]}")
    return took


def bare() -> Callable[[], dict[str, float]]:
    app = Flask(__name__)
    app.add_url_rule("/", "hello", lambda: "Hello, World!")
    client = app.test_client()
    return lambda: {"request": timed(lambda: client.get("/"), 200)}


def tool(name: str) -> Any:
    """The side of this name, ready to launch."""
    if name == "ours":
        from benchmarks.launch_ours import Ours as Side
    elif name == "floor":
        from launch_floor import Floor as Side
    elif name == "storing floor":
        from launch_floor import StoringFloor as Side
    else:
        from launch_peer import Peer as Side
    return Side()


def pairs(side: Any) -> Callable[[], dict[str, float]]:
    def once() -> dict[str, float]:
        side.client = side.app.test_client()  # a browser of its own: no cookies pile up
        login: list[Any] = []
        took = {"login": timed(lambda: login.append(side.login()) or login[0], 302)}
        launch = side.launch(login[0])
        took["launch"] = timed(launch.send, launch.good)
        return took

    return once


def forms(side: Any) -> Callable[[], dict[str, float]]:
    """Launches by LTI 1.1, in a loop of their own: what runs between two pairs makes them slower, and most peers have
    nothing to run there.
    """

    def once() -> dict[str, float]:
        side.client = side.app.test_client()
        form = side.launch11()
        return {"launch 1.1": timed(form.send, form.good)}

    return once


def medians(once: Callable[[], dict[str, float]], times: int) -> dict[str, float]:
    for _ in range(20):
        once()
    rows = [once() for _ in range(times)]
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def main() -> None:
    name, times = sys.argv[1], int(sys.argv[2])
    side = None if name == "bare" else tool(name)
    found = medians(bare() if side is None else pairs(side), times)
    if hasattr(side, "launch11"):
        found |= medians(forms(side), times)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
