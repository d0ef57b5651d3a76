"""A CSV or XLSX file as a roster."""

from adapters.spreadsheet.roster import read_roster
from adapters.spreadsheet.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(name="spreadsheet", title="CSV or Excel file", settings=Settings, read_roster=read_roster)
