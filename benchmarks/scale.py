"""What more machines give, and what very many connections, users and launches cost; on PostgreSQL.

    python -m benchmarks.scale launches syncs connections record
    python -m benchmarks.scale record --users 10000000 --launches 50000000    # 40 GB of disk, a quarter of an hour

Everything runs on this machine, clients and database as well, so rates by the clock end at its cores; what a launch
takes of each process's processor does not, and is what docs/scale.md reckons with.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from benchmarks import scale_connections, scale_launches, scale_record, scale_syncs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ["launches", "syncs", "connections", "record"]
    parser.add_argument("parts", nargs="*", choices=[*parts, []], default=parts)
    parser.add_argument("--connections", type=int, default=20_000)
    parser.add_argument("--users", type=int, default=10_000_000)
    parser.add_argument("--launches", type=int, default=50_000_000)
    asked = parser.parse_args()
    measured: dict[str, Callable[[], bool]] = {
        "launches": scale_launches.run,
        "syncs": scale_syncs.run,
        "connections": lambda: scale_connections.run(asked.connections),
        "record": lambda: scale_record.run(asked.users, asked.launches),
    }
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    kept = [measured[part]() for part in asked.parts]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
