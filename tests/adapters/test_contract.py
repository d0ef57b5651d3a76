"""Every adapter of ADAPTERS keeps the contract; a new one is held to it by being named there."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from adapters import ADAPTERS
from bridge.contracts import Adapter
from bridge.testing.contract import ARGUMENTS, AdapterContract
from tests.adapters.broken_adapter import ADAPTER as BROKEN
from tests.conftest import ROOT

EXAMPLE = yaml.load((ROOT / "config.example.yaml").read_text("utf-8"), yaml.BaseLoader)["connections"]
PAGES = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs" / "lms").glob("*.md")))


def keys_of(adapter: Adapter[Any]) -> dict[str, Any] | None:
    """The keys of the adapter's connection in config.example.yaml, of those that are the adapter's own."""
    for keys in EXAMPLE.values():
        if keys["adapter"] == adapter.name:
            return {key: value for key, value in keys.items() if key in adapter.settings.model_fields}
    return None


class OurAdapter(AdapterContract):
    """What holds of an adapter in this repository besides."""

    def test_config_example_yaml_shows_a_connection(self) -> None:
        assert self.connection is not None, f"config.example.yaml: write a connection with adapter: {self.adapter.name}"

    def test_a_page_for_its_administrators_leads_to_its_readme(self) -> None:
        assert f"adapters/{self.folder.name}/README.md" in PAGES, "docs/lms: write a page that links its README.md"

    def test_it_stands_under_its_own_name_in_its_own_folder(self) -> None:
        assert self.folder == ROOT / "adapters" / self.adapter.name.replace("-", "_")


for _adapter in ADAPTERS:
    _class = f"Test{_adapter.name.title().replace('-', '')}"
    globals()[_class] = type(_class, (OurAdapter,), {"adapter": _adapter, "connection": keys_of(_adapter)})


def test_an_adapter_named_on_the_command_line_is_held_to_it_and_nobody_else_is(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("def test_other(): pass\n")
    installed = entry_points(group="pytest11", name="ottobridge")
    by_hand = (
        [] if installed else ["-p", "bridge.testing.plugin"]
    )  # a work tree that was installed before there was one
    plain = [sys.executable, "-m", "pytest", "-q", *by_hand, "-p", "no:cacheprovider"]
    without = subprocess.run(plain, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in without.stdout
    named = ["--ottobridge-adapter", "tests.adapters.broken_adapter:ADAPTER"]
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    held = subprocess.run([*plain, *named], cwd=tmp_path, env=path, capture_output=True, text=True, check=False)
    assert held.returncode == 1
    assert "write config.example.yaml in the folder of broken" in held.stdout
    assert "settings.py: write the fields roster, student_id" in held.stdout
    assert "write class Settings(Frozen)" in held.stdout


def test_a_roster_that_just_stops_when_the_lms_is_down_does_not_pass() -> None:
    class Broken(AdapterContract):
        adapter = BROKEN
        connection: ClassVar = {}

    with pytest.raises(AssertionError, match="it just stops when the LMS is down"):
        Broken().test_an_lms_that_is_down_is_not_taken_for_empty()


def test_to_load_the_plugin_imports_nothing_of_ours() -> None:
    ask = "import sys, bridge.testing.plugin; print(sorted(m for m in sys.modules if m.startswith('bridge')))"
    loaded = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "['bridge', 'bridge.testing', 'bridge.testing.plugin']"


def test_every_function_of_the_record_is_held_to_a_number_of_arguments() -> None:
    functions = {field.name for field in dataclasses.fields(Adapter) if "Callable" in str(field.type)}
    assert functions == set(ARGUMENTS)
