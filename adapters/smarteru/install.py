"""What a SmarterU administrator does for the roster; packages come from the connection with `adapter: scorm`."""

from __future__ import annotations

from adapters.smarteru.settings import SCORM_STUDENT_ID, Settings
from bridge.install.guide import Addresses, Entry, Section, SetupGuide


def installation(settings: Settings, addresses: Addresses) -> SetupGuide:
    """The two keys, and the export that tells the numbers apart."""
    where = f"connections.{addresses.connection}"
    keys = Section(
        "Keys of the API",
        "In SmarterU: Account Admin, Account Settings, API Setup. Then a user for the API alone, whose permissions let "
        "it see every user of the account: the API shows only whom this user may see, and calls that everybody.",
        (
            Entry("Account API key", f"{where}.api.account_key in config.yaml", copied=False),
            Entry("User API key", f"{where}.api.user_key in config.yaml", copied=False),
        ),
    )
    export = Section(
        "Export",
        "In SmarterU: Users Dashboard, Export to CSV (full); a mail brings the file. The plain export holds only the "
        "columns that are visible, and often not both numbers of a person.",
        (Entry("File", f"{where}.export in config.yaml", copied=False),),
    )
    sections = (keys, export) if settings.student_id == SCORM_STUDENT_ID else (keys,)
    return SetupGuide(f"SmarterU: {addresses.connection}", sections)
