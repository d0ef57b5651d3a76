"""A bridge with administrators' pages on loopback, for Chromium: real routes, SQLite, people with hostile names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Frame, Page

from adapters import ADAPTERS
from bridge.admin.roles import Role
from bridge.config.configuration import load
from bridge.contracts import Learner
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.store.engine import migrate, open_database
from bridge.web.admin.services import AdminServices, build_admin
from bridge.web.app import create_app
from bridge.web.services import AppServices, build_services
from bridge.wsgi import unmatched_sheets
from sandbox.serving import serve

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HOSTILE = "\u202e<script>alert(1)</script> שלום"
CONFIG = """
bridge:
  public_url: {url}
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: sqlite:///{database}
  trusted_networks: [127.0.0.0/8]
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
    lti13: {{issuer: "https://canvas.example.edu", client_id: "10000000000004", deployment_ids: ["6:8865aa05"],
             auth_url: "https://sso.example.edu/authorize", jwks_url: "https://sso.example.edu/jwks"}}
    lti11: {{consumer_key: campus-key, shared_secret: "s3cret & more/é"}}
  packages: {{adapter: scorm, package_origins: [https://lms.example.edu]}}
  staff: {{adapter: scim}}
  moodle: {{adapter: moodle, lti11: {{consumer_key: moodle-key, shared_secret: another-s3cret}}}}
"""
LEARNERS = [
    Learner(1, True, {"username": "S000101", "employeeId": "E1", "firstName": "Zoë", "lastName": "O’Brien"}),
    Learner(2, True, {"username": "S000102", "firstName": "Lê", "lastName": HOSTILE}),
]


@dataclass
class AdminSite:
    """The bridge and where it is."""

    url: str
    services: AppServices
    admin: AdminServices

    def sign_in(self, context: BrowserContext, role: Role) -> None:
        """Let this browser be signed in, without its going by the form."""
        token = self.admin.sessions.begin("password", f"the {role}", role)
        context.add_cookies([{"name": self.admin.cookie(), "value": token, "url": self.url}])

    def open(self, page: Page, path: str, role: Role = Role.OWNER) -> Page:
        """Go there, signed in."""
        self.sign_in(page.context, role)
        page.goto(f"{self.url}{path}")
        return page


class Later:
    """An address that exists before the application that must know it."""

    app: Any = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


@contextmanager
def admin_site(folder: Path, migrated: Path) -> Iterator[AdminSite]:
    """Serve it until the block ends."""
    shutil.copy(migrated, folder / "bridge.db")
    later = Later()
    with serve(later) as served:
        path = folder / "config.yaml"
        path.write_text(CONFIG.format(url=served.url, database=folder / "bridge.db"), "utf-8")
        configuration = load(path, ADAPTERS, {})
        engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(engine)
        names = configuration.ottolearn.username_attributes
        directory = Directory(engine, names, lambda: iter(LEARNERS), _now)
        outbound = Outbound(configuration.bridge.trusted_networks)
        services = build_services(
            configuration, engine, outbound, directory, adapters=ADAPTERS, sheets=unmatched_sheets(), now=_now
        )
        directory.refresh()
        later.app = create_app(services)
        yield AdminSite(served.url, services, build_admin(services))
        engine.dispose()


def _now() -> float:
    return 1_800_000_000.0


@pytest.fixture
def site(tmp_path: Path, migrated_sqlite: Path) -> Iterator[AdminSite]:
    with admin_site(tmp_path, migrated_sqlite) as found:
        yield found


def violations(page: Page | Frame) -> list[str]:
    """What axe-core finds on the page, in words."""
    if not AXE.exists():
        pytest.skip("to enable: npm install --no-package-lock --ignore-scripts")
    page.wait_for_load_state()
    page.evaluate(AXE.read_text("utf-8"))
    # Of what is in order nothing is listed: that takes longer than to look for what is not.
    options = json.dumps({"runOnly": RULES, "resultTypes": ["violations"]})
    found = page.evaluate(f"axe.run(document, {options}).then((all) => all.violations)")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for one in found
        for node in one["nodes"]
    ]


def is_too_wide(page: Page | Frame) -> bool:
    """Whether the page must be moved to and fro to be read."""
    page.wait_for_load_state()
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
