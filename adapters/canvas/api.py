"""Canvas's REST API, called one request at a time at the pace that Canvas asks for.

Canvas gives each token a leaky bucket (app/middleware/request_throttle.rb): 600 units, of which 10 leak away in a
second, and refuses with 403 or 429 while it is full. A refusal for lack of a right is 401 (until 2022) or 403 too,
so the body, not the status, says which it was. Messages are translated: only statuses and headers are decided on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from http import HTTPStatus

from adapters.canvas.settings import Api
from bridge.config.settings import origin
from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused, RemoteUnavailable, RosterIncomplete
from bridge.net.answers import body_excerpt, is_page
from bridge.net.http import Body, HttpResponse, host_of
from bridge.net.retry import with_retries
from bridge.roster.prefetch import prefetch

TIMEOUT = (5.0, 60.0)
DEADLINE = 180.0
MAX_BYTES = 16 * 1024 * 1024
"""Of one answer; a page of 100 users takes 40 KB."""
COMFORT = 200.0
"""Units left in the bucket below which we slow down."""
LEAK = 10.0
"""Units that leak out of the bucket in a second; operators may change it, so it only sets the pace, never a limit."""

LINKS_LOST = (
    "a page of Canvas's list came without the header Link, which every page of Canvas has and which says whether the "
    "list goes on: let whatever stands between Canvas and the bridge (a proxy, a firewall) pass it"
)


class NotPermitted(RemoteRefused):
    """The token is valid but lacks a right, or the thing is hidden from it."""


class Canvas:
    """One Canvas account as its token sees it."""

    def __init__(self, api: Api, context: ReaderContext) -> None:
        self._api = api
        self._context = context
        self._headers = {"Authorization": f"Bearer {api.token.get_secret_value()}", "Accept": "application/json"}

    def address(self, path: str) -> str:
        """Of `path` below the API, such as `accounts/self/users?sort=id`."""
        return f"{self._api.url}/api/v1/{path}"

    def headers_for(self, url: str) -> dict[str, str]:
        """The token, where `url` is on Canvas itself; nothing on any other host."""
        return self._headers if self._is_home(url) else {}

    def ask(self, method: str, url: str, form: Body | None = None) -> HttpResponse:
        """One call, repeated while Canvas says "later". Never made to another host.

        Raises NotPermitted, RemoteRefused for a token that is not valid, RemoteUnavailable after the last attempt.
        """
        if not self._is_home(url):
            raise RosterIncomplete(f"Canvas leads on to another host, {host_of(url)}; its token stays here")
        answer = with_retries(lambda: self._once(method, url, form), self._context)
        self._keep_pace(answer)
        return _accepted(answer)

    def pages(self, path: str) -> Iterator[bytes]:
        """The body of every page of a list, the next one asked for while one is used, and never two at once.

        Follows `next` links as they are given (they are opaque).

        Raises RosterIncomplete where the chain leaves Canvas, comes round again (gradecraft asked for one page for
        ever when Canvas changed its page tokens), or its links are lost on the way: the last page has them, too.
        """
        with prefetch(self._fetched(path), depth=1) as bodies:
            yield from bodies

    def _fetched(self, path: str) -> Iterator[bytes]:
        url, seen = self.address(path), set[int]()
        while url:
            if hash(url) in seen:  # hashes and not addresses: 50,000 pages must not weigh anything
                raise RosterIncomplete("Canvas sent the same next page twice; the list has no end")
            seen.add(hash(url))
            answer = self.ask("GET", url)
            yield answer.body
            if "Link" not in answer.headers:
                raise RosterIncomplete(LINKS_LOST)
            url = answer.next_url

    def _is_home(self, url: str) -> bool:
        try:
            return origin(url) == self._api.url
        except ValueError:  # an address that cannot be read, such as one with port 99999
            return False

    def _once(self, method: str, url: str, form: Body | None) -> HttpResponse:
        answer = self._context.outbound.request(
            method,
            url,
            headers=self._headers,
            data=form,
            timeout=TIMEOUT,
            deadline=DEADLINE,
            max_bytes=MAX_BYTES,
        )
        if answer.status == HTTPStatus.FORBIDDEN and b"Rate Limit Exceeded" in answer.body:
            raise RemoteUnavailable(
                "Canvas's rate limit is used up", status=answer.status, retry_after=_asked_wait(answer)
            )
        return answer

    def _keep_pace(self, answer: HttpResponse) -> None:
        """Wait for the bucket to leak before it is full, so that others who use the token are served too."""
        left = _number(answer, "X-Rate-Limit-Remaining")
        if left is not None and left < COMFORT:
            self._context.sleep((COMFORT - max(left, 0.0)) / LEAK)


def _asked_wait(answer: HttpResponse) -> float | None:
    """Seconds until the bucket is half empty: what Canvas asks for, or what its figures come to."""
    asked = _number(answer, "Retry-After")
    left = _number(answer, "X-Rate-Limit-Remaining")
    if asked is not None:
        return max(asked, 0.0)
    return None if left is None else max((COMFORT - left) / LEAK, 1.0)


def _number(answer: HttpResponse, header: str) -> float | None:
    try:
        number = float(answer.headers.get(header, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _accepted(answer: HttpResponse) -> HttpResponse:
    """The answer, where it is one. 401 with WWW-Authenticate is a bad token, without it a missing right."""
    status = answer.status
    if status == HTTPStatus.UNAUTHORIZED and "WWW-Authenticate" in answer.headers:
        raise RemoteRefused("Canvas does not take the token: it is wrong, expired or revoked", status=status)
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND} and is_page(answer.body):  # Canvas's API answers JSON
        raise RemoteRefused(f"Canvas answered {status}{body_excerpt(answer.body)}", status=status)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise NotPermitted("Canvas refuses: the token's user or its scopes lack a right", status=status)
    if status == HTTPStatus.NOT_FOUND:
        raise NotPermitted("Canvas does not have this, or hides it from the token's user", status=status)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise RemoteRefused(f"Canvas answered {status}{body_excerpt(answer.body)}", status=status)
    return answer
