"""A plan as a file: one JSON object a line, the first one saying what it is; to be read, kept, and applied as it is.

The database holds the same plan and the file's digest, so that a file that was changed by a letter is not applied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bridge.errors import ConfigError
from bridge.files.private import make_private
from bridge.store import sync_items, sync_runs
from bridge.store.database import Engine
from bridge.store.sync_items import Item, Kind, State
from bridge.store.sync_runs import Run

FORMAT = "ottobridge-plan-1"
SILENT = (Kind.ADOPT, Kind.RETURNED)
"""Kinds that change nothing anybody could see."""


def write_plan_file(engine: Engine, run: Run, path: Path) -> str:
    """Write the plan of `run`, readable by its owner alone; the digest. Raises ConfigError where it cannot be."""
    digest = hashlib.sha256()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(path)
        with path.open("wb") as file:
            for line in _lines(engine, run):
                digest.update(line)
                file.write(line)
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error
    return digest.hexdigest()


def read_plan_file(engine: Engine, path: Path) -> Run:
    """The run whose plan the file holds. Raises ConfigError for what is no plan of this database, letter by letter."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            first = file.readline(1 << 16)
            digest.update(first)
            while part := file.read(1 << 16):
                digest.update(part)
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error
    run = sync_runs.find(engine, _run_number(first, path))
    if run is None or run.plan != digest.hexdigest():
        raise ConfigError([f"{path}: not a plan that this bridge has made, or changed since; make a new one"])
    return run


def item_line(item: Item) -> dict[str, Any]:
    """One item as people and programs read it."""
    content = item.content
    line: dict[str, Any] = {"kind": item.kind, "student_id": item.student_id or item.key, "user_id": item.user_id}
    if item.state == State.HELD:
        line["state"] = item.state
    if content.where:
        line["where"] = content.where
    if item.reason:
        line["reason"] = item.reason
    if content.after:
        line["changes"] = {name: [content.before.get(name, ""), value] for name, value in content.after.items()}
    if content.foreign:
        line["kept"] = {name: list(sides) for name, sides in content.foreign.items()}
    if content.note:
        line["note"] = content.note
    return line


def iso(time: float | None) -> str:
    """Unix seconds as UTC text; empty for none."""
    if time is None:
        return ""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _run_number(first: bytes, path: Path) -> int:
    try:
        head = msgspec.json.decode(first)
    except (msgspec.DecodeError, UnicodeDecodeError):
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT or type(head.get("run")) is not int:
        raise ConfigError([f"{path}: not a plan file; `--plan --plan-file FILE` makes one"])
    return int(head["run"])


def _lines(engine: Engine, run: Run) -> Iterator[bytes]:
    head = {"format": FORMAT, "run": run.id, "connection": run.connection, "kind": run.kind, "settings": run.settings}
    if run.since is not None:
        head["changes_since"] = iso(run.since)
    yield msgspec.json.encode(head) + b"\n"
    for page in sync_items.pages(engine, run.id):
        for item in page:
            if item.kind not in SILENT:
                yield msgspec.json.encode(item_line(item)) + b"\n"
