"""Which field of a launch from Docebo is what. Docebo alone fills the fields that are read."""

from __future__ import annotations

from typing import Final

from adapters.docebo.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.lti.student import claim, launch_of_claims, launch_of_form, read_id

CLAIMS: Final = {"user_id": "sub", "email": "email"}
FIELDS: Final = {"user_id": "user_id", "email": "lis_person_contact_email_primary"}


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token."""
    value = claim(claims, CLAIMS[settings.student_id])
    return launch_of_claims(claims, read_id([value], [], settings.student_id))


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form."""
    return launch_of_form(form, read_id([form.get(FIELDS[settings.student_id])], [], settings.student_id))
