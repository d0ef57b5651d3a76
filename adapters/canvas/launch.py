"""Which field of a Canvas launch is what.

The custom fields are those that `ottobridge setup` hands to the Canvas administrator: `student_id` for the SIS ID,
`integration_id`, `login_id`, `canvas_user_id`, one with the whole name, and two that tell who is not themselves. Where
Canvas sends the same under a name of its own, that serves too.
"""

from __future__ import annotations

from dataclasses import replace

from adapters.canvas.names import split_sortable_name
from adapters.canvas.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm, Student
from bridge.errors import LaunchRejected
from bridge.lti.launch import claim, launch_of_claims, launch_of_form
from bridge.lti.student import present, read_student, student_id

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
    remark = _impersonation(
        claim(claims, "custom", "student_view"), claim(claims, "custom", "masquerading_user_id"), settings
    )
    places = CLAIMS[settings.student_id]
    found = student_id((claim(claims, *place) for place in places), settings.student_id)
    launch = launch_of_claims(claims, found)
    if not (present(claims.get("given_name")) or present(claims.get("family_name"))):
        launch = replace(launch, student=_named(found, claim(claims, "custom", "sortable_name"), claims.get("name")))
    return replace(launch, remark=remark)


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form of Canvas's."""
    remark = _impersonation(form.get("custom_student_view"), form.get("custom_masquerading_user_id"), settings)
    found = student_id((form.get(name) for name in FIELDS[settings.student_id]), settings.student_id)
    launch = launch_of_form(form, found)
    if not (present(form.get("lis_person_name_given")) or present(form.get("lis_person_name_family"))):
        whole = (form.get("custom_sortable_name"), form.get("lis_person_name_full"))
        launch = replace(launch, student=_named(found, *whole))
    return replace(launch, remark=remark)


def _named(student_id: str, sortable: object, full: object) -> Student:
    """Who sends no parts of the name is named as Canvas itself would: its parts come from `sortable_name`, too."""
    first, last = split_sortable_name(present(sortable) or present(full))
    return read_student(student_id, first, last, "")


def _impersonation(student_view: object, masquerading: object, settings: Settings) -> str:
    """A remark on whoever is not themselves, or LaunchRejected where the connection refuses such launches.

    The Test Student of the student view is nobody. An administrator who acts as somebody else launches as that person;
    the variable then holds the administrator's id, and else its own name.
    """
    if student_view is True or present(student_view) == "true":
        reason, remark = "test_student", "Canvas's Test Student"
    elif present(masquerading):
        reason, remark = "masquerade", f"the Canvas user {present(masquerading)[:64]} acts as this person"
    else:
        return ""
    if settings.impersonation == "refuse":
        raise LaunchRejected(reason, remark)
    return remark
