"""Canvas."""

from adapters.canvas.install import installation, registration_request
from adapters.canvas.launch import read_claims, read_form
from adapters.canvas.look_up import look_up, record_of_launch
from adapters.canvas.roster import read_roster
from adapters.canvas.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="canvas",
    title="Canvas",
    settings=Settings,
    read_claims=read_claims,
    read_form=read_form,
    read_roster=read_roster,
    look_up=look_up,
    record_of_launch=record_of_launch,
    installation=installation,
    registration_request=registration_request,
)
