"""What an administrator enters in Entra ID and in Okta: the address, the mapping of the ID, and never the token."""

from __future__ import annotations

import pytest

from adapters.scim.install import installation
from adapters.scim.settings import Settings
from bridge.install.guide import Addresses, to_text

HERE = Addresses("https://bridge.example.edu", "staff")


def test_both_consoles_get_the_address_and_how_to_make_a_token() -> None:
    text = to_text(installation(Settings(), HERE))
    assert "https://bridge.example.edu/scim/v2/staff?aadOptscim062020" in text
    assert "SCIM connector base URL:\n    https://bridge.example.edu/scim/v2/staff\n" in text
    assert text.count("ottobridge scim token staff") == 2


@pytest.mark.parametrize("student_id", ["userName", "externalId", "employeeNumber", "email"])
def test_the_mapping_of_the_student_id_is_named(student_id: str) -> None:
    sheet = installation(Settings.model_validate({"student_id": student_id}), HERE)
    values = {entry.label: entry.value for section in sheet.sections for entry in section.entries}
    wanted = {"employeeNumber": "enterprise:2.0:User:employeeNumber", "email": 'emails[type eq "work"].value'}
    assert values["Attribute mapping of the student ID"].endswith(wanted.get(student_id, student_id))
    assert values["Attribute of the student ID"].endswith(wanted.get(student_id, student_id))
