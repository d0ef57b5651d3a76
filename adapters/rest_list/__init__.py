"""An LMS that lists its people to whoever has a key: TalentLMS, Absorb, Litmos, LearnUpon, Cornerstone, and others."""

from adapters.rest_list import presets
from adapters.rest_list.roster import look_up, read_changes, read_roster
from adapters.rest_list.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="rest-list",
    title="Another LMS with a REST API",
    settings=Settings,
    presets=presets.titles,
    read_roster=read_roster,
    read_changes=read_changes,
    tells_changes=lambda settings: bool(settings.list.changes),
    look_up=look_up,
    look_up_lacks=lambda settings: "" if settings.student_id in settings.list.find else "`list.find` for `student_id`",
)
