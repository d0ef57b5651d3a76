"""A CSV or XLSX file as a roster."""

from adapters.spreadsheet.correction import correct
from adapters.spreadsheet.roster import read_roster
from adapters.spreadsheet.settings import Settings
from bridge.contracts import Adapter
from bridge.files.digest import digest_of

ADAPTER = Adapter(
    name="spreadsheet",
    title="CSV or Excel file",
    settings=Settings,
    read_roster=read_roster,
    correct=correct,
    fingerprint=lambda settings: digest_of(settings.file),
)
