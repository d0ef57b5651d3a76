"""Moodle."""

from adapters.moodle.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(name="moodle", title="Moodle", settings=Settings)
