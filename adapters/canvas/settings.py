"""The keys of a Canvas connection."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bridge.config.settings import Frozen, Origin, origin
from bridge.lti.settings import Lti11, Lti13
from bridge.roster.settings import Roster as AnyRoster

CanvasId = Annotated[str, Field(pattern=r"^(self|[0-9]+(~[0-9]+)?|sis_[a-z]+_id:[^\s/?#]+)$")]
"""How Canvas names a thing in an address (doc/api/object_ids.md): `7`, `1~7`, `self`, `sis_course_id:BIO-101`."""


class Api(Frozen):
    """The REST API of one Canvas account."""

    url: Annotated[Origin, AfterValidator(origin)]
    token: SecretStr = Field(min_length=1)
    account: CanvasId = "self"
    """`self` is the root account of the host."""


class Filters(Frozen):
    """Who is on the roster; nothing given: the whole account."""

    courses: tuple[CanvasId, ...] = ()
    sections: tuple[CanvasId, ...] = ()


class Roster(AnyRoster):
    """The `roster:` part."""

    filters: Filters = Filters()


class Settings(Frozen):
    """One Canvas account."""

    student_id: Literal["sis_user_id", "integration_id", "login_id", "canvas_user_id", "email"] = "sis_user_id"
    impersonation: Literal["refuse", "mark"] = "refuse"
    """What becomes of Canvas's Test Student and of administrators who act as somebody else: refused, or let in with a
    remark in the record. Canvas tells by the custom fields that `ottobridge setup` hands out."""
    lti13: Lti13 | None = None
    lti11: Lti11 | None = None
    api: Api | None = None
    roster: Roster = Roster()

    @property
    def needs_email(self) -> bool:
        """Whether the roster must tell people's email."""
        templates = self.roster.templates.values()
        return "email" in {self.student_id, *self.roster.attributes.values()} or any("{email}" in t for t in templates)

    @model_validator(mode="after")
    def _tells_email(self) -> Self:
        if self.needs_email and self.roster.filters.sections:
            raise ValueError("roster: Canvas tells no email by section; filter by courses, or leave email out")
        return self
