"""A bridge on loopback with the pages that learners meet, for Chromium: real routes and policies, hostile names."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, make_response, render_template, request
from markupsafe import Markup
from playwright.sync_api import Page, Route

from adapters import ADAPTERS
from bridge.config.configuration import load
from bridge.contracts import Learner, Outcome, Student
from bridge.launch.courses import Course
from bridge.launch.service import LaunchResult
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.presentation.advice import Reader, words
from bridge.reasons import REASONS
from bridge.store.engine import migrate, open_database
from bridge.web.app import create_app
from bridge.web.policy import permit
from bridge.web.presenting import texts, ways_to_support
from bridge.web.services import build_services
from sandbox.serving import serve
from tests.browser.admin_site import Later
from tests.fakes.lti_platform import FORM, NOW, sign

HOSTILE = "\u202eעברית<script>alert(1)</script>" + "w" * 60
"""A name that turns the line round, is markup, and has no place to break."""
LONG = "Pneumonoultramicroscopicsilicovolcanoconiosis"
COURSES = (
    *(Course(key=f"c-{number}", title=f"Course {number} of the school") for number in range(23)),
    Course(key="hostile", title=HOSTILE),
    Course(key="safety", title="Sécurité au travail"),
)
CONFIG = """
bridge:
  public_url: {url}
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: sqlite:///{database}
  trusted_networks: [127.0.0.0/8]
  support: {{name: "Help desk עברית", url: "https://help.example.edu/?r={{reference}}", email: help@example.edu}}
  brand: {{name: Acme School, logo: {logo}, color: "#5b2c83"}}
ottolearn:
  organization_id: 1
  username: api
  password: password
  username_attributes: [username, employeeId]
  learner_url: https://learn.example.com
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
connections:
  campus:
    adapter: canvas
    lti11: {{consumer_key: campus-key, shared_secret: "s3cret & more/é"}}
courses: {courses}
"""
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="9" fill="#5b2c83"/>'
    '<path d="M12 29 20 10l8 19M15 23h10" fill="none" stroke="#fff" stroke-width="3"/></svg>'
)
NOBODY = Student("S000999", "", "")


@dataclass
class LearnerSite:
    """The bridge and where it is."""

    url: str
    numbers: Iterator[int]

    def launch(self, page: Page, **changes: str) -> None:
        """Arrive as from an LMS that launches by LTI 1.1; without a way back, so that the page is ours."""
        form = {**FORM, "lis_person_sourcedid": NOBODY.student_id, **changes}
        form = {name: value for name, value in form.items() if value}
        launch_url = f"{self.url}/lti/campus/launch"
        signed = sign(launch_url, form, nonce=f"nonce-{next(self.numbers)}")
        post(page, launch_url, urlencode(signed))

    def ask_for_course(self, page: Page, return_url: str) -> None:
        """Arrive as a teacher who is making a link."""
        self.launch(
            page,
            lti_message_type="ContentItemSelectionRequest",
            roles="Instructor",
            content_item_return_url=return_url,
            accept_media_types="application/vnd.ims.lti.v1.ltilink",
            accept_presentation_document_targets="window,iframe",
            launch_presentation_return_url="",
        )

    def show(self, page: Page, name: str, language: str) -> None:
        """Go to one of SHOWN in a language, whatever leads there."""
        page.goto(f"{self.url}/shown/{name}?launch_presentation_locale={language}")


def post(page: Page, url: str, body: str) -> None:
    """Go to `url` by POST, as a form of another site would."""

    def handle(route: Route) -> None:
        headers = {**route.request.headers, "content-type": "application/x-www-form-urlencoded"}
        route.continue_(method="POST", post_data=body, headers=headers)

    page.route(url, handle, times=1)
    page.goto(url)


def refused(reason: str, student: Student = NOBODY, back: str = "https://lms.example.edu/courses/5") -> dict[str, Any]:
    """What the page of a refused launch is made with."""
    result = LaunchResult(Outcome.REJECTED, reason, "7K3M-9QXT", student, return_url=back)
    return {"result": result, "reader": Reader.LEARNER}


SHOWN: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"outcome-{reason}": ("outcome.html", refused(reason))
        for reason in ("no_match", "state_no_cookie", "test_student")
    },
    "outcome-hostile": ("outcome.html", refused("no_match", Student(HOSTILE, "", ""), back="")),
    "outcome-administrator": ("outcome.html", refused("no_match") | {"reader": Reader.ADMINISTRATOR}),
    "courses": ("courses.html", {"courses": COURSES, "code": "x", "action": "/choose", "searchable": True}),
    "login": ("login.html", {"login": {"url": "https://sso.example.edu"}, "own_window": "/lti/campus/login"}),
    "proof": ("proof.html", {"action": "/lti/campus/proof", "code": "x"}),
    "return": ("return.html", {"action": "https://lms.example.edu/", "fields": [("JWT", "x")]}),
    "registered": ("registered.html", {"named": Markup("<bdi><b>{}</b></bdi>").format(HOSTILE)}),
    "registration_refused": ("registration_refused.html", {"reason": "The invitation has been used."}),
    "signed_out": ("signed_out.html", {}),
}
"""Every page of a learner or teacher, with the worst that may stand on it."""


def _add_shown(app: Flask) -> None:
    """The same pages as of a launch, without what would lead to each of them."""

    @app.get("/shown/<name>")
    def shown(name: str) -> Response:
        template, facts = SHOWN[name]
        if "result" in facts:
            result, reader = facts["result"], facts["reader"]
            told = words(REASONS[result.reason].learner, reader, "Help desk עברית", texts().gettext)
            how = REASONS[result.reason] if reader is Reader.ADMINISTRATOR else None
            facts = {**facts, "told": told, "how": how, **ways_to_support(result, told)}
        page = make_response(render_template(template, **facts))
        own = name in {"login", "proof", "return"}  # their scripts would lead away
        return permit(page, scripts=not own, form_to=request.host_url, framed=True)


@contextmanager
def learner_site(folder: Path, migrated: Path) -> Iterator[LearnerSite]:
    """Serve it until the block ends."""
    shutil.copy(migrated, folder / "bridge.db")
    (folder / "logo.svg").write_text(LOGO)
    later = Later()
    with serve(later) as served:
        path = folder / "config.yaml"
        courses = [{"key": course.key, "title": course.title} for course in COURSES]
        text = CONFIG.format(url=served.url, database=folder / "bridge.db", logo=folder / "logo.svg", courses=courses)
        path.write_text(text, "utf-8")
        configuration = load(path, ADAPTERS, {})
        engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(engine)
        nobody: list[Learner] = [Learner(1, True, {"username": "S000101"})]
        directory = Directory(engine, ["username", "employeeId"], lambda: iter(nobody), lambda: NOW)
        outbound = Outbound(configuration.bridge.trusted_networks)
        services = build_services(configuration, engine, outbound, directory, adapters=ADAPTERS, now=lambda: NOW)
        directory.refresh()
        app = create_app(services)
        _add_shown(app)
        later.app = app
        yield LearnerSite(served.url, itertools.count())
        engine.dispose()
