"""The LMS products the sandbox plays: each a record of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.lms import canvas, moodle
from sandbox.lms.settings import LtiTool
from sandbox.people import Person


class Product(NamedTuple):
    """How one product fills an LTI launch."""

    title: str
    login_fields: Callable[[LtiTool, Person], dict[str, str]]
    new_hint: Callable[[], str]
    read_claims: Callable[[LtiTool, Person, str], dict[str, Any]]
    form_fields: Callable[[LtiTool, Person, str], dict[str, str]]
    token_lifetime: int
    """Seconds."""


PRODUCTS = {
    "canvas": Product(
        "Canvas",
        canvas.login_fields,
        canvas.new_hint,
        canvas.read_claims,
        canvas.form_fields,
        canvas.TOKEN_LIFETIME,
    ),
    "moodle": Product(
        "Moodle",
        moodle.login_fields,
        moodle.new_hint,
        moodle.read_claims,
        moodle.form_fields,
        moodle.TOKEN_LIFETIME,
    ),
}
