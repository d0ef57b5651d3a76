"""Docebo's launches: the number of the user, or the address, and nothing that a course author writes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from adapters.docebo.install import installation
from adapters.docebo.launch import read_claims, read_form
from adapters.docebo.settings import Settings
from bridge.contracts import Assurance, SignedClaims, SignedForm
from bridge.errors import LaunchRejected
from bridge.install.guide import Addresses, to_text
from bridge.lti.student import CLAIM

CLAIMS = {
    "sub": "13045",
    "email": "zoe@example.com",
    "given_name": "Zoë",
    "family_name": "O’Brien",
    f"{CLAIM}roles": [],
    f"{CLAIM}custom": {"user_id": "1", "student_id": "1"},
}
FORM = {
    "user_id": "13045",
    "lis_person_contact_email_primary": "zoe@example.com",
    "lis_person_name_full": "Zoë O’Brien",
    "custom_user_id": "1",
}
LTI13 = {
    "issuer": "https://acme.docebosaas.com",
    "client_id": "5",
    "deployment_ids": ["38"],
    "auth_url": "https://acme.docebosaas.com/a",
    "jwks_url": "https://acme.docebosaas.com/j",
}


def settings(**keys: Any) -> Settings:
    return Settings.model_validate(keys)


@pytest.mark.parametrize(("student_id", "found"), [("user_id", "13045"), ("email", "zoe@example.com")])
def test_the_id_is_what_docebo_signs(student_id: str, found: str) -> None:
    by_claims = read_claims(cast(SignedClaims, CLAIMS), settings(student_id=student_id))
    by_form = read_form(cast(SignedForm, FORM), settings(student_id=student_id))
    for launch in (by_claims, by_form):
        assert (launch.student.student_id, launch.student.last_name) == (found, "O’Brien")
        assert (launch.assurance, launch.record) == (Assurance.SIGNED, "13045")


@pytest.mark.parametrize("student_id", ["user_id", "email"])
def test_a_launch_without_the_id_takes_none_from_a_custom_field(student_id: str) -> None:
    bare = {name: value for name, value in CLAIMS.items() if name not in {"sub", "email"}}
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        read_claims(cast(SignedClaims, bare), settings(student_id=student_id))
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        read_form(cast(SignedForm, {"custom_user_id": "1"}), settings(student_id=student_id))


def test_the_sheet_names_the_addresses_and_no_secret() -> None:
    addresses = Addresses("https://bridge.example.edu", "docebo")
    both = settings(lti13=LTI13, lti11={"consumer_key": "k", "shared_secret": "s3cret-of-1.1"})
    text = to_text(installation(both, addresses))
    for address in (addresses.login, addresses.launch, addresses.keys):
        assert address in text
    assert "s3cret-of-1.1" not in text
    assert "a Power User sees only the users assigned" in text.replace("\n", " ")
    old = to_text(installation(settings(lti11={"consumer_key": "k", "shared_secret": "s"}), addresses))
    assert ("LTI 1.3" in old, "LTI 1.1" in old) == (False, True)
