"""A student information system that speaks OneRoster, as a roster."""

from adapters.oneroster.look_up import look_up
from adapters.oneroster.roster import read_changes, read_roster
from adapters.oneroster.settings import Settings
from bridge.contracts import Adapter
from bridge.files.digest import digest_of

ADAPTER = Adapter(
    name="oneroster",
    title="OneRoster",
    settings=Settings,
    read_roster=read_roster,
    read_changes=read_changes,
    look_up=look_up,
    fingerprint=lambda settings: "" if settings.file is None else digest_of(settings.file),
)
