"""What was pushed and waits, and what a limit holds of it, is seen on a page and approved there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.admin.roles import Role
from bridge.contracts import Connection
from bridge.store import sync_requests
from bridge.store.sync_requests import Stage
from bridge.sync.requested import RequestedSyncs
from bridge.web.admin.services import build_admin
from bridge.web.app import create_app
from tests.bridge.scim.test_applying import DAY, Site, site
from tests.bridge.web.admin.conftest import AdminBrowser

__all__ = ["site"]
HOSTILE = "\u202e<script>alert(1)</script> שלום"
PATH = "/admin/sync/pushes/acme"


class LocalBrowser(AdminBrowser):
    """An administrator's browser at a bridge on this machine, by plain http."""

    def sign_in(self, role: Role, who: str = "") -> LocalBrowser:
        self.token = self.admin.sessions.begin("password", who or f"the {role}", role)
        self.client.set_cookie(self.admin.cookie(), self.token, domain="127.0.0.1")
        return self


@pytest.fixture
def browse(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[[Role], AdminBrowser]:
    services = site.provider.services
    monkeypatch.setattr("tests.bridge.web.admin.conftest.BRIDGE", services.public_url)
    app = create_app(services)
    return lambda role: LocalBrowser(app.test_client(), build_admin(services)).sign_in(role)


def listed(browser: AdminBrowser, path: str = PATH) -> list[str]:
    rows = browser.tree(path).xpath("//table[contains(@class, 'rows')]/tbody/tr")
    return [" ".join(row.text_content().split()) for row in rows]


def test_what_was_pushed_waits_until_a_sync_has_brought_it(site: Site, browse: Callable[[Role], AdminBrowser]) -> None:
    browser = browse(Role.OPERATOR)
    assert "Nothing waits" in browser.get(PATH).text
    site.person("E-1", displayName=HOSTILE)
    hostile = site.provider.push("E-2@example.com", name={"givenName": HOSTILE, "familyName": "Wu"})["id"]
    rows = listed(browser)
    assert len(rows) == 2
    assert "Wu E-2@example.com new" in rows[0]
    assert "<script>alert" not in browser.get(PATH).text
    site.after(60)
    assert "Nothing waits" in browser.get(PATH).text
    site.provider.clock.ahead += 60
    assert site.provider.ask("DELETE", f"/Users/{hostile}").status_code == 204
    assert [row.split(" 20")[0].split()[-1] for row in listed(browser)] == ["deleted"]


def test_pushes_are_paged_to_the_end(site: Site, browse: Callable[[Role], AdminBrowser]) -> None:
    for number in range(33):
        site.person(f"E-{number}")
    browser = browse(Role.VIEWER)
    tree = browser.tree(PATH)
    second = listed(browser, tree.xpath("//a[@rel='next']/@href")[0])
    assert (len(listed(browser)), len(second)) == (30, 3)
    assert len({*listed(browser), *second}) == 33


def test_people_who_left_one_by_one_are_held_and_deactivated_once_it_is_approved(
    site: Site, browse: Callable[[Role], AdminBrowser]
) -> None:
    ids = [site.person(f"E-{number}") for number in range(40)]
    site.after(15)
    site.provider.clock.ahead += 3 * DAY
    for id_ in ids[:8]:
        site.deactivate(id_)
    site.after(15)
    assert list(site.users().values()).count(False) == 0
    browser = browse(Role.OPERATOR)
    tree = browser.tree(PATH)
    assert "8 changes held for approval" in tree.text_content()
    assert "deactivations planned" in tree.text_content()
    (plan,) = tree.xpath("//section[contains(@class, 'approval')]//a[contains(@class, 'primary')]/@href")
    looked = browser.tree(plan)
    assert PATH in looked.xpath("//a/@href")
    browser.post(f"{plan}/approve", seen=looked.xpath("//input[@name='seen']/@value")[0])

    def sync_of(connection: Connection) -> object:
        assert connection.name == "acme"
        return site.sync()

    services = site.provider.services
    RequestedSyncs(services.engine, services.connections.find, sync_of, site.provider.clock).run()  # type: ignore[arg-type]
    ended = sync_requests.newest_of(services.engine, "acme")
    assert ended is not None
    assert ended.state == Stage.DONE
    assert list(site.users().values()).count(False) == 8
    assert "held for approval" not in browser.get(PATH).text


@pytest.mark.parametrize("name", ["campus", "nobody", "%3Cscript%3E"])
def test_only_a_connection_that_takes_pushes_has_such_a_page(browse: Callable[[Role], AdminBrowser], name: str) -> None:
    assert browse(Role.VIEWER).get(f"/admin/sync/pushes/{name}").status_code == 404
