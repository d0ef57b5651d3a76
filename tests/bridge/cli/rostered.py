"""A roster source and the sandbox OttoLearn around `ottobridge sync`, for tests of what a source does wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner

from bridge.cli import cli
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.migrated import migrated_in


def around(folder: Path, ottolearn: str, connections: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with these connections, with a database in `folder` and the sandbox at `ottolearn`."""
    return {
        "bridge": {
            "public_url": "https://bridge.example.edu",
            "secret_key": "a secret key of thirty-two bytes or more",
            "database_url": migrated_in(folder),
            "trusted_networks": ["127.0.0.0/8"],
        },
        "ottolearn": {
            "api_url": ottolearn,
            "organization_id": 1,
            "username": "api",
            "password": "api",
            "username_attributes": ["username", "employeeId"],
            "learner_url": f"{ottolearn}/learn",
            "sign_in": {"method": "signed_link", "url": f"{ottolearn}/learn", "secret": "x" * 32},
        },
        "connections": dict(connections),
    }


class Rostered:
    """One connection, synced by the command into an OttoLearn that deactivates at once who is gone."""

    def __init__(self, folder: Path, ottolearn: str, adapter: str, keys: Mapping[str, Any]) -> None:
        self._adapter = adapter
        self._config = folder / "config.yaml"
        self.tree = around(folder, ottolearn, {"source": {"adapter": adapter, **keys}})
        self.configure()

    def configure(self, **roster: Any) -> None:
        """Set keys of the connection's `roster:`."""
        connection = self.tree["connections"]["source"]
        leaving = {"on_leave": "deactivate", "grace": {"days": "0", "complete_reads": "1"}}
        connection["roster"] = {**leaving, **connection.get("roster", {}), **roster}
        self._config.write_text(yaml.safe_dump(self.tree), "utf-8")

    def run(self, *arguments: str) -> tuple[int, Any]:
        """The exit code and the JSON document of a command."""
        result = CliRunner().invoke(cli, ["--config", str(self._config), *arguments, "--json"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, json.loads(result.stdout)

    def sync(self, *options: str) -> tuple[int, Any]:
        """The exit code and the outcome of a sync."""
        return self.run("sync", self._adapter, "source", *options)

    def refused(self, *options: str) -> str:
        """What a sync says that must not count: held back, exit 3, nobody changed."""
        code, outcome = self.sync(*options)
        assert (code, outcome["status"], outcome["reason"]) == (3, "held_back", "roster_incomplete"), outcome
        assert (outcome["created"], outcome["updated"], outcome["deactivated"]) == (0, 0, 0)
        return " ".join(outcome["notices"])

    def outcome_of(self, student_id: str) -> str:
        """How a launch with this ID would end."""
        return str(self.run("learners", "find", student_id)[1]["outcome"])


@contextmanager
def rostered(folder: Path, adapter: str, keys: Mapping[str, Any]) -> Iterator[Rostered]:
    """The command around a source."""
    with serve(create_sandbox()) as ottolearn:
        yield Rostered(folder, ottolearn.url, adapter, keys)
