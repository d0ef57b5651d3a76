"""Any LTI platform."""

from adapters.lti.install import installation, registration_request
from adapters.lti.launch import read_claims, read_course, read_form
from adapters.lti.look_up import look_up, look_up_lacks
from adapters.lti.roster import read_roster
from adapters.lti.settings import Settings
from bridge.contracts import Adapter, Kind

ADAPTER = Adapter(
    name="lti",
    title="Any LTI platform",
    settings=Settings,
    read_claims=read_claims,
    read_course=read_course,
    read_form=read_form,
    read_roster=read_roster,
    look_up=look_up,
    look_up_lacks=look_up_lacks,
    installation=installation,
    registration_request=registration_request,
    roster_namespace=Kind.LTI13,
    claims_roster=lambda settings: bool(settings.custom_name),
)
