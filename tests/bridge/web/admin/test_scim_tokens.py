"""SCIM tokens on a connection's page: shown once, kept as digests, renewed without a gap, and ended at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from adapters import ADAPTERS
from bridge.admin.roles import Role
from bridge.config.connections import Connections
from bridge.contracts import Connection
from bridge.scim.tokens import GRACE, KNOWN_FOR
from bridge.store import audit, scim_tokens
from bridge.web.admin.services import build_admin
from bridge.web.app import create_app
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import BRIDGE

TOKENS = "/admin/connections/staff/scim-tokens"
SignIn = Callable[[Role], AdminBrowser]


@pytest.fixture
def served(bridge: Bridge) -> FlaskClient:
    """The bridge with two SCIM connections."""
    services = bridge.services
    scim = ADAPTERS.named("scim")
    assert scim is not None
    more = {name: Connection(name, scim, scim.settings()) for name in ("staff", "others")}
    configured = {**services.configuration.connections, **more}
    connections = Connections(configured, ADAPTERS, services.engine)
    configuration = replace(services.configuration, connections=configured)
    services = replace(services, connections=connections, configuration=configuration)
    bridge.services = services
    return create_app(services).test_client()


@pytest.fixture
def signed_in(bridge: Bridge, served: FlaskClient) -> SignIn:
    def sign_in(role: Role) -> AdminBrowser:
        return AdminBrowser(served.application.test_client(), build_admin(bridge.services)).sign_in(role)

    return sign_in


def shown(answer: Any) -> str:
    """The token on the page."""
    assert answer.status_code == 200, answer.text
    return str(re.findall(r'value="(scim-[^"]+)"', answer.text)[0])


def pushes(served: FlaskClient, token: str, connection: str = "staff") -> bool:
    """Whether an identity provider with this token is let in."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = served.get(f"/scim/v2/{connection}/Users", base_url=BRIDGE, headers=headers)
    assert answer.status_code in {200, 401}, answer.text
    return answer.status_code == 200


def test_a_token_is_shown_once_and_lets_in(
    bridge: Bridge, served: FlaskClient, signed_in: SignIn, tmp_path: Path
) -> None:
    owner = signed_in(Role.OWNER)
    answer = owner.post(TOKENS, token_name="  Entra   ID ")
    token = shown(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"{BRIDGE}/scim/v2/staff" in answer.text
    assert pushes(served, token)
    assert not pushes(served, token, "others")
    listed = owner.get("/admin/connections/staff").text
    assert "Entra ID" in listed
    assert token not in listed
    assert token not in owner.get("/admin/audit").text
    assert all(token.encode() not in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    (row,) = audit.newest(bridge.engine, 9)
    assert (row.act, row.connection, "Entra ID" in row.details) == ("make_scim_token", "staff", True)


def test_the_last_use_is_shown(served: FlaskClient, signed_in: SignIn) -> None:
    viewer = signed_in(Role.VIEWER)
    token = shown(signed_in(Role.OWNER).post(TOKENS, token_name="Okta"))
    assert "never" in viewer.get("/admin/connections/staff").text
    pushes(served, token)
    page = viewer.get("/admin/connections/staff").text
    assert "never" not in page
    assert "Make a token" not in page, "a viewer makes none"


def test_a_second_token_ends_none(served: FlaskClient, signed_in: SignIn) -> None:
    owner = signed_in(Role.OWNER)
    first, second = (shown(owner.post(TOKENS, token_name=name)) for name in ("Entra ID", "Okta"))
    assert pushes(served, first)
    assert pushes(served, second)


def test_a_renewed_token_works_for_a_week_beside_the_new_one(
    bridge: Bridge, served: FlaskClient, signed_in: SignIn
) -> None:
    owner = signed_in(Role.OWNER)
    old, other = (shown(owner.post(TOKENS, token_name=name)) for name in ("Entra ID", "Okta"))
    (row, _) = sorted(scim_tokens.every(bridge.engine, "staff"), key=lambda one: one.name)
    new = shown(owner.post(f"{TOKENS}/{row.id}/rotate"))
    assert pushes(served, old)
    bridge.now += GRACE + 1
    owner = signed_in(Role.OWNER)
    assert not pushes(served, old)
    assert pushes(served, new)
    assert pushes(served, other), "only the one that was renewed ends"
    assert owner.post(f"{TOKENS}/{row.id}/rotate").status_code == 409
    assert sorted(one.name for one in scim_tokens.every(bridge.engine, "staff")) == ["Entra ID", "Entra ID", "Okta"]


def test_a_revoked_token_opens_nothing(bridge: Bridge, served: FlaskClient, signed_in: SignIn) -> None:
    owner = signed_in(Role.OWNER)
    token = shown(owner.post(TOKENS, token_name="Entra ID"))
    (row,) = scim_tokens.every(bridge.engine, "staff")
    assert owner.post(f"/admin/connections/others/scim-tokens/{row.id}/revoke").status_code == 404
    assert pushes(served, token)
    assert owner.post(f"{TOKENS}/{row.id}/revoke").status_code == 303
    bridge.now += KNOWN_FOR
    assert not pushes(served, token)
    assert owner.post(f"{TOKENS}/{row.id}/revoke").status_code == 409
    assert owner.post(f"{TOKENS}/{row.id}/rotate").status_code == 409
    assert "revoked" in owner.get("/admin/connections/staff").text
    assert [row.act for row in audit.newest(bridge.engine, 9)] == ["revoke_scim_token", "make_scim_token"]


@pytest.mark.parametrize("name", ["", "   ", "n" * 65])
def test_a_token_of_nobody_is_not_made(bridge: Bridge, signed_in: SignIn, name: str) -> None:
    assert signed_in(Role.OWNER).post(TOKENS, token_name=name).status_code == 400
    assert scim_tokens.every(bridge.engine, "staff") == []


def test_only_a_connection_that_takes_pushes_has_tokens(bridge: Bridge, signed_in: SignIn) -> None:
    owner = signed_in(Role.OWNER)
    assert "SCIM tokens" not in owner.get("/admin/connections/campus").text
    assert owner.post("/admin/connections/campus/scim-tokens", token_name="Okta").status_code == 400
    assert owner.post("/admin/connections/nobody/scim-tokens", token_name="Okta").status_code == 404
    assert scim_tokens.every(bridge.engine, "campus") == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_nobody_but_an_owner_makes_one(bridge: Bridge, signed_in: SignIn, role: Role) -> None:
    assert signed_in(role).post(TOKENS, token_name="Okta").status_code == 403
    assert scim_tokens.every(bridge.engine, "staff") == []
