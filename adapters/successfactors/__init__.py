"""SAP SuccessFactors: the students of Learning, or the users of the HCM suite, as a roster."""

from adapters.successfactors.roster import look_up, read_changes, read_roster
from adapters.successfactors.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="successfactors",
    title="SAP SuccessFactors",
    settings=Settings,
    read_roster=read_roster,
    read_changes=read_changes,
    tells_changes=lambda settings: settings.hcm is not None,
    look_up=look_up,
    look_up_lacks=lambda settings: (
        "" if settings.hcm is not None else "`hcm`: Learning cannot be asked for one student"
    ),
)
