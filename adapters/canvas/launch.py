"""Which field of a Canvas launch is what.

The custom fields are those that `ottobridge setup` hands to the Canvas administrator: `student_id` for the SIS ID,
`integration_id`, `login_id`, `canvas_user_id`. Where Canvas sends the same id under a name of its own, that serves too.
"""

from __future__ import annotations

from adapters.canvas.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.lti.launch import claim, launch_of_claims, launch_of_form
from bridge.lti.student import student_id

CLAIMS = {
    "sis_user_id": (("custom", "student_id"), ("lis", "person_sourcedid")),
    "integration_id": (("custom", "integration_id"),),
    "login_id": (("custom", "login_id"),),
    "canvas_user_id": (("custom", "canvas_user_id"),),
    "email": (("email",),),
}
"""LTI 1.3: where the value of each `student_id` setting stands, best first."""

FIELDS = {
    "sis_user_id": ("custom_student_id", "lis_person_sourcedid"),
    "integration_id": ("custom_integration_id",),
    "login_id": ("custom_login_id", "custom_canvas_user_login_id"),
    "canvas_user_id": ("custom_canvas_user_id",),
    "email": ("lis_person_contact_email_primary",),
}
"""LTI 1.1: the same."""


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token of Canvas's."""
    places = CLAIMS[settings.student_id]
    found = student_id((claim(claims, *place) for place in places), settings.student_id)
    return launch_of_claims(claims, found)


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form of Canvas's."""
    found = student_id((form.get(name) for name in FIELDS[settings.student_id]), settings.student_id)
    return launch_of_form(form, found)
