"""What the browser gets when a launch has ended: a redirect, or a page the learner understands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from flask import Response, make_response, render_template

from bridge.launch.redirect import SignInRedirect
from bridge.launch.service import LaunchResult
from bridge.presentation.advice import Reader, joined
from bridge.reasons import REASONS
from bridge.web.cookies import cookie_headers
from bridge.web.policy import permit
from bridge.web.presenting import reader, ways_to_support, words_of
from bridge.web.session_end import note_refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_URI = re.compile(r"https?://[!#$%&-;=?-Z_a-z~]+")
"""Characters that stand for themselves (RFC 3986, section 2), behind a scheme."""


def answer(result: LaunchResult) -> Response:
    """The browser's answer to a launch."""
    if result.redirect is not None:
        return go(result.redirect)
    note_refusal()
    reason = REASONS[result.reason]
    told = words_of(result)
    how = reason if reader() is Reader.ADMINISTRATOR else None
    page = render_template("outcome.html", result=result, told=told, how=how, **ways_to_support(result, told))
    return permit(make_response(page, reason.status), scripts=True, framed=True)


def go(redirect: SignInRedirect, status: int = 303) -> Response:
    """Send the browser on its way."""
    headers = [("Location", redirect.url), ("Content-Length", "0"), *cookie_headers(redirect.cookies)]
    return _Redirect(status, headers) if _URI.fullmatch(redirect.url) else Response(status=status, headers=headers)


class _Redirect(Response):
    """A redirect to what is an URI already: it is not taken apart and put together again as one with other letters is.

    What LMSs wait for at every launch is hardly more than that.
    """

    default_mimetype = None  # of no body

    def __init__(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        super().__init__(status=status)
        self._first = headers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        del environ
        start_response(self.status, [*self._first, *self.headers.to_wsgi_list()])
        return ()


def json_answer(result: LaunchResult) -> tuple[dict[str, str], int]:
    """The same for a package's page, which shows it to the learner itself."""
    if result.redirect is not None:
        url, _, session, code = result.redirect
        return {"url": url, **({"session": session} if session else {}), **({"code": code} if code else {})}, 200
    note_refusal()
    reason = REASONS[result.reason]
    told = words_of(result)
    found = {"error": result.reason, "reference": result.reference, "title": told.title, "message": joined(told)}
    return {**found, **ways_to_support(result, told), "student_id": result.student.student_id}, reason.status


def back_to_lms(result: LaunchResult) -> Response:
    """Send the browser of a refused launch back to its LMS with the reason, as LTI 1.1 asks of a tool (section 3)."""
    note_refusal()
    told = words_of(result)
    said = {
        "lti_errormsg": f"{told.title}: {joined(told)} ({result.reference})",
        "lti_errorlog": f"{result.reason} {result.reference}",
    }
    address, mark, fragment = result.return_url.partition("#")  # what stands behind the mark never reaches the LMS
    join = "&" if urlsplit(address).query else "?"
    return go(SignInRedirect(f"{address}{join}{urlencode(said)}{mark}{fragment}"))
