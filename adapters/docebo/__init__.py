"""Docebo: LTI launches, and the roster by its REST API."""

from adapters.docebo.examine import examine
from adapters.docebo.install import installation
from adapters.docebo.launch import read_claims, read_form
from adapters.docebo.look_up import look_up
from adapters.docebo.roster import read_roster
from adapters.docebo.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="docebo",
    title="Docebo",
    settings=Settings,
    read_claims=read_claims,
    read_form=read_form,
    read_roster=read_roster,
    look_up=look_up,
    examine=examine,
    installation=installation,
)
