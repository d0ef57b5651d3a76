"""Which field of a Brightspace launch is what. Brightspace alone fills these; no custom parameter is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.brightspace.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.lti.student import claim, launch_of_claims, launch_of_form, read_id

GROUP: Final = "http://www.brightspace.com"
"""Brightspace's own claim; it stands by itself, or within the claim `launch_presentation`."""
MEMBERS: Final = {"OrgDefinedId": "org_defined_id", "UserName": "username"}
"""Members of that claim."""
FIELDS: Final = {
    "OrgDefinedId": "ext_d2l_orgdefinedid",
    "UserName": "ext_d2l_username",
    "ExternalEmail": "lis_person_contact_email_primary",
}
"""LTI 1.1."""


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token of Brightspace's."""
    member = MEMBERS.get(settings.student_id)
    groups = (claims.get(GROUP), claim(claims, "launch_presentation", GROUP))
    values = [group.get(member) for group in groups if member and isinstance(group, Mapping)]
    mail = [claims.get("email")] if settings.student_id == "ExternalEmail" else []
    return launch_of_claims(claims, read_id([*values, *mail], [], settings.student_id))


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form of Brightspace's."""
    field = FIELDS.get(settings.student_id)
    return launch_of_form(form, read_id([form.get(field)] if field else [], [], settings.student_id))
