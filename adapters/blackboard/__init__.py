"""Blackboard Learn: LTI launches, and the roster by its REST API."""

from adapters.blackboard.examine import examine
from adapters.blackboard.install import installation
from adapters.blackboard.launch import read_claims, read_form
from adapters.blackboard.look_up import look_up
from adapters.blackboard.roster import read_roster
from adapters.blackboard.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="blackboard",
    title="Blackboard Learn",
    settings=Settings,
    read_claims=read_claims,
    read_form=read_form,
    read_roster=read_roster,
    look_up=look_up,
    examine=examine,
    installation=installation,
)
