"""Which field of a Canvas launch is what.

Canvas alone fills its own fields, but whoever edits a course can set custom fields of a link, which are merged over
those that `ottobridge setup` hands to the administrator: `integration_id`, `login_id`, `canvas_user_id`, one with the
whole name, and two that tell who is not themselves. An ID that only such a field says is `claimed`.
"""

from __future__ import annotations

from typing import NamedTuple

from adapters.canvas.names import split_sortable_name
from adapters.canvas.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm, Student
from bridge.errors import LaunchRejected
from bridge.lti.student import (
    CLAIM,
    claim,
    custom_fields,
    is_test_user,
    launch_of_claims,
    launch_of_form,
    present,
    read_id,
    read_student,
)


class Places(NamedTuple):
    """Where the value of a `student_id` setting stands in a launch, by who can write it."""

    platform: tuple[tuple[str, ...], ...] = ()
    """Claims of LTI 1.3 that Canvas alone fills."""
    custom: tuple[str, ...] = ()
    """Custom fields, of both versions."""
    field: tuple[str, ...] = ()
    """Fields of LTI 1.1 that Canvas alone fills."""


PLACES = {
    "sis_user_id": Places((("lis", "person_sourcedid"),), ("student_id",), ("lis_person_sourcedid",)),
    "integration_id": Places(custom=("integration_id",)),
    "login_id": Places(custom=("login_id", "canvas_user_login_id")),
    "canvas_user_id": Places(custom=("canvas_user_id",)),
    "email": Places((("email",),), (), ("lis_person_contact_email_primary",)),
}


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token of Canvas's."""
    custom = custom_fields(claims)
    student_view = is_test_user(claims[f"{CLAIM}roles"]) or custom.get("student_view")
    remark = _impersonation(student_view, custom.get("masquerading_user_id"), settings)
    places = PLACES[settings.student_id]
    named = read_id(
        [claim(claims, *place) for place in places.platform],
        [*map(custom.get, places.custom)],
        settings.student_id,
    )
    has_parts = present(claims.get("given_name")) or present(claims.get("family_name"))
    whole = (custom.get("sortable_name"), claims.get("name"))
    return launch_of_claims(
        claims, named, student=None if has_parts else _named(named.student_id, *whole), remark=remark
    )


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form of Canvas's."""
    roles = [role.strip() for name in ("roles", "ext_roles") for role in form.get(name, "").split(",")]
    remark = _impersonation(
        is_test_user(roles) or form.get("custom_student_view"), form.get("custom_masquerading_user_id"), settings
    )
    places = PLACES[settings.student_id]
    named = read_id(
        [form.get(name) for name in places.field],
        [form.get(f"custom_{name}") for name in places.custom],
        settings.student_id,
    )
    has_parts = present(form.get("lis_person_name_given")) or present(form.get("lis_person_name_family"))
    whole = (form.get("custom_sortable_name"), form.get("lis_person_name_full"))
    return launch_of_form(form, named, student=None if has_parts else _named(named.student_id, *whole), remark=remark)


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
