"""D2L Brightspace: LTI launches, and the roster by its API."""

from adapters.brightspace.api import oauth_client
from adapters.brightspace.examine import examine
from adapters.brightspace.install import installation
from adapters.brightspace.launch import read_claims, read_form
from adapters.brightspace.look_up import look_up, look_up_lacks
from adapters.brightspace.roster import read_roster
from adapters.brightspace.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="brightspace",
    title="D2L Brightspace",
    settings=Settings,
    read_claims=read_claims,
    read_form=read_form,
    read_roster=read_roster,
    look_up=look_up,
    look_up_lacks=look_up_lacks,
    examine=examine,
    installation=installation,
    consent=oauth_client,
)
