"""SmarterU, as a roster; its packages launch by the adapter `scorm`."""

from adapters.smarteru.examine import examine
from adapters.smarteru.install import installation
from adapters.smarteru.look_up import look_up
from adapters.smarteru.roster import read_changes, read_roster
from adapters.smarteru.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="smarteru",
    title="SmarterU",
    settings=Settings,
    read_roster=read_roster,
    read_changes=read_changes,
    look_up=look_up,
    examine=examine,
    installation=installation,
)
