"""A student information system that speaks OneRoster, as a roster."""

from adapters.oneroster.roster import read_roster
from adapters.oneroster.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(name="oneroster", title="OneRoster", settings=Settings, read_roster=read_roster)
