"""People from Canvas's lists: all users of an account, or whoever is enrolled in some courses and sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar
from urllib.parse import quote

import msgspec

from adapters.canvas.api import Canvas
from adapters.canvas.people import CanvasUser
from adapters.canvas.settings import Filters
from bridge.errors import RosterIncomplete
from bridge.net import answers
from bridge.roster.id_set import IdSet

Row = TypeVar("Row")


class _Enrollment(msgspec.Struct, gc=False):
    user: CanvasUser
    type: str = ""


_users = msgspec.json.Decoder(list[CanvasUser])
_enrollments = msgspec.json.Decoder(list[_Enrollment])

PAGE = "per_page=100"
"""The most Canvas gives; it cuts a larger wish silently, so only a missing `next` link ends a list."""

TAKE_PART = "enrollment_state%5B%5D=active&enrollment_state%5B%5D=invited"
STATES = "state%5B%5D=active&state%5B%5D=invited"
"""Which enrollments count, always said: without it the rows vary by version and by token (canvas-lms #1723, #2190)."""


def account_users(canvas: Canvas, account: str) -> Iterator[Sequence[CanvasUser]]:
    """Everybody in an account, by `sort=id`: the one order that Canvas pages by bookmark, so that nothing shifts.

    Raises RosterIncomplete where somebody comes twice: a bookmark that Canvas cannot read starts the list again.
    """
    seen = IdSet()
    for body in canvas.pages(f"accounts/{_in_path(account)}/users?sort=id&include%5B%5D=email&{PAGE}"):
        page = _decoded(_users, body)
        if not seen.add_all([user.id for user in page]):
            raise RosterIncomplete("Canvas started its list of users again before the end")
        yield page


def enrolled_users(canvas: Canvas, filters: Filters) -> Iterator[Sequence[CanvasUser]]:
    """Everybody with an active or invited enrollment, once each; the Test Student is nobody."""
    seen = IdSet()
    for place in places(filters):
        for body in canvas.pages(f"{place}/enrollments?{STATES}&{PAGE}"):
            rows = _decoded(_enrollments, body)
            yield [row.user for row in rows if row.type != "StudentViewEnrollment" and seen.add(row.user.id)]


def course_users(canvas: Canvas, filters: Filters) -> Iterator[Sequence[CanvasUser]]:
    """The same people of the courses, with their email, which no enrollment carries."""
    seen = IdSet()
    for course in filters.courses:
        for body in canvas.pages(f"courses/{_in_path(course)}/users?include%5B%5D=email&{TAKE_PART}&{PAGE}"):
            yield [user for user in _decoded(_users, body) if seen.add(user.id)]


def places(filters: Filters) -> Iterator[str]:
    """The courses and sections, as addresses begin with them."""
    for course in filters.courses:
        yield f"courses/{_in_path(course)}"
    for section in filters.sections:
        yield f"sections/{_in_path(section)}"


def _in_path(canvas_id: str) -> str:
    return quote(canvas_id, safe=":~")


def _decoded(decoder: msgspec.json.Decoder[list[Row]], body: bytes) -> list[Row]:
    try:
        return answers.read_as(decoder, body)
    except answers.NotJson as error:
        raise RosterIncomplete(f"a page of Canvas's list of people cannot be read: {error}") from error
    except msgspec.ValidationError as error:
        raise RosterIncomplete("Canvas sent a page that is not a list of people with their ids") from error
