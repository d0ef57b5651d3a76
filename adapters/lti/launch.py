"""Which field of a launch is what on a platform that keeps to the LTI specifications."""

from __future__ import annotations

from adapters.lti.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.lti.launch import claim, launch_of_claims, launch_of_form
from bridge.lti.student import student_id

CLAIMS = {"lis_person_sourcedid": ("lis", "person_sourcedid"), "user_id": ("sub",), "email": ("email",)}
FIELDS = {
    "lis_person_sourcedid": "lis_person_sourcedid",
    "user_id": "user_id",
    "email": "lis_person_contact_email_primary",
}


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token."""
    custom, place = settings.custom_name, CLAIMS.get(settings.student_id, ())
    value = claim(claims, "custom", custom) if custom else claim(claims, *place)
    return launch_of_claims(claims, student_id([value], settings.student_id))


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form. Custom parameters arrive in lower case with a prefix."""
    custom = settings.custom_name
    name = f"custom_{custom.lower()}" if custom else FIELDS[settings.student_id]
    return launch_of_form(form, student_id([form.get(name)], settings.student_id))
