"""A browser without a screen: cookies, redirects, and forms that post themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import lxml.html
import requests

TIMEOUT = (5.0, 15.0)
"""Seconds to connect, seconds between two bytes."""
MAX_FORMS = 10


class Submission(NamedTuple):
    """A form as it was sent."""

    method: str
    url: str
    fields: Sequence[tuple[str, str]]


class Browser:
    """One person's browser. A form of class `posting` is what a page's script would submit by itself."""

    def __init__(self) -> None:
        self._session = _session()
        self._session.headers["Sec-Fetch-Dest"] = "document"  # as in a window of its own
        self.last_submission: Submission | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._session.close()

    def open(self, url: str) -> requests.Response:
        """Go to `url`, through redirects and forms that post themselves, to the page where it ends.

        Raises requests.RequestException where a site does not answer or pages send us round in circles.
        """
        answer = self._session.get(url, timeout=TIMEOUT)
        for _ in range(MAX_FORMS):
            submission = _posting_form(answer)
            if submission is None:
                return answer
            self.last_submission = submission
            answer = self.send(submission)
        raise requests.TooManyRedirects("pages go on posting themselves")

    def send(self, submission: Submission) -> requests.Response:
        """Send a form, or send it again, and follow redirects."""
        fields = list(submission.fields)
        if submission.method == "GET":
            return self._session.get(submission.url, params=fields, timeout=TIMEOUT)
        return self._session.post(submission.url, data=fields, timeout=TIMEOUT)

    def post_json(self, url: str, body: dict[str, Any], origin: str, bearer: str = "") -> requests.Response:
        """What a script of a page from `origin` sends with `fetch`, without cookies."""
        headers = {"Origin": origin, "Authorization": f"Bearer {bearer}", "X-OttoBridge-Handover": "post"}
        with _session() as session:
            return session.post(url, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)

    def post_from(self, origin: str, url: str, fields: dict[str, str]) -> requests.Response:
        """A form that a page from `origin` posts into a frame, and where it leads."""
        return self._session.post(url, data=fields, headers={"Origin": origin}, timeout=TIMEOUT)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy stands between the parts of one machine
    return session


def read_page(page: requests.Response) -> lxml.html.HtmlElement:
    """The page's document, every link and form in it with its whole address."""
    document = lxml.html.document_fromstring(page.text, base_url=page.url)
    if not isinstance(document, lxml.html.HtmlElement):
        raise TypeError("lxml made no HTML element")
    document.make_links_absolute()
    return document


def _posting_form(page: requests.Response) -> Submission | None:
    if not page.content or "html" not in page.headers.get("Content-Type", ""):
        return None
    form = next((form for form in read_page(page).forms if "posting" in form.classes), None)
    if form is None:
        return None
    fields = [(str(name), _as_sent(str(value))) for name, value in form.form_values()]
    return Submission(form.method, form.action or page.url, fields)


def _as_sent(value: str) -> str:
    """Browsers send every line break of a form as CR LF (HTML standard, "constructing the entry list")."""
    return re.sub(r"\r\n|\r|\n", "\r\n", value)
