"""The web sites of the browser tests, each a real server on loopback with a port, hence an origin, of its own."""

from __future__ import annotations

import html
import io
import json
import secrets
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import urlsplit

from adapters.scorm.launch import read_page
from adapters.scorm.settings import Settings
from bridge.config.settings import origin
from bridge.contracts import Launch, LaunchRequest
from bridge.errors import LaunchRejected
from bridge.presentation.advice import Reader, joined, words
from bridge.presentation.catalogue import catalogue
from bridge.presentation.languages import accepted, choose
from bridge.reasons import REASONS

TOKEN = "the-token-of-the-played-package"
EXPLANATION = "https://bridge.example.edu/admin/reference?reference="
TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css"}


@dataclass
class Answer:
    """What a site says to one request."""

    body: bytes = b""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Site(ThreadingHTTPServer):
    """A site whose `respond` turns a request into an answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_port}"

    def respond(self, request: LaunchRequest) -> Answer:
        raise NotImplementedError


class _Visit(BaseHTTPRequestHandler):
    server: Site

    def _visit(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = urlsplit(self.path).path
        answer = self.server.respond(LaunchRequest(self.command, path, body=body, headers=headers))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_OPTIONS = _visit  # noqa: N815  the names that http.server looks for

    def log_message(self, *args: Any) -> None:
        pass


SomeSite = TypeVar("SomeSite", bound=Site)


@contextmanager
def running(site: SomeSite) -> Iterator[SomeSite]:
    """Serve `site` until the block ends."""
    with site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()


class StaticSite(Site):
    """Files by their path, and a note of everything that is posted: an LMS, a portal, a host for packages."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.posted: list[tuple[str, Any]] = []

    def add_package(self, packed: bytes) -> None:
        """Unpack a package under /package/, as an LMS does."""
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            self.files.update({f"/package/{name}": archive.read(name) for name in archive.namelist()})

    def respond(self, request: LaunchRequest) -> Answer:
        if request.method == "POST":
            form = "urlencoded" in request.headers.get("content-type", "")
            said = request.body.decode() if form else json.loads(request.body or b"null")
            self.posted.append((request.url, said))
            return Answer(b'{"result": true, "errorCode": 0}', "application/json")
        if request.url not in self.files:
            return Answer(b"not found", status=404)
        return Answer(self.files[request.url], TYPES.get(request.url.rpartition(".")[2], TYPES["html"]))


class PlayedBridge(Site):
    """The bridge as a package sees it: reads launches for real, and knows the learners in `learners`."""

    def __init__(self, learners: set[str]) -> None:
        super().__init__()
        self.learners = learners
        self.origins: set[str] = set()
        self.launches: list[Launch] = []
        self.rejected: list[str] = []
        self.referers: list[str] = []
        self.codes: dict[str, Launch] = {}
        self.sessions: dict[str, int] = {}
        self.told: dict[str, Any] = {}
        self.had: list[int] = []
        self.probes: list[Any] = []
        self.troubles: list[Any] = []
        self.answering = threading.Event()  # cleared: launches wait for their answers
        self.answering.set()

    def allow(self, *origins: str) -> None:
        """Take launches from packages on these sites."""
        self.origins = set(origins)

    def respond(self, request: LaunchRequest) -> Answer:
        referer = request.headers.get("referer", self.url)
        self.referers += [] if same_site(referer, self) else [referer]
        if request.method == "OPTIONS":
            asked = "authorization, content-type, x-ottobridge-handover"
            allowed = {"Access-Control-Allow-Headers": asked, "Access-Control-Allow-Methods": "POST"}
            return Answer(status=204, headers={"Access-Control-Allow-Origin": "*", **allowed})
        if request.url.startswith("/scorm/any-lms/"):
            status, answer = self._answer_page(request)
            body = json.dumps(answer).encode()
            return Answer(body, "application/json", status, {"Access-Control-Allow-Origin": "*"})
        code = request.body.decode().partition("code=")[2] if (request.method, request.url) == ("POST", "/l") else ""
        if code and request.headers.get("origin") not in self.origins:
            return Answer(b"This code belongs to another site.", status=403)
        launch = self.codes.pop(code, None)
        return _learner_page(launch) if launch else Answer(b"This code was used before.", status=400)

    def _answer_page(self, request: LaunchRequest) -> tuple[int, dict[str, Any]]:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.url.endswith("/progress"):
            self.had.append(json.loads(request.body)["had"])
            return (200, self.told) if bearer in self.sessions else (403, {})
        if bearer != TOKEN:
            return _refusal(request, "package_unknown", "REF-REJECTED")
        if request.url.endswith("/probe"):
            self.probes.append(json.loads(request.body))
            return 200, {}
        if request.url.endswith("/trouble"):
            self.troubles.append(json.loads(request.body))
            return _refusal(request, "scorm_api_missing", "REF-TROUBLE")
        return self._launch(request)

    def _launch(self, request: LaunchRequest) -> tuple[int, dict[str, str]]:
        if request.headers.get("origin") not in self.origins:
            self.rejected.append("origin_not_allowed")
            return _refusal(request, "origin_not_allowed", "REF-REJECTED")
        try:
            launch = read_page(request, Settings())
        except LaunchRejected as rejected:
            self.rejected.append(rejected.reason)
            return _refusal(request, rejected.reason, "REF-REJECTED")
        self.launches.append(launch)
        self.answering.wait()
        if launch.student.student_id not in self.learners:
            return _refusal(request, "no_match", "REF-NO-MATCH")
        code, session = secrets.token_hex(16), secrets.token_hex(16)
        self.codes[code] = launch
        self.sessions[session] = len(self.launches)
        return 200, {"url": f"{self.url}/l", "code": code, "session": session}


def _refusal(request: LaunchRequest, word: str, reference: str) -> tuple[int, dict[str, str]]:
    reason = REASONS[word]
    texts = catalogue(choose(accepted(request.headers.get("accept-language", ""))))
    told = words(reason.learner, Reader.LEARNER, "", texts.gettext)
    found = {"error": word, "reference": reference, "title": told.title, "message": joined(told)}
    ways = {"letter": "mailto:help@example.edu?subject=x", "help_page": "", "explanation": EXPLANATION + reference}
    return reason.status, {**found, **ways}


def _learner_page(launch: Launch) -> Answer:
    student_id, first, last = (html.escape(value) for value in launch.student)
    page = f"""<!DOCTYPE html><meta charset="utf-8"><title>OttoLearn</title>
      <body style="margin:0;font:1.25rem sans-serif;display:grid;place-items:center;height:100vh;background:#eaf3ec">
      <div><h1>Welcome, <bdi id="first">{first}</bdi> <bdi id="last">{last}</bdi></h1>
      <p>You are <b id="student">{student_id}</b>.</p></div>"""
    return Answer(page.encode())


def same_site(url: str, site: Site) -> bool:
    """Whether `url` is an address of `site`."""
    return origin(url) == site.url
