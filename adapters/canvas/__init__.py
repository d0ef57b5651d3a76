"""Canvas."""

from adapters.canvas.install import installation, registration_request
from adapters.canvas.launch import read_claims, read_form
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
    installation=installation,
    registration_request=registration_request,
)
