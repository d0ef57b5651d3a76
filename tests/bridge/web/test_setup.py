"""The pages for LMS administrators say what to enter, and nothing that is worth hiding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html

from adapters import ADAPTERS
from adapters.brightspace import ADAPTER as BRIGHTSPACE
from bridge.config.connections import Connections
from bridge.contracts import Connection
from bridge.web.app import create_app
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import CLIENT, DEPLOYMENT, ISSUER


def test_an_administrator_reads_what_to_enter(bridge: Bridge) -> None:
    page = bridge.client.get("/setup/campus")
    assert page.status_code == 200
    tree = html.fromstring(page.text)
    labels = {label.text: tree.get_element_by_id(label.get("for")) for label in tree.iter("label")}
    assert labels["Redirect URIs"].get("value") == "https://bridge.example.edu/lti/campus/launch"
    assert '"$Canvas.masqueradingUser.id"' in labels["LTI 1.3 Configuration"].text_content()


def test_the_page_tells_nothing_about_the_lms_and_no_secret(bridge: Bridge) -> None:
    page = bridge.client.get("/setup/campus").text
    for hidden in ("campus-key", "s3cret", CLIENT, DEPLOYMENT, ISSUER, "sso.example.edu"):
        assert hidden not in page


@pytest.mark.parametrize("name", ["packages", "no-such", "Campus", "%00"])
def test_there_is_no_page_where_there_is_nothing_to_enter(bridge: Bridge, name: str) -> None:
    assert bridge.client.get(f"/setup/{name}").status_code == 404


def test_the_page_runs_our_own_script_and_posts_nowhere(bridge: Bridge) -> None:
    policy = bridge.client.get("/setup/campus").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert policy.endswith("form-action 'none'; frame-ancestors 'none'")
    with bridge.client.get("/static/copy.js") as script:
        assert script.status_code == 200


def test_the_pages_can_be_switched_off(bridge: Bridge) -> None:
    services = bridge.services
    settings = services.configuration.bridge.model_copy(update={"setup_pages": False})
    closed = replace(services, configuration=replace(services.configuration, bridge=settings))
    assert create_app(closed).test_client().get("/setup/campus").status_code == 404


def test_a_browser_that_has_consented_is_told_where_to_paste_its_address(bridge: Bridge) -> None:
    services = bridge.services
    api = {"url": "https://lms.example.edu", "client_id": "c", "client_secret": "s3cret"}
    made = Connection("learn", BRIGHTSPACE, BRIGHTSPACE.settings.model_validate({"api": api}))
    connections = Connections({**services.connections.configured, "learn": made}, ADAPTERS, services.engine)
    client = create_app(replace(services, connections=connections)).test_client()
    page = client.get("/setup/learn/consent?code=the-code&state=s")
    assert page.status_code == 200
    assert "ottobridge setup consent learn" in page.text
    assert "the-code" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/setup/campus/consent").status_code == 404
