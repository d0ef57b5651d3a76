"""An administrator's browser, signed in by role: `admin(Role.OPERATOR).get("/admin/launches")`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from bridge.admin.roles import Role
from bridge.web.admin.services import AdminServices, build_admin
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import BRIDGE

COOKIE = "__Host-ottobridge-admin"


class AdminBrowser:
    """A browser at the bridge. `post` brings the CSRF token that a form would."""

    def __init__(self, client: FlaskClient, admin: AdminServices) -> None:
        self.client = client
        self.admin = admin
        self.token = ""

    def sign_in(self, role: Role, who: str = "") -> AdminBrowser:
        self.token = self.admin.sessions.begin("password", who or f"the {role}", role)
        self.client.set_cookie(COOKIE, self.token, domain="bridge.example.edu")
        return self

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, base_url=BRIDGE, **options)

    def post(self, path: str, **fields: Any) -> Any:
        return self.post_bare(path, csrf=self.admin.sessions.csrf_of(self.token), **fields)

    def post_bare(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        return self.client.post(path, base_url=BRIDGE, data=fields, headers=headers)

    def tree(self, path: str) -> Any:
        """The page, parsed; it must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return html.fromstring(answer.text)


@pytest.fixture
def admin_services(bridge: Bridge) -> AdminServices:
    return build_admin(bridge.services)


@pytest.fixture
def stranger(bridge: Bridge, admin_services: AdminServices) -> AdminBrowser:
    """Who is not signed in."""
    return AdminBrowser(bridge.client.application.test_client(), admin_services)


@pytest.fixture
def admin(bridge: Bridge, admin_services: AdminServices) -> Callable[[Role], AdminBrowser]:
    """A browser of its own, signed in with this role."""

    def signed_in(role: Role) -> AdminBrowser:
        return AdminBrowser(bridge.client.application.test_client(), admin_services).sign_in(role)

    return signed_in
