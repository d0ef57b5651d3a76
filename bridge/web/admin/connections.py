"""The connections: how each does, what its LMS's administrator enters, and whom an ID would reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import yaml
from flask import Blueprint, Response, abort, request

from bridge.admin.roles import Role
from bridge.contracts import Connection, Outcome
from bridge.doctor.explanation import explain
from bridge.identifiers import ID_LENGTH, normalize
from bridge.install.guide import Addresses, Entry, SetupGuide
from bridge.packages import probing
from bridge.store import connections as stored
from bridge.store import launch_counts, packages, probes, scim_tokens
from bridge.store.launch_counts import HOUR
from bridge.store.launch_lines import LaunchLine
from bridge.store.probes import ProbeRow
from bridge.store.scim_tokens import TokenRow
from bridge.web.admin import health
from bridge.web.admin.access import go, note, requires, say
from bridge.web.admin.paging import Place, page_of_sorted, read_place
from bridge.web.admin.services import AdminServices
from bridge.web.admin.showing import render

DAY: Final = 24
PROBES: Final = 200
"""Of all connections, among which those of one are looked for."""


class Row(NamedTuple):
    """One connection in the list."""

    connection: Connection[Any]
    is_stored: bool
    matched: int
    launches: int
    health: health.Health | None
    sites: int


def connection_pages(admin: AdminServices) -> Blueprint:
    """The routes of the connections."""
    pages = Blueprint("connections", __name__)
    services = admin.app

    @pages.get("/connections")
    @requires(Role.VIEWER)
    def show() -> Response:
        place: Place[str] | None = read_place(request.args, str)
        page = page_of_sorted(services.connections.names(), place, str)
        rows = _rows(admin, page.rows)
        unusable = services.connections.unusable()
        return render("admin/connections.html", page=page, rows=rows, is_first=place is None, unusable=unusable)

    @pages.get("/connections/<name>")
    @requires(Role.VIEWER)
    def one(name: str) -> Response:
        return _one(admin, connection_of(admin, name))

    @pages.post("/connections/<name>/try")
    @requires(Role.VIEWER)
    def try_id(name: str) -> Response:
        connection = connection_of(admin, name)
        student_id = normalize(request.form.get("student_id", ""))[:ID_LENGTH]
        line = LaunchLine(0.0, name, "", student_id, "", "", "", "", "")
        found = explain(services.engine, services.directory, services.connections.find, line)
        return _one(admin, connection, tried=(student_id, found.finds))

    @pages.post("/connections/<name>/examine")
    @requires(Role.OPERATOR)
    def examine(name: str) -> Response:
        connection = connection_of(admin, name)
        before = health.last(services, name)
        if before is None or not before.under_way:
            health.begin(services, connection)
            note("examine", connection=name)
        say("The connection is being examined. Load this page again in a moment.", "note")
        return go("admin.connections.one", name=name)

    @pages.post("/connections/<name>/remove")
    @requires(Role.OWNER)
    def remove(name: str) -> Response:
        if name in services.connections.configured:
            say(f"{name} stands in the configuration file; remove it there.", "bad")
            return go("admin.connections.one", name=name)
        if not stored.remove(services.engine, name):
            abort(404, f"No connection is called {name[:64]}.")
        note("remove_connection", connection=name)
        say(f"{name} is forgotten, and its launches are refused. Remove the tool in the LMS, too.")
        return go("admin.connections.show")

    return pages


def connection_of(admin: AdminServices, name: str) -> Connection[Any]:
    """The connection of this name; else the answer is that there is none."""
    found = admin.app.connections.find(name)
    if found is None:
        abort(404, f"No connection is called {name[:64]}.")
    return found


def addresses_of(admin: AdminServices, name: str) -> Addresses:
    """The bridge's addresses for a connection."""
    services = admin.app
    return Addresses(
        services.public_url,
        name,
        courses=bool(services.configuration.courses),
        grades=services.configuration.bridge.progress_token is not None,
    )


def _rows(admin: AdminServices, names: Sequence[str]) -> list[Row]:
    services = admin.app
    hour = int(services.now()) // HOUR - DAY + 1
    counts = launch_counts.counts_since(services.engine, hour, names)[0] if names else []
    came, matched = Counter[str](), Counter[str]()
    for count in counts:
        came[count.connection] += count.launches
        matched[count.connection] += count.launches * (count.outcome == Outcome.MATCHED)
    sites = Counter(site.connection for site in packages.origins(services.engine) if site.state == packages.NEW)
    return [
        Row(
            connection,
            name not in services.connections.configured,
            matched[name],
            came[name],
            health.last(services, name),
            sites[name],
        )
        for name in names
        if (connection := services.connections.find(name)) is not None
    ]


def _one(admin: AdminServices, connection: Connection[Any], tried: tuple[str, Any] | None = None) -> Response:
    services, adapter, name = admin.app, connection.adapter, connection.name
    guide = adapter.installation(connection.settings, addresses_of(admin, name)) if adapter.installation else None
    if guide is not None:
        guide = _with_consumer_key(guide, connection, is_stored=name not in services.connections.configured)
    now = services.now()
    return render(
        "admin/connection.html",
        connection=connection,
        is_stored=name not in services.connections.configured,
        guide=guide,
        facts=_facts(connection),
        deployments=stored.deployments(services.engine, name),
        health=health.last(services, name),
        packages=[(row, row.lives(now)) for row in reversed(packages.every(services.engine)) if row.connection == name],
        sites=[site for site in packages.origins(services.engine) if site.connection == name],
        secrets=kept.secrets() if (kept := services.connections.stored(name)) else [],
        tokens=_tokens(admin, connection),
        probes=[_probe(row) for row in probes.newest(services.engine, PROBES) if row.connection == name][:3],
        courses=services.configuration.courses,
        tried=tried,
    )


def _tokens(admin: AdminServices, connection: Connection[Any]) -> list[TokenRow] | None:
    """The SCIM tokens, newest first, those that open nothing any more at the end; None where nobody pushes."""
    if not connection.adapter.takes_pushes:
        return None
    now, rows = admin.app.now(), scim_tokens.every(admin.app.engine, connection.name)
    return sorted(rows, key=lambda row: (not row.is_valid(now), -row.created_at))


def _with_consumer_key(guide: SetupGuide, connection: Connection[Any], *, is_stored: bool) -> SetupGuide:
    """The guide with the key itself, where the one for everybody says in which file it stands; never the secret."""
    lti11 = getattr(connection.settings, "lti11", None)

    def shown(entry: Entry) -> Entry:
        if lti11 and entry.value == f"connections.{connection.name}.lti11.consumer_key in config.yaml":
            return Entry(entry.label, lti11.consumer_key, entry.note)
        is_elsewhere = is_stored and entry.value.endswith(" in config.yaml")
        return entry._replace(value="as it was typed into the form") if is_elsewhere else entry

    sections = tuple(one._replace(entries=tuple(map(shown, one.entries))) for one in guide.sections)
    return guide._replace(sections=sections)


def _facts(connection: Connection[Any]) -> Sequence[tuple[str, str]]:
    """What is configured, without any secret: only these keys are ever shown."""
    lti13, lti11 = (getattr(connection.settings, key, None) for key in ("lti13", "lti11"))
    found = [
        ("Kind of LMS", connection.adapter.title),
        ("Student ID", connection.settings.student_id),
        ("Accepted", ", ".join(sorted(connection.accepts))),
    ]
    if lti13 is not None:
        found += [
            ("LTI 1.3 issuer", lti13.issuer),
            ("LTI 1.3 client ID", lti13.client_id),
            ("LTI 1.3 deployments", ", ".join(lti13.deployment_ids) or "learned from launches"),
        ]
    if lti11 is not None:
        found.append(("LTI 1.1 consumer key", lti11.consumer_key + ("" if lti11.enabled else " (switched off)")))
    api = getattr(connection.settings, "api", None)
    if api is not None and isinstance(getattr(api, "url", None), str):
        found.append(("API", api.url))
    return found


def _probe(row: ProbeRow) -> dict[str, Any]:
    findings = msgspec.json.decode(row.findings)
    proposal = {row.connection: probing.propose(row.origin, findings)}
    return {
        "row": row,
        "learner_id": probing.learner_id(findings),
        "learner_name": probing.learner_name(findings),
        "remarks": probing.remarks(row.origin, findings),
        "proposal": yaml.safe_dump(proposal, allow_unicode=True, sort_keys=False),
    }
