"""The checks that a roster must pass before it counts as complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urljoin

from bridge.config.settings import origin
from bridge.contracts import RosterEnd, RosterMember, RosterPages
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.net.http import host_of


def require_complete(pages: Iterable[Sequence[RosterMember]], id_name: str, rights: str) -> RosterPages:
    """`pages`, then their RosterEnd. `pages` raises where it cannot be read to its end.

    Raises RosterIncomplete where nobody is there, or nobody has a student ID: with too few rights an LMS answers
    "nobody" or leaves the IDs out and calls that success; and where the LMS refuses after the first page: then the
    list has broken off. `id_name` is the field asked for, `rights` says what to change in the LMS.
    """
    total, with_id = 0, False
    for page in _unbroken(pages):
        total += len(page)
        with_id = with_id or any(member.student.student_id for member in page)
        if page:
            yield page
    if not total:
        raise RosterIncomplete(f"the roster is empty; nobody will be deactivated. {rights}")
    if not with_id:
        raise RosterIncomplete(f"none of {total} people has a {id_name}; nobody will be deactivated. {rights}")
    yield RosterEnd(total)


def _unbroken(pages: Iterable[Sequence[RosterMember]]) -> Iterator[Sequence[RosterMember]]:
    began = False
    try:
        for page in pages:
            began = True
            yield page
    except RemoteRefused as refused:
        if not began:
            raise
        raise RosterIncomplete(f"the list of people broke off: {refused}") from refused


def next_page(url: str, link: str) -> str:
    """The address of the page after the one at `url`: its `next` link as given, or empty where there is none.

    Raises RosterIncomplete where it leads to another host, which must not see the token.
    """
    try:
        following = urljoin(url, link) if link else ""
        astray = bool(following) and origin(following) != origin(url)
    except ValueError:
        astray = True
    if astray:
        raise RosterIncomplete(f"{host_of(url)}: the list of people goes on at another host")
    return following
