"""The presentation of pages: the reader and language of the current request, and texts, support contact and brand."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from werkzeug.exceptions import HTTPException

from bridge.contracts import Connection
from bridge.launch.service import LaunchResult
from bridge.lti.roles import reader_of
from bridge.presentation.advice import Reader, Words, words
from bridge.presentation.brand import Brand, Logo, colour_rules, read_logo
from bridge.presentation.catalogue import catalogue, load_all
from bridge.presentation.languages import Language, accepted, choose, listed
from bridge.presentation.support import Support, help_page, letter
from bridge.reasons import REASONS
from bridge.web.requests import noted_reader
from bridge.web.services import AppServices

EXTENSION = "presentation"
CACHED = "public, max-age=300"


def language() -> Language:
    """The language of this request's page: the LMS's, else the browser's."""
    if "language" not in g:
        said = noted_reader()[0] or _said_unsigned()
        g.language = choose([*listed(said), *accepted(request.headers.get("Accept-Language", ""))])
    found: Language = g.language
    return found


def _said_unsigned() -> str:
    """The language that a launch names which did not get as far as its signature: of this, anybody may say any."""
    with suppress(HTTPException):  # a body that is too large, which is why there is a page
        return request.values.get("launch_presentation_locale", "")
    return ""


def reader() -> Reader:
    """For whom this request's page is."""
    return reader_of(noted_reader()[1])


def texts() -> NullTranslations:
    """The catalogue of this request's page."""
    return catalogue(language())


@dataclass(frozen=True)
class PageBranding:
    """The support contact, brand, style sheet and logo of a page."""

    support: Support
    brand: Brand
    style: str = ""
    """The address of the brand's colours, or empty."""
    logo: str = ""
    """The address of the brand's logo, or empty."""


@dataclass(frozen=True)
class Presentation:
    """Support and brand of each connection; logos are read once."""

    connections: Mapping[str, Connection[Any]]
    """The connections of the configuration; registered ones have no branding, and no page may wait for the database."""
    support: Support
    brand: Brand
    logos: dict[Brand, Logo] = field(default_factory=dict)
    explained_at: str = ""
    """The address of `/admin/reference`; empty without administrators' pages."""

    def explanation_of(self, reference: str) -> str:
        """The address of the administrators' page about a launch; empty without such pages."""
        return f"{self.explained_at}?{urlencode({'reference': reference})}" if self.explained_at else ""

    def of(self, name: str) -> PageBranding:
        """The branding of a connection's pages; with an empty name that of the bridge's own."""
        found = self.connections.get(name)
        support, brand = (found.support, found.brand) if found else (None, None)
        place = f"/brand/{name}" if brand else "/brand"
        brand = brand or self.brand
        style = f"{place}/style.css" if colour_rules(brand) else ""
        return PageBranding(support or self.support, brand, style, f"{place}/logo" if brand.logo else "")

    def logo(self, brand: Brand) -> Logo | None:
        """The content of the brand's logo; None without one."""
        if brand.logo is not None and brand not in self.logos:
            self.logos[brand] = read_logo(brand.logo)
        return self.logos.get(brand)


def present(app: Flask, services: AppServices) -> None:
    """Give the templates of `app` their language, words, support and brand."""
    load_all()
    configuration = services.configuration
    explained_at = f"{services.public_url}/admin/reference" if has_admin_pages(services) else ""
    presenting = Presentation(
        configuration.connections, configuration.bridge.support, configuration.bridge.brand, explained_at=explained_at
    )
    app.extensions[EXTENSION] = presenting
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        lambda text: texts().gettext(text),
        lambda one, many, count: texts().ngettext(one, many, count),
        newstyle=True,
    )
    app.context_processor(lambda: {"language": language(), "branding": _branding()})
    app.register_blueprint(_brand_pages(presenting))


def has_admin_pages(services: AppServices) -> bool:
    """Whether administrators can sign in: a way to do so is configured, and the pages are served at this address."""
    return services.configuration.admin.lets_anybody_in and (services.is_secure or services.is_local)


def _branding() -> PageBranding:
    return _presenting().of((request.view_args or {}).get("connection", ""))


def _presenting() -> Presentation:
    found: Presentation = current_app.extensions[EXTENSION]
    return found


def words_of(result: LaunchResult) -> Words:
    """The texts about a refused launch for the reader of the page."""
    return words(REASONS[result.reason].learner, reader(), _branding().support.name, texts().gettext)


def ways_to_support(result: LaunchResult, told: Words) -> dict[str, str]:
    """Addresses with the launch filled in: a letter to the support, its help page, the administrators' page."""
    gettext, support, student_id = texts().gettext, _branding().support, result.student.student_id
    lines = {
        gettext("Reference"): result.reference,
        gettext("Reason"): result.reason,
        gettext("Student ID as your course sent it"): student_id,
    }
    facts = {"reference": result.reference, "student_id": student_id, "reason": result.reason}
    return {
        "letter": letter(support, f"OttoLearn: {told.title} ({result.reference})", lines),
        "help_page": help_page(support, facts),
        "explanation": _presenting().explanation_of(result.reference),
    }


def _brand_pages(presenting: Presentation) -> Blueprint:
    """The style sheet of all pages, and colours and logos of those who have their own."""
    pages = Blueprint("presentation", __name__, static_folder="../presentation/static", static_url_path="/presentation")

    @pages.get("/brand/style.css", defaults={"connection": ""})
    @pages.get("/brand/<connection>/style.css")
    def style(connection: str) -> Response:
        return _sent(colour_rules(presenting.of(connection).brand), "text/css; charset=utf-8")

    @pages.get("/brand/logo", defaults={"connection": ""})
    @pages.get("/brand/<connection>/logo")
    def logo(connection: str) -> Response:
        found = presenting.logo(presenting.of(connection).brand)
        if found is None:
            abort(404)
        response = _sent(found.content, found.type)
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return response

    return pages


def _sent(content: Any, type_: str) -> Response:
    return Response(content, content_type=type_, headers={"Cache-Control": CACHED})
