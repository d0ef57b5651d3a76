"""Which field of a Blackboard launch is what.

Blackboard alone fills its own fields. Custom parameters, which carry what has no field of its own, are set by the
administrator of the tool, and by whoever makes a link in a course: an ID that only such a field says is `claimed`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from adapters.blackboard.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.lti.student import claim, launch_of_claims, launch_of_form, read_id


class Places(NamedTuple):
    """Where the value of a `student_id` setting stands in a launch, by who can write it."""

    claim: tuple[str, ...] = ()
    """LTI 1.3: a claim that Blackboard alone fills."""
    field: str = ""
    """LTI 1.1: a field that Blackboard alone fills."""
    custom: str = ""
    """A custom parameter, of both versions."""
    variable: str = ""
    """What Blackboard replaces in that parameter; empty where the sources name none."""


PLACES: Final = {
    "externalId": Places(("lis", "person_sourcedid"), "lis_person_sourcedid"),
    "uuid": Places(("sub",), "user_id"),
    "email": Places(("email",), "lis_person_contact_email_primary"),
    "userName": Places(custom="user_name", variable="@X@user.id@X@"),
    "id": Places(custom="user_pk", variable="@X@user.pk_string@X@"),
    "studentId": Places(custom="student_id"),
}


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token of Blackboard's."""
    places = PLACES[settings.student_id]
    own = [claim(claims, *places.claim)] if places.claim else []
    author = [claim(claims, "custom", places.custom)] if places.custom else []
    return launch_of_claims(claims, read_id(own, author, settings.student_id))


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form of Blackboard's."""
    places = PLACES[settings.student_id]
    own = [form.get(places.field)] if places.field else []
    author = [form.get(f"custom_{places.custom}")] if places.custom else []
    return launch_of_form(form, read_id(own, author, settings.student_id))
