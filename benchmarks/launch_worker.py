"""One side of benchmarks/launch.py in a process of its own: for each line that says how often, the medians as JSON."""

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
    """Ten requests, so that its turns are about as long as others'."""
    app = Flask(__name__)
    app.add_url_rule("/", "hello", lambda: "Hello, World!")
    client = app.test_client()

    def once() -> dict[str, float]:
        return {"request": statistics.median(timed(lambda: client.get("/"), 200) for _ in range(10))}

    return once


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
    """Launches by LTI 1.1, in a loop of their own: what runs between two pairs makes them slower, and most sides have
    nothing to run there.
    """

    def once() -> dict[str, float]:
        side.client = side.app.test_client()
        form = side.launch11()
        return {"launch 1.1": timed(form.send, form.good)}

    return once


def medians(once: Callable[[], dict[str, float]], times: int) -> dict[str, float]:
    rows = [once() for _ in range(times)]
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def main() -> None:
    name = sys.argv[1]
    side = None if name == "bare" else tool(name)
    loops = [bare() if side is None else pairs(side), *([forms(side)] if hasattr(side, "launch11") else [])]
    for times in sys.stdin:
        found = [medians(once, int(times)) for once in loops]
        print(json.dumps(dict(item for row in found for item in row.items())), flush=True)


if __name__ == "__main__":
    main()
