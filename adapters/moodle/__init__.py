"""Moodle."""

from adapters.moodle.install import installation, registration_request
from adapters.moodle.launch import read_claims, read_form
from adapters.moodle.look_up import look_up, record_of_launch
from adapters.moodle.roster import read_roster
from adapters.moodle.settings import Settings
from bridge.contracts import Adapter, Kind

ADAPTER = Adapter(
    name="moodle",
    title="Moodle",
    settings=Settings,
    read_claims=read_claims,
    read_form=read_form,
    read_roster=read_roster,
    look_up=look_up,
    record_of_launch=record_of_launch,
    installation=installation,
    registration_request=registration_request,
    roster_namespace=Kind.LTI13,
)
