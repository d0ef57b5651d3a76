"""The contract of the adapter that `--ottobridge-adapter` names, as pytest collects it."""

from __future__ import annotations

import importlib

import pytest

from bridge.testing.contract import AdapterContract
from bridge.testing.plugin import OPTION


class TestNamedAdapter(AdapterContract):
    """The adapter of the command line."""

    @pytest.fixture(autouse=True)
    def _named(self, request: pytest.FixtureRequest) -> None:
        module, _, name = request.config.getoption(OPTION).partition(":")
        type(self).adapter = getattr(importlib.import_module(module), name or "ADAPTER")
