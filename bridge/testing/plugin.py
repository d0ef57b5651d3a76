"""A pytest plugin that holds an adapter against the contract: `pytest --ottobridge-adapter acme_lms:ADAPTER`.

Every pytest run where OttoBridge is installed loads this file: without the option it adds a line of help, no more, and
it imports nothing of ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

OPTION = "--ottobridge-adapter"


def pytest_addoption(parser: Any) -> None:
    """The one option."""
    parser.getgroup("ottobridge").addoption(
        OPTION, metavar="MODULE:NAME", default="", help="Hold this adapter of OttoBridge against its contract."
    )


def pytest_configure(config: Any) -> None:
    """Collect the contract beside what was asked for, where an adapter is named."""
    if config.getoption(OPTION):
        config.args.append(str(Path(__file__).with_name("named_adapter.py")))
