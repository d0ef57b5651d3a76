"""Packages of a connection: made, ended, renewed; and the sites that play them."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, request

from bridge.admin.roles import Role
from bridge.install.guide import PackageOrder
from bridge.launch.courses import course_with
from bridge.packages.origin import new_token
from bridge.store import packages
from bridge.store.packages import PackageRow
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.connections import connection_of
from bridge.web.admin.services import AdminServices

DAY: Final = 86_400.0
OVERLAP: Final = 30
"""Days for which a package still launches that was renewed."""
DECISIONS: Final = {"approve": packages.APPROVED, "refuse": packages.REFUSED}


def package_pages(admin: AdminServices) -> Blueprint:
    """The routes of packages."""
    pages = Blueprint("packages", __name__)
    engine = admin.app.engine

    @pages.post("/connections/<name>/packages")
    @requires(Role.OWNER)
    def make(name: str) -> Response:
        form = request.form
        course, days = form.get("course", ""), form.get("days", "")
        if course and course_with(course, admin.app.configuration.courses) is None:
            abort(400, "No course has this key.")
        if days and not (days.isascii() and days.isdigit() and 0 < int(days[:6]) <= 3650):
            abort(400, "Allowed as a number of days: 1 to 3650.")
        order = PackageOrder(
            form.get("format", ""),
            name,
            admin.app.public_url,
            form.get("title", "").strip(),
            "window" if form.get("window") == "window" else "frame",
            probe=form.get("probe") == "yes",
        )
        return _made(admin, order, course, admin.app.now() + int(days) * DAY if days else None)

    @pages.post("/connections/<name>/packages/<package>/revoke")
    @requires(Role.OWNER)
    def revoke(name: str, package: str) -> Response:
        row = _package(admin, name, package)
        packages.revoke(engine, row.id, admin.app.now())
        note("revoke_package", connection=name, package=row.id, title=row.title)
        say(f"The package {row.id} launches nothing any more.")
        return go("admin.connections.one", name=name, _anchor="packages")

    @pages.post("/connections/<name>/packages/<package>/rotate")
    @requires(Role.OWNER)
    def rotate(name: str, package: str) -> Response:
        row = _package(admin, name, package)
        if not row.lives(admin.app.now()):
            abort(409, "This package has ended; make a new one.")
        order = PackageOrder(row.format, name, admin.app.public_url, row.title)
        response = _made(admin, order, row.course, None)
        packages.end_at(engine, row.id, admin.app.now() + OVERLAP * DAY)
        note("rotate_package", connection=name, package=row.id, title=row.title)
        return response

    @pages.post("/connections/<name>/sites")
    @requires(Role.OPERATOR)
    def decide(name: str) -> Response:
        connection_of(admin, name)
        site, decision = request.form.get("site", ""), request.form.get("decision", "")
        seen = {row.origin for row in packages.origins(engine) if row.connection == name}
        if site not in seen or decision not in DECISIONS:
            abort(400, "No package was played there.")
        packages.decide_origin(engine, name, site, DECISIONS[decision], admin.app.now())
        note(f"{decision}_site", connection=name, site=site)
        say(f"Packages on {site} " + ("launch from now on." if decision == "approve" else "are refused from now on."))
        return go("admin.connections.one", name=name, _anchor="sites")

    return pages


def _package(admin: AdminServices, name: str, package: str) -> PackageRow:
    row = packages.by_id(admin.app.engine, package)
    if row is None or row.connection != name:
        abort(404, "There is no such package.")
    return row


def _made(admin: AdminServices, order: PackageOrder, course: str, expires_at: float | None) -> Response:
    """The package as a file; it is registered only once it could be built."""
    connection = connection_of(admin, order.connection)
    build = connection.adapter.build_package
    if build is None or order.format not in connection.adapter.package_formats:
        abort(400, f"{order.connection} takes no packages of this format.")
    token = new_token()
    try:
        brand = connection.brand or admin.app.configuration.bridge.brand
        content = build(order._replace(token=token, brand=brand))
    except ValueError as error:
        abort(400, str(error))
    row = admin.app.packages.register(
        order.connection, order.format, order.title, token, course=course, expires_at=expires_at
    )
    note("make_package", connection=order.connection, package=row.id, format=order.format, title=order.title)
    response = Response(content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{order.connection}-{order.format}-{row.id}.zip"'
    return response
