"""One person of Canvas, by the ID that their launch carries (lib/api.rb of canvas-lms names users in addresses)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from adapters.canvas.api import Canvas, NotPermitted
from adapters.canvas.listing import STATES, places
from adapters.canvas.people import CanvasUser, member
from adapters.canvas.roster import ALWAYS_SENT, require_fields
from adapters.canvas.settings import Api, Settings
from bridge.contracts import Kind, ReaderContext, RosterMember
from bridge.errors import ConfigError, RosterIncomplete
from bridge.net import answers

T = TypeVar("T")

NAMED_BY: Final = {"sis_user_id": "sis_user_id", "login_id": "sis_login_id", "integration_id": "sis_integration_id"}
"""What an address calls a person by, for each `student_id` that Canvas looks up itself."""
LAUNCHED_BY: Final = {Kind.LTI13: "lti_1_3_id", Kind.LTI11: "lti_user_id"}
"""The same for what launches call a person by."""

_user = msgspec.json.Decoder(CanvasUser)
_users = msgspec.json.Decoder(list[CanvasUser])
_rows = msgspec.json.Decoder(list[dict[str, object]])


def look_up(settings: Settings, context: ReaderContext, student_id: str) -> Sequence[RosterMember]:
    """The people who have the ID now. Raises what reading the roster raises."""
    canvas = _canvas(settings, context)
    found = list(_named(canvas, settings, student_id))
    require_fields(found, ALWAYS_SENT & {settings.student_id, *settings.roster.attributes.values()})
    return [member(user, settings.student_id) for user in found if _is_on_roster(canvas, settings, user)]


def record_of_launch(settings: Settings, context: ReaderContext, kind: str, record: str) -> str:
    """The number of the user whom a launch calls so; empty where Canvas has nobody (any more) by that name."""
    named = LAUNCHED_BY.get(Kind(kind))
    found = None if named is None else _ask(_canvas(settings, context), f"users/{named}:{quote(record, safe='')}")
    return "" if found is None else str(found.id)


def _canvas(settings: Settings, context: ReaderContext) -> Canvas:
    if settings.api is None:
        raise ConfigError(["looking people up in Canvas needs the key `api` in its connection, with `url` and `token`"])
    return Canvas(settings.api, context)


def _named(canvas: Canvas, settings: Settings, student_id: str) -> Iterator[CanvasUser]:
    if settings.student_id == "email":
        yield from _with_email(canvas, settings.api, student_id)
        return
    if settings.student_id == "canvas_user_id":
        named = student_id if student_id.isascii() and student_id.isdigit() else ""
    else:
        named = f"{NAMED_BY[settings.student_id]}:{quote(student_id, safe='')}"
        if "/" in student_id:  # no address of Canvas's takes one, written as it may be
            named = f"hex:{NAMED_BY[settings.student_id]}:{student_id.encode().hex()}"
    found = _ask(canvas, f"users/{named}?include%5B%5D=email") if named else None
    if found is not None:
        yield found


def _with_email(canvas: Canvas, api: Api | None, email: str) -> Iterator[CanvasUser]:
    """Canvas finds parts of addresses, and of names."""
    account = quote(api.account if api is not None else "self", safe=":~")
    path = f"accounts/{account}/users?search_term={quote(email, safe='')}&include%5B%5D=email&per_page=100"
    answer = canvas.ask("GET", canvas.address(path))
    if answer.next_url:
        raise RosterIncomplete("Canvas finds more than 100 people by this e-mail address")
    for user in _decoded(_users, answer.body):
        if str(user.email or "").casefold() == email.casefold():
            yield user


def _ask(canvas: Canvas, path: str) -> CanvasUser | None:
    try:
        answer = canvas.ask("GET", canvas.address(path))
    except NotPermitted as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return _decoded(_user, answer.body)


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return answers.read_as(decoder, body)
    except (answers.NotJson, msgspec.ValidationError) as error:
        raise RosterIncomplete("Canvas answered with something that is not a person with an id") from error


def _is_on_roster(canvas: Canvas, settings: Settings, user: CanvasUser) -> bool:
    """Whether the person is enrolled in one of the courses and sections that the roster is of."""
    chosen = list(places(settings.roster.filters))
    asked = (f"{place}/enrollments?user_id={user.id}&{STATES}&per_page=1" for place in chosen)
    return not chosen or any(_anything(canvas, path) for path in asked)


def _anything(canvas: Canvas, path: str) -> bool:
    found = _decoded(_rows, canvas.ask("GET", canvas.address(path)).body)
    return any(row.get("type") != "StudentViewEnrollment" for row in found)
