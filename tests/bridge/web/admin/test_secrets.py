"""A connection that the form adds has its secrets: encrypted in the database, on no page, in no log and no message."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from adapters import ADAPTERS
from bridge.admin.roles import Role
from bridge.config.connections import Connections
from bridge.config.setting_fields import Kind, fields_of
from bridge.contracts import Adapter
from bridge.scim import tokens
from bridge.store import audit, scim_tokens
from bridge.store import connections as stored
from bridge.web.admin.connection_form import can_be_formed
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge

SignIn = Callable[[Role], AdminBrowser]
SECRET = "hunter2-hunter2-hunter2"
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
LTI11 = {"adapter": "moodle", "student_id": "idnumber", "lti11.consumer_key": "key-1", "lti11.shared_secret": SECRET}
API = {"adapter": "moodle", "api.url": "https://moodle.example.edu", "api.token": SECRET}
FORMS: dict[str, dict[str, str]] = {
    "canvas": {"api.url": "https://canvas.example.edu", "api.token": SECRET},
    "moodle": {"api.url": "https://moodle.example.edu", "api.token": SECRET},
    "blackboard": {"api.url": "https://bb.example.edu", "api.key": "k", "api.secret": SECRET},
    "brightspace": {"api.url": "https://d2l.example.edu", "api.client_id": "c", "api.client_secret": SECRET},
    "lti": {"lti11.consumer_key": "key-1", "lti11.shared_secret": SECRET},
    "scorm": {
        "step_up.issuer": "https://login.example.edu",
        "step_up.client_id": "c",
        "step_up.client_secret": SECRET,
    },
    "smarteru": {"student_id": "EmployeeID", "api.account_key": SECRET, "api.user_key": f"{SECRET}-user"},
    "docebo": {
        "api.url": "https://acme.docebosaas.com",
        "api.client_id": "c",
        "api.client_secret": SECRET,
        "api.grant": "password",
        "api.username": "reader",
        "api.password": f"{SECRET}-password",
    },
    "oneroster": {
        "api.url": "https://sis.example.edu/ims/oneroster/rostering/v1p2",
        "api.sign_in": "bearer",
        "api.token": SECRET,
    },
    "rest-list": {
        "preset": "talentlms",
        "student_id": "login",
        "api.url": "https://acme.talentlms.com/api/v2",
        "api.api_key": SECRET,
    },
    "successfactors": {
        "student_id": "empId",
        "hcm.url": "https://api4.successfactors.com",
        "hcm.company_id": "acme",
        "hcm.user_id": "reader",
        "hcm.sign_in": "basic",
        "hcm.password": SECRET,
    },
}
"""What is entered for each adapter whose settings ask for a secret."""


def with_secrets() -> list[Adapter[Any]]:
    return [one for one in ADAPTERS if any(field.kind is Kind.SECRET for field in fields_of(one.settings))]


def secrets_in(settings: Any) -> set[str]:
    """Every secret that parsed settings hold."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.add(value.get_secret_value())
        elif hasattr(type(value), "model_fields"):
            found |= secrets_in(value)
    return found - {""}


@pytest.mark.parametrize("adapter", with_secrets(), ids=lambda adapter: adapter.name)
def test_every_adapter_with_a_secret_can_be_added_by_the_form(
    bridge: Bridge, admin: SignIn, adapter: Adapter[Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    owner, entered = admin(Role.OWNER), FORMS[adapter.name]
    form = owner.tree(f"/admin/new-connection?adapter={adapter.name}")
    names = set(form.xpath("//*[self::input or self::select or self::textarea]/@name"))
    assert set(entered) <= names, "the form asks for all of it"
    answer = owner.post("/admin/new-connection", name="new", adapter=adapter.name, **entered)
    assert answer.status_code == 303, answer.text
    found = bridge.services.connections.find("new")
    assert found is not None
    typed = {value for value in entered.values() if SECRET in value}
    assert secrets_in(found.settings) == typed
    shown = [owner.get(path).text for path in ("/admin/connections/new", "/admin/connections/new/secrets")]
    shown += [owner.get("/admin/audit").text, repr(found), caplog.text, answer.location]
    assert not [text for text in shown if SECRET in text]
    for file in tmp_path.iterdir():
        assert SECRET.encode() not in (file.read_bytes() if file.is_file() else b""), file.name


def test_no_adapter_without_a_file_is_left_out() -> None:
    assert {one.name for one in ADAPTERS if not can_be_formed(one)} == {"spreadsheet"}


def test_an_api_key_in_pem_form_is_taken(bridge: Bridge, admin: SignIn) -> None:
    entered = FORMS["successfactors"] | {"hcm.sign_in": "saml", "hcm.client_id": "c", "hcm.private_key": PEM}
    entered.pop("hcm.password")
    answer = admin(Role.OWNER).post("/admin/new-connection", name="new", adapter="successfactors", **entered)
    assert answer.status_code == 303, answer.text
    found = bridge.services.connections.find("new")
    assert found is not None
    assert secrets_in(found.settings) == {PEM.strip()}


def test_a_secret_is_not_shown_again_where_another_field_is_wrong(bridge: Bridge, admin: SignIn) -> None:
    answer = admin(Role.OWNER).post("/admin/new-connection", name="Wrong Name", **LTI11)
    assert answer.status_code == 400
    assert SECRET not in answer.text
    assert 'value="key-1"' in answer.text, "the others are"
    assert "type them once more" in answer.text
    assert list(bridge.services.connections.registered()) == []


def test_what_is_wrong_of_a_part_is_said_in_it(admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    answer = owner.post("/admin/new-connection", name="new", **API | {"api.token": ""})
    assert answer.status_code == 400
    assert "this is needed" in answer.text
    docebo = FORMS["docebo"] | {"api.password": ""}
    answer = owner.post("/admin/new-connection", name="new", adapter="docebo", **docebo)
    assert "`grant: password` needs `password`" in answer.text
    answer = owner.post("/admin/new-connection", name="new", adapter="smarteru", student_id="scorm_student_id")
    assert "this is needed" in answer.text


def test_a_roster_can_be_asked_for(bridge: Bridge, admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    lines = " username : idnumber\n\nemailAddress: email "
    assert owner.post("/admin/new-connection", name="new", **API, **{"roster.attributes": lines}).status_code == 303
    found = bridge.services.connections.find("new")
    assert found is not None
    assert found.settings.roster.attributes == {"username": "idnumber", "emailAddress": "email"}
    custom = {"adapter": "lti", "student_id": "custom.number", "roster.attributes": lines}
    answer = owner.post("/admin/new-connection", name="other", **LTI11 | custom)
    assert (answer.status_code, "whoever edits a course" in answer.text) == (400, True)
    assert owner.post("/admin/new-connection", name="plain", **API).status_code == 303
    plain = bridge.services.connections.find("plain")
    assert plain is not None
    assert "roster" not in plain.settings.model_fields_set, "nobody is synced who was not asked for"


def test_a_secret_is_replaced_and_the_others_stay(
    bridge: Bridge, admin: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    owner, other = admin(Role.OWNER), "another-another-another"
    assert owner.post("/admin/new-connection", name="new", **LTI11 | API).status_code == 303
    page = owner.get("/admin/connections/new/secrets").text
    assert page.count("There is one. Left empty, it stays.") == 2
    answer = owner.post("/admin/connections/new/secrets", **{"api.token": other, "lti11.shared_secret": ""})
    assert answer.status_code == 303
    found = bridge.services.connections.find("new")
    assert found is not None
    assert found.settings.api.token.get_secret_value() == other
    assert found.settings.lti11.shared_secret.get_secret_value() == SECRET
    for text in (owner.get("/admin/connections/new").text, owner.get("/admin/audit").text, caplog.text):
        assert other not in text
    assert "api.token" in audit.newest(bridge.engine, 1)[0].details
    assert owner.post("/admin/connections/new/secrets").status_code == 400
    assert owner.get("/admin/connections/campus/secrets").status_code == 404, "it stands in the file"


def test_two_who_replace_secrets_at_once_lose_none_unheard(
    bridge: Bridge, admin: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, connections = admin(Role.OWNER), bridge.services.connections
    assert owner.post("/admin/new-connection", name="new", **API).status_code == 303
    kept = connections.stored("new")
    assert kept is not None
    assert connections.replace_secrets(kept, {("api", "token"): "first-first"})
    monkeypatch.setattr(Connections, "stored", lambda *_: kept)
    assert owner.post("/admin/connections/new/secrets", **{"api.token": "second-second"}).status_code == 409
    found = connections.find("new")
    assert found is not None
    assert found.settings.api.token.get_secret_value() == "first-first"


def under(bridge: Bridge, secret_key: str) -> Connections:
    return Connections({}, ADAPTERS, bridge.engine, secret_key=secret_key)


def test_another_secret_key_opens_nothing_and_the_page_says_what_to_do(
    bridge: Bridge, admin: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    owner, connections = admin(Role.OWNER), bridge.services.connections
    assert under(bridge, "another" * 8).register("new", ADAPTERS[1], {"api": _api(SECRET)}, 1.0)
    assert connections.find("new") is None
    assert "bridge.secret_key does not decrypt api.token of new" in caplog.text
    page = owner.get("/admin/connections").text
    assert "bridge.secret_key" in page
    assert "/admin/connections/new/secrets" in page
    assert owner.post("/admin/connections/new/secrets", **{"api.token": "anew-anew"}).status_code == 303
    found = connections.find("new")
    assert found is not None
    assert found.settings.api.token.get_secret_value() == "anew-anew"
    assert "bridge.secret_key" not in owner.get("/admin/connections").text


def test_a_secret_that_is_left_and_cannot_be_opened_is_said(bridge: Bridge, admin: SignIn) -> None:
    lti11 = {"consumer_key": "k", "shared_secret": SECRET}
    assert under(bridge, "another" * 8).register("new", ADAPTERS[1], {"api": _api(SECRET), "lti11": lti11}, 1.0)
    answer = admin(Role.OWNER).post("/admin/connections/new/secrets", **{"api.token": "anew-anew"})
    assert (answer.status_code, "Type every secret anew" in answer.text) == (400, True)


def test_an_encrypted_secret_is_good_for_its_place_alone(bridge: Bridge) -> None:
    """Whoever may write into the database, and has not the key, moves no secret to an address of theirs."""
    connections = bridge.services.connections
    assert connections.register("new", ADAPTERS[1], {"api": _api(SECRET)}, 1.0)
    row = stored.find(bridge.engine, "new")
    assert row is not None
    assert SECRET not in row.settings
    assert stored.add(bridge.engine, row._replace(name="other"))
    assert connections.find("other") is None
    moved = re.sub(r'"token":', '"secret":', row.settings)
    assert stored.change_settings(bridge.engine, row, moved)
    assert connections.find("new") is None


def test_commands_that_run_without_the_key_know_the_connection(bridge: Bridge) -> None:
    assert bridge.services.connections.register("new", ADAPTERS[1], {"api": _api(SECRET)}, 1.0)
    (found,) = under(bridge, "").registered()
    assert found.settings.api.url == "https://moodle.example.edu"
    assert found.settings.api.token.get_secret_value() != SECRET
    with pytest.raises(ValueError, match=r"bridge\.secret_key is not set"):
        under(bridge, "").register("more", ADAPTERS[1], {"api": _api(SECRET)}, 1.0)


def test_whoever_had_a_token_of_a_removed_connection_has_none_of_the_next_of_its_name(
    bridge: Bridge, admin: SignIn
) -> None:
    owner = admin(Role.OWNER)
    assert owner.post("/admin/new-connection", name="new", adapter="scim", student_id="userName").status_code == 303
    token = tokens.make(bridge.engine, "new", bridge.now)
    assert tokens.Tokens(bridge.engine).let_in("new", token, bridge.now)
    assert owner.post("/admin/connections/new/remove").status_code == 303
    assert owner.post("/admin/new-connection", name="new", adapter="scim", student_id="userName").status_code == 303
    assert not tokens.Tokens(bridge.engine).let_in("new", token, bridge.now)
    assert scim_tokens.every(bridge.engine, "new") == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_nobody_but_an_owner_replaces_a_secret(bridge: Bridge, admin: SignIn, role: Role) -> None:
    assert bridge.services.connections.register("new", ADAPTERS[1], {"api": _api(SECRET)}, 1.0)
    assert admin(role).get("/admin/connections/new/secrets").status_code == 403
    assert admin(role).post("/admin/connections/new/secrets", **{"api.token": "x"}).status_code == 403


def _api(token: str) -> dict[str, str]:
    return {"url": "https://moodle.example.edu", "token": token}
