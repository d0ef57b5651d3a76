"""Connections are shown without a secret, changed only by who may, and what is made is kept as it was asked for."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from adapters.rest_list import presets
from bridge.admin.roles import Role
from bridge.doctor.checks import FAILED, LOOK, OK, Finding
from bridge.store import audit, packages, probes
from bridge.store.packages import APPROVED, NEW, REFUSED, OriginRow
from bridge.store.probes import ProbeRow
from bridge.web.admin import health
from bridge.web.admin.health import Health
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge, Campus

SignIn = Callable[[Role], AdminBrowser]
SITE = "https://new.example.edu"
CLIENT_ID = "10000000000009"
LTI = {
    "adapter": "canvas",
    "student_id": "sis_user_id",
    "lti13.issuer": "https://canvas.instructure.com",
    "lti13.client_id": CLIENT_ID,
    "lti13.auth_url": "https://sso.canvaslms.com/api/lti/authorize_redirect",
    "lti13.jwks_url": "https://sso.canvaslms.com/api/lti/security/jwks",
}


def acts(bridge: Bridge) -> list[tuple[str, str]]:
    return [(row.act, row.connection) for row in audit.newest(bridge.engine, 9)]


def test_no_secret_is_on_any_page_and_the_consumer_key_is(admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    for path in ("/admin/connections", *(f"/admin/connections/{name}" for name in ("campus", "packages", "bare"))):
        page = owner.get(path)
        assert page.status_code == 200, page.text
        for secret in ("s3cret", "0123456789abcdef", "password"):
            assert secret not in page.text
    assert "campus-key" in owner.get("/admin/connections/campus").text


def test_what_the_lms_administrator_enters_can_be_copied(admin: SignIn) -> None:
    page = admin(Role.VIEWER).tree("/admin/connections/campus")
    field = page.xpath("//label[text()='Redirect URIs']/@for")[0]
    assert page.get_element_by_id(field).get("value") == "https://bridge.example.edu/lti/campus/launch"
    assert page.xpath(f"//button[@data-copy='{field}']")
    key = page.xpath("//label[text()='Consumer Key']/@for")[0]
    assert page.get_element_by_id(key).get("value") == "campus-key"


def test_an_id_is_tried_without_a_launch(bridge: Bridge, admin: SignIn) -> None:
    viewer = admin(Role.VIEWER)
    told = {
        student_id: viewer.post("/admin/connections/campus/try", student_id=student_id).text
        for student_id in ("S000101", "nobody", "twice", "gone", "")
    }
    assert "is the OttoLearn user 1, by username" in told["S000101"]
    assert "is of nobody in OttoLearn" in told["nobody"]
    assert "is of several OttoLearn users: 2, 3" in told["twice"]
    assert "who is inactive" in told["gone"]
    assert bridge.record() == []


def test_a_connection_is_examined_behind_the_page(
    bridge: Bridge, admin: SignIn, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, services, connections = admin(Role.OPERATOR), bridge.services, bridge.services.connections
    begun: list[Any] = []
    with monkeypatch.context() as patched:
        patched.setattr(health.threading, "Thread", lambda **options: begun.append(options) or _Thread())
        assert operator.post("/admin/connections/campus/examine").status_code == 303
        assert "It is being tried since" in operator.get("/admin/connections/campus").text
        operator.post("/admin/connections/campus/examine")
    assert len(begun) == 1, "one at a time"
    health.examine(services, connections.configured["campus"])
    found = health.last(services, "campus")
    assert found is not None
    assert (found.state, found.under_way) == (LOOK, False), "it has keys, and no roster"
    assert "to be looked at" in operator.get("/admin/connections").text
    campus.down = True
    health.examine(services, connections.configured["campus"])
    assert "503" in operator.get("/admin/connections/campus").text
    assert acts(bridge) == [("examine", "campus")]


class _Thread:
    def start(self) -> None:
        """Nothing: the test does the work itself."""


def test_an_examination_that_died_is_not_waited_for(bridge: Bridge) -> None:
    health._keep(bridge.services, "campus", Health(bridge.now, [], under_way=True))
    bridge.now += health.LONGEST + 1
    found = health.last(bridge.services, "campus")
    assert found is not None
    assert not found.under_way
    worst = Health(0.0, [Finding("a", "b", OK), Finding("a", "b", FAILED)])
    assert worst.state == FAILED


def test_a_form_adds_a_connection_that_launches_can_come_by(bridge: Bridge, admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    assert "Canvas" in owner.get("/admin/new-connection").text
    assert 'name="lti13.issuer"' in owner.get("/admin/new-connection?adapter=canvas").text
    answer = owner.post("/admin/new-connection", name="second", **LTI, **{"lti13.deployment_ids": "1:abc\n2:def"})
    assert (answer.status_code, answer.location) == (303, "/admin/connections/second")
    found = bridge.services.connections.find("second")
    assert found is not None
    assert found.settings.lti13.deployment_ids == ("1:abc", "2:def")
    assert bridge.login("second", iss=LTI["lti13.issuer"], client_id=CLIENT_ID)["client_id"] == CLIENT_ID
    assert "Redirect URIs" in owner.get("/admin/connections/second").text
    assert owner.post("/admin/connections/second/remove").status_code == 303
    assert bridge.services.connections.find("second") is None
    assert acts(bridge) == [("remove_connection", "second"), ("add_connection", "second")]


def test_an_lms_with_a_preset_is_found_by_its_own_name_and_its_form_knows_the_preset(admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    choices = owner.tree("/admin/new-connection").xpath("//ul[contains(@class, 'kinds')]//a")
    links = {link.text_content(): link.get("href") for link in choices}
    assert set(presets.titles().values()) <= set(links)
    form = owner.tree(links["TalentLMS"])
    assert form.xpath("//select[@name='preset']/option[@selected]/@value") == ["talentlms"]
    assert form.xpath("//form//strong/text()") == ["TalentLMS"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "Campus 1"}, "allowed as a name"),
        ({"name": "campus"}, "a connection is called so already"),
        ({"lti13.issuer": "javascript:alert(1)"}, "an address that starts with https://"),
        ({"lti13.client_id": ""}, "this is needed"),
        ({"lti13.jwks_url": "https://evil.test\\@lms.test/"}, "allowed: an address without user name"),
        ({"lti13.deployment_ids": "*"}, "allowed: deployment_ids as the LMS shows them"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_nothing_is_kept(
    bridge: Bridge, admin: SignIn, changed: dict[str, str], words: str
) -> None:
    answer = admin(Role.OWNER).post("/admin/new-connection", **{"name": "second", **LTI, **changed})
    assert answer.status_code == 400
    assert words in answer.text
    assert [*bridge.services.connections.registered()] == []
    assert acts(bridge) == []


def test_a_connection_of_the_file_is_not_removed(bridge: Bridge, admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    owner.post("/admin/connections/campus/remove")
    assert "stands in the configuration file" in owner.get("/admin/connections").text
    assert "campus" in bridge.services.connections


def test_an_invitation_is_shown_once(bridge: Bridge, admin: SignIn) -> None:
    owner = admin(Role.OWNER)
    page = owner.post("/admin/invitations", name="third", adapter="moodle", platforms="")
    assert "https://bridge.example.edu/lti/register?invitation=" in page.text
    assert "invitation=" not in owner.get("/admin/audit").text
    assert acts(bridge) == [("invite", "third")]
    for wrong in ({"name": "campus"}, {"name": "x", "platforms": "http://lms.test"}, {"name": "x", "adapter": "scorm"}):
        asked = {"adapter": "moodle", "platforms": "", **wrong}
        assert owner.post("/admin/invitations", **asked).status_code == 400


@pytest.fixture
def package(admin: SignIn) -> Any:
    return admin(Role.OWNER).post("/admin/connections/packages/packages", format="scorm12", title="Safety", days="30")


def test_a_package_is_made_renewed_and_revoked(bridge: Bridge, admin: SignIn, package: Any) -> None:
    owner = admin(Role.OWNER)
    assert package.content_type == "application/zip"
    assert "imsmanifest.xml" in zipfile.ZipFile(io.BytesIO(package.data)).namelist()
    (row,) = packages.every(bridge.engine)
    assert (row.title, row.expires_at) == ("Safety", bridge.now + 30 * 86_400)
    renewed = owner.post(f"/admin/connections/packages/packages/{row.id}/rotate")
    assert renewed.data[:2] == b"PK"
    old, new = sorted(packages.every(bridge.engine), key=lambda one: one.id != row.id)
    assert (old.expires_at, new.expires_at) == (bridge.now + 30 * 86_400, None)
    assert owner.post(f"/admin/connections/packages/packages/{new.id}/revoke").status_code == 303
    assert not packages.by_id(bridge.engine, new.id).lives(bridge.now)  # type: ignore[union-attr]
    assert owner.post(f"/admin/connections/packages/packages/{new.id}/rotate").status_code == 409
    assert owner.post(f"/admin/connections/campus/packages/{old.id}/revoke").status_code == 404, "of another connection"
    page = owner.get("/admin/connections/packages").text
    assert "revoked" in page
    assert [act for act, _ in acts(bridge)] == ["revoke_package", "rotate_package", "make_package", "make_package"]


@pytest.mark.parametrize(
    "order", [{"format": "exe"}, {"title": ""}, {"days": "0"}, {"days": "x"}, {"course": "no-such"}], ids=str
)
def test_a_package_that_cannot_be_is_not_registered(bridge: Bridge, admin: SignIn, order: dict[str, str]) -> None:
    asked = {"format": "scorm12", "title": "Safety", **order}
    assert admin(Role.OWNER).post("/admin/connections/packages/packages", **asked).status_code == 400
    assert admin(Role.OWNER).post("/admin/connections/campus/packages", format="scorm12", title="T").status_code == 400
    assert packages.every(bridge.engine) == []


@pytest.mark.parametrize(("decision", "state"), [("approve", APPROVED), ("refuse", REFUSED)])
def test_a_site_is_decided_about_by_an_operator(bridge: Bridge, admin: SignIn, decision: str, state: str) -> None:
    packages.learn_origin(bridge.engine, OriginRow("packages", SITE, NEW, "p", bridge.now))
    assert admin(Role.VIEWER).post("/admin/connections/packages/sites", site=SITE, decision=decision).status_code == 403
    operator = admin(Role.OPERATOR)
    assert "waits for you" in operator.get("/admin/connections/packages").text
    assert operator.post("/admin/connections/packages/sites", site=SITE, decision=decision).status_code == 303
    assert packages.origin_state(bridge.engine, "packages", SITE) == state
    assert acts(bridge) == [(f"{decision}_site", "packages")]
    for wrong in ({"site": "https://never.example.edu"}, {"decision": "new"}):
        asked = {"site": SITE, "decision": decision, **wrong}
        assert operator.post("/admin/connections/packages/sites", **asked).status_code == 400


def test_what_a_probe_saw_is_shown_with_the_configuration_that_fits(bridge: Bridge, admin: SignIn) -> None:
    seen = '{"versions": ["1.2"], "sessions": {"1.2": {"values": {"cmi.core.student_id": {"value": "<b>7</b>"}}}}}'
    probes.add(bridge.engine, ProbeRow(bridge.now, "packages", SITE, seen))
    page = admin(Role.VIEWER).get("/admin/connections/packages").text
    assert "&lt;b&gt;7&lt;/b&gt;" in page
    assert f"- {SITE}" in page


def test_very_many_connections_are_shown_a_page_at_a_time_and_none_is_left_out(bridge: Bridge, admin: SignIn) -> None:
    known = bridge.services.connections
    lti13 = {
        "issuer": "https://canvas.instructure.com",
        "client_id": "10000000000009",
        "auth_url": "https://sso.canvaslms.com/api/lti/authorize_redirect",
        "jwks_url": "https://sso.canvaslms.com/api/lti/security/jwks",
        "deployment_ids": ["1"],
    }
    settings = {"student_id": "sis_user_id", "lti13": lti13}
    adapter = known.adapter("canvas")
    assert adapter is not None
    for number in range(210):
        assert known.register(f"school-{number:03}", adapter, settings, 1.0)
    viewer, seen, path, back = admin(Role.VIEWER), [], "/admin/connections", ""
    while path:
        tree = viewer.tree(path)
        names = [cell.text_content() for cell in tree.xpath("//td/a/strong")]
        assert 0 < len(names) <= 50
        seen += names
        path, back = (next(iter(tree.xpath(f"//a[@rel='{rel}']/@href")), "") for rel in ("next", "prev"))
    assert seen == sorted({*known.configured, *(f"school-{number:03}" for number in range(210))})
    last_but_one = viewer.tree(back).xpath("//td/a/strong/text()")
    assert last_but_one == seen[-len(names) - 50 : -len(names)]
    launches = viewer.tree("/admin/launches?connection=school-007")
    assert launches.xpath("//input[@name='connection']/@value") == ["school-007"]
    assert not launches.xpath("//select[@name='connection']")
