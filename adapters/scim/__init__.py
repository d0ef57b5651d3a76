"""An identity provider that pushes people by SCIM 2.0, as a roster."""

from adapters.scim.install import installation
from adapters.scim.roster import look_up, read_changes, read_roster
from adapters.scim.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="scim",
    title="SCIM",
    settings=Settings,
    read_roster=read_roster,
    read_changes=read_changes,
    look_up=look_up,
    installation=installation,
    takes_pushes=True,
    overlap=600.0,  # the clock is our own: so long may a push take until it is seen, and the clocks of servers differ
    roster_namespace="scim",
)
