"""Names and Role Provisioning Services 2.0: the members of a course, every page of them.

A reader that stops early makes people look gone: hypothesis/lms reads ten pages and marks everybody else inactive. So
every way of not reaching the end raises here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from bridge.contracts import ReaderContext, clean
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.identifiers import normalize
from bridge.lti.student import present
from bridge.net import answers
from bridge.net.http import HttpResponse, host_of
from bridge.net.retry import with_retries
from bridge.roster.completeness import next_page
from bridge.roster.tokens import Token

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
LIMIT = 500
"""Members wished for in a page; Canvas gives 50 at most, Moodle everybody unless asked."""
MAX_PAGES = 20_000
MAX_PAGE_BYTES = 16 * 1024 * 1024
PAGE_SECONDS = 60.0
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"
_GONE = {"inactive", "deleted"}
_NAMES = ("given_name", "family_name", "name")


class Membership(NamedTuple):
    """One member of a course."""

    user_id: str
    """The `sub` of this person's launches."""
    active: bool
    fields: Mapping[str, str]
    """`user_id`, `lis_person_sourcedid`, `email` and other texts by their own name, custom ones as `custom.NAME`."""
    given_name: str
    family_name: str
    full_name: str


def read_members(
    url: str, token: Token, context: ReaderContext, *, rlid: str = "", max_pages: int = MAX_PAGES
) -> Iterator[Sequence[Membership]]:
    """The members at a `context_memberships_url`, a page at a time; exhausted only after the last page.

    A `token` that another process asked for is renewed where it is refused. With `rlid` the platform adds the custom
    fields of that link.
    Raises RosterIncomplete where the end is not reached, RemoteRefused and RemoteUnavailable where a call fails.
    """
    seen: set[str] = set()
    following = _first_page(url, rlid)
    while following:
        if following in seen:
            raise RosterIncomplete(f"{host_of(url)}: the list of members leads back to a page that was read")
        if len(seen) >= max_pages:
            raise RosterIncomplete(f"{host_of(url)}: the list of members has more than {max_pages} pages")
        seen.add(following)
        answer = with_retries(lambda at=following: _page(at, token, context), context)  # type: ignore[misc]
        yield _memberships(answer, url)
        following = next_page(following, answer.next_url)


def _first_page(url: str, rlid: str) -> str:
    given = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    wished = [f"limit={LIMIT}"] if "limit" not in given else []
    wished += [f"rlid={quote(rlid, safe='')}"] if rlid and "rlid" not in given else []
    joint = "&" if urlsplit(url).query else "?"
    return f"{url.rstrip('?')}{joint}{'&'.join(wished)}" if wished else url


def _called(url: str, token: Token, context: ReaderContext) -> HttpResponse:
    headers = {"Authorization": f"Bearer {token.get()}", "Accept": MEDIA_TYPE}
    return context.outbound.request("GET", url, headers=headers, deadline=PAGE_SECONDS, max_bytes=MAX_PAGE_BYTES)


def _page(url: str, token: Token, context: ReaderContext) -> HttpResponse:
    answer = _called(url, token, context)
    if answer.status == 401 and not token.fresh:
        token.forget()
        answer = _called(url, token, context)
    if answer.status != 200:
        raise RemoteRefused(
            f"{host_of(url)} answered {answer.status} to the list of members; the tool needs the service "
            f"Names and Role Provisioning in the platform, and an activity in the course"
            f"{answers.body_excerpt(answer.body)}",
            status=answer.status,
        )
    return answer


def _memberships(answer: HttpResponse, url: str) -> list[Membership]:
    try:
        said = answer.json()
    except RemoteRefused as error:
        raise RosterIncomplete(f"{host_of(url)}: a page of members cannot be read: {error}") from error
    members = said.get("members") if isinstance(said, dict) else None
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise RosterIncomplete(f"{host_of(url)}: a page holds no list of members")
    return [read_member(member, host_of(url)) for member in members]


def read_member(member: Mapping[str, Any], host: str) -> Membership:
    """One entry of `members` (NRPS 2.0 section 2.2). Raises RosterIncomplete where it has no `user_id`."""
    user_id = normalize(member.get("user_id"))
    if not user_id:
        raise RosterIncomplete(f"{host}: a member without user_id")
    own = {name: value for name, value in member.items() if name not in {"status", *_NAMES}}
    fields = {name: text for name, value in own.items() if (text := _said(value)) is not None}
    fields |= {f"custom.{name}": text for name, value in _custom(member) if (text := _said(value)) is not None}
    given, family, full = (clean(member.get(name)) for name in _NAMES)
    return Membership(user_id, str(member.get("status")).lower() not in _GONE, fields, given, family, full)


def _said(value: object) -> str | None:
    """The text of a field; empty for null, None where it says nothing: no text, or a variable nobody filled."""
    if value is None or value == "":
        return ""
    return present(value) or None


def _custom(member: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Custom fields of the messages that came with `rlid` (NRPS 2.0 section 2.4.2)."""
    messages = member.get("message")
    for message in messages if isinstance(messages, list) else ():
        custom = message.get(CUSTOM) if isinstance(message, dict) else None
        yield from (custom if isinstance(custom, dict) else {}).items()
