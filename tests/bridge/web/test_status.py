"""What machines ask the bridge."""

from __future__ import annotations

import time

import pytest

from bridge.keys.own import OwnKeys
from tests.bridge.web.conftest import Bridge

SECRET_KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def sign_in() -> str:
    secret = "a-secret-of-OttoLearn-and-the-bridge"
    return f"{{method: oidc, client_id: o, client_secret: {secret}, redirect_uris: ['https://learn.example.com/cb']}}"


def test_a_bridge_that_can_serve_says_so(bridge: Bridge) -> None:
    assert bridge.client.get("/healthz").json == {"status": "alive"}
    assert bridge.client.get("/readyz").json == {"status": "ready", "database": True, "directory": True, "keys": True}


def test_a_bridge_without_its_database_is_alive_but_takes_no_launches(bridge: Bridge) -> None:
    with bridge.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert bridge.client.get("/healthz").status_code == 200
    assert bridge.client.get("/readyz").status_code == 503


@pytest.mark.parametrize("purpose", ["lti", "oidc"])
def test_a_bridge_whose_secret_was_changed_says_that_its_keys_do_not_open(bridge: Bridge, purpose: str) -> None:
    OwnKeys(bridge.engine, "another-secret-another-secret-another", purpose, time.time).listed()
    answer = bridge.client.get("/readyz")
    assert (answer.status_code, answer.json["keys"]) == (503, False)
    OwnKeys(bridge.engine, SECRET_KEY, purpose, time.time).replace()
    assert bridge.client.get("/readyz").status_code == 200


def test_launches_are_counted_by_outcome_and_strangers_make_no_new_series(bridge: Bridge) -> None:
    bridge.launch13()
    bridge.client.post("/lti/made-up-1/launch", data={"id_token": "x"})
    bridge.client.post("/lti/made-up-2/launch", data={"id_token": "x"})
    text = bridge.client.get("/metrics").text
    assert 'ottobridge_launches_total{connection="campus",kind="lti13",outcome="matched"} 1.0' in text
    assert 'ottobridge_launches_total{connection="unknown",kind="lti13",outcome="rejected"} 2.0' in text
