"""Which field of a Moodle launch is what (facts of Moodle 4.5: the same person has four ids).

Moodle alone fills all of them: what a course's author adds to an activity arrives as custom fields, which are not read
here (docs/security.md, "Who wrote the field").
"""

from __future__ import annotations

from adapters.moodle.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.lti.student import claim, launch_of_claims, launch_of_form, read_id

CLAIMS = {
    "idnumber": ("lis", "person_sourcedid"),
    "username": ("ext", "user_username"),
    "user_id": ("sub",),
    "email": ("email",),
}
"""LTI 1.3: where the value of each `student_id` setting stands."""

FIELDS = {
    "idnumber": "lis_person_sourcedid",
    "username": "ext_user_username",
    "user_id": "user_id",
    "email": "lis_person_contact_email_primary",
}
"""LTI 1.1: the same."""


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token of Moodle's."""
    value = claim(claims, *CLAIMS[settings.student_id])
    return launch_of_claims(claims, read_id([value], (), settings.student_id))


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form of Moodle's."""
    value = form.get(FIELDS[settings.student_id])
    return launch_of_form(form, read_id([value], (), settings.student_id))
