"""How fast, and in how much memory, a REST list is read by each kind of paging; against fetching its pages bare.

    python -m benchmarks.roster_lists --people 100000      # a minute; 1000000 takes some
    python -m benchmarks.roster_lists --kinds token --delays 0.02

A server in a process of its own sends pages of a hundred people; PAGE_SIZE says otherwise, and then bare reading costs
less for a person, so that no ratio is kept. `bare` fetches every page with requests and throws it
away; `read` is the whole reader: access, proofs, people. Rounds are interleaved and ratios are medians of rounds; at
0 ms a page everything that the reader does shows, at 20 ms the network hides it where pages are read ahead. Exits 1
where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from statistics import median
from typing import Any
from urllib.parse import parse_qs

from benchmarks.roster_steps import Timed, measure, run_step, served

MODULE = "benchmarks.roster_lists"
KINDS = ("number", "offset", "token", "link")
SIZE = int(os.environ.get("PAGE_SIZE", "100"))
KEY = "key-of-the-benchmark"
ROW = (
    '{"id":"%(n)d","externalId":"E%(n)07d","userName":"zoe%(n)d","firstName":"Zo\\u00eb","lastName":"Person %(n)d",'
    '"email":"zoe%(n)d@example.edu","division":"north","status":"active","modified":"2026-11-01T00:00:00Z"}'
)
GOALS = {0.0: 2.5, 0.02: 1.05}
"""Times bare reading, by seconds a page. A sync reads ahead, so that what the reader does at 20 ms is hidden there."""
MEGABYTES = 128


def description(kind: str) -> dict[str, Any]:
    paging: dict[str, Any] = {"kind": kind, "size_parameter": "limit", "size": SIZE}
    if kind != "link":
        paging["parameter"] = {"number": "page", "offset": "start", "token": "cursor"}[kind]
    if kind in {"token", "link"}:
        paging["cursor"] = "next"
    else:
        paging["total"] = "total"
    names = {"first_name": "firstName", "last_name": "lastName"}
    active = {"field": "status", "values": "active"}
    ids = ["id", "externalId", "userName", "email"]
    headers = {"Authorization": "Bearer {api_key}"}
    described = {"path": "people", "items": "data", "paging": paging, "ids": ids, "active": active, **names}
    return {**described, "auth": {"headers": headers}}


def serve(kind: str, people: str, delay: str) -> None:
    """A list of so many people, a page in `delay` seconds."""
    from tests.fakes.serving import FakeServer, Reply, Request

    total, url = int(people), [""]

    def answer(request: Request) -> Reply:
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        start = int(query.get("start", query.get("cursor", 0))) or (int(query.get("page", 1)) - 1) * SIZE
        end = min(start + SIZE, total)
        rows = ",".join([ROW % {"n": n} for n in range(start, end)])
        following = {"token": str(end), "link": f"{url[0]}/people?limit={SIZE}&start={end}"}.get(kind, "")
        told = f',"next":{json.dumps(following if end < total else None)}' if following else f',"total":{total}'
        return Reply(200, f'{{"data":[{rows}]{told}}}'.encode())

    with FakeServer(answer, delay=float(delay)) as server:
        url[0] = server.url
        print(server.url, flush=True)
        sys.stdin.read()


def bare(kind: str, url: str) -> dict[str, Any]:
    """Fetch every page with requests and throw it away."""
    import requests

    session = requests.Session()
    session.trust_env = False
    following, number, total = f"{url}/people?limit={SIZE}", 1, 0
    with Timed() as timed:
        while following:
            with session.get(following, timeout=60) as answer:
                body = answer.content
            total += len(body)
            number += 1
            tail = json.loads("{" + body[body.rindex(b"]") + 2 :].decode())
            following = _after(kind, url, number, tail)
    return {**timed.used, "bytes": total}


def _after(kind: str, url: str, number: int, tail: dict[str, Any]) -> str:
    if kind in {"token", "link"}:
        following = tail["next"] or ""
        return following if kind == "link" or not following else f"{url}/people?limit={SIZE}&cursor={following}"
    if (number - 1) * SIZE >= tail["total"]:
        return ""
    start = {"number": f"page={number}", "offset": f"start={(number - 1) * SIZE}"}[kind]
    return f"{url}/people?limit={SIZE}&{start}"


def read(kind: str, url: str) -> dict[str, Any]:
    """Everybody, by the reader."""
    from adapters.rest_list.roster import read_roster
    from adapters.rest_list.settings import Settings
    from tests.fakes.contexts import Clock

    api = {"url": url, "api_key": KEY}
    made = Settings.model_validate({"student_id": "externalId", "api": api, "list": description(kind)})
    with Timed() as timed:
        for page in read_roster(made, Clock().context()):
            end = page
    return {**timed.used, "people": end.total}


STEPS: dict[str, Callable[..., dict[str, Any] | None]] = {"serve": serve, "bare": bare, "read": read}


def compare(kind: str, people: int, delay: float, rounds: int) -> int:
    """One kind; says how many goals were missed."""
    with served(MODULE, kind, people, delay) as url:
        pairs = [(measure(MODULE, "bare", kind, url), measure(MODULE, "read", kind, url)) for _ in range(rounds)]
    ratio = median(found["seconds"] / plain["seconds"] for plain, found in pairs)
    most = max(found["megabytes"] for _, found in pairs)
    plain, found = pairs[-1]
    missed = (ratio > GOALS.get(delay, GOALS[0.0])) + (most > MEGABYTES)
    print(
        f"{'MISSED' if missed else 'kept  '} {kind:7} {delay * 1000:3.0f} ms a page: {ratio:.2f} times bare "
        f"(<= {GOALS.get(delay, GOALS[0.0])}), bare {plain['seconds']:.2f} s, read {found['seconds']:.2f} s "
        f"({found['cpu'] / found['people'] * 1e6:.1f} µs of CPU a person), {most:.0f} MB (<= {MEGABYTES})",
        flush=True,
    )
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--delays", nargs="+", type=float, default=sorted(GOALS))
    asked = parser.parse_args()
    print(f"{asked.people:,} people, Python {sys.version.split()[0]}, {os.cpu_count()} cores", flush=True)
    missed = sum(compare(kind, asked.people, delay, asked.rounds) for delay in asked.delays for kind in asked.kinds)
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["step"]:
        run_step(STEPS, *sys.argv[2:])
    else:
        sys.exit(main())
