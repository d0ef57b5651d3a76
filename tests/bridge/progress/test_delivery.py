"""Each kind of launch is answered in its own way, or refused in words."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.scorm import ADAPTER
from bridge.contracts import Adapter, Connection, Kind, Report
from bridge.errors import RemoteRefused
from bridge.lti.grades import OUTCOMES, SCORE_SCOPE
from bridge.lti.settings import Lti11, Lti13
from bridge.lti.toolkeys import new_key
from bridge.net.http import Outbound
from bridge.progress.delivery import delivery_channels
from tests.fakes.contexts import callback_means
from tests.fakes.serving import FakeServer, Reply, Request

NOW = 1_800_000_000.0
DONE = Report(1.0, True, 60, 60, True, NOW)
KEY = new_key()


def deliver(kind: Kind, connection: Any, channel: dict[str, str], outbound: Outbound) -> None:
    ways = delivery_channels(outbound, lambda: KEY, lambda: NOW, lambda: "a-number", lambda _: callback_means(outbound))
    ways[kind](connection, channel, DONE)


def lti(**settings: Any) -> Any:
    return SimpleNamespace(settings=SimpleNamespace(**settings))


def test_a_score_goes_out_with_a_token_for_scores_alone(loopback: Outbound) -> None:
    def answer(request: Request) -> Reply:
        if request.path == "/token":
            return Reply(200, b'{"access_token": "granted", "token_type": "Bearer", "expires_in": 3600}')
        return Reply(200)

    with FakeServer(answer) as platform:
        lti13 = Lti13(
            issuer="https://lms.example.edu",
            client_id="c",
            deployment_ids=("d",),
            auth_url="https://lms.example/auth",
            token_url=f"{platform.url}/token",
            jwks_url="https://lms.example/jwks",
        )
        deliver(Kind.LTI13, lti(lti13=lti13), {"lineitem": f"{platform.url}/li", "user": "u7"}, loopback)
        asked, scored = platform.seen
    assert dict(asked.parameters())["scope"] == SCORE_SCOPE
    assert scored.headers["authorization"] == "Bearer granted"
    assert json.loads(scored.body)["activityProgress"] == "Completed"


def test_a_result_goes_out_for_lti_11(loopback: Outbound) -> None:
    success = f'<r xmlns="{OUTCOMES}"><imsx_codeMajor>success</imsx_codeMajor></r>'.encode()
    with FakeServer(lambda _: Reply(200, success)) as consumer:
        lti11 = Lti11(consumer_key="k", shared_secret=SecretStr("s"))
        deliver(Kind.LTI11, lti(lti11=lti11), {"outcomes": f"{consumer.url}/o", "sourcedid": "7"}, loopback)
        assert consumer.count == {"/o": 1}


@pytest.mark.parametrize("kind", [Kind.LTI13, Kind.LTI11])
def test_a_connection_that_lost_its_settings_is_refused_and_not_retried(kind: Kind, loopback: Outbound) -> None:
    with pytest.raises(RemoteRefused):
        deliver(kind, lti(lti13=None, lti11=None), {}, loopback)
    with pytest.raises(RemoteRefused):
        deliver(kind, lti(), {}, loopback)


@pytest.mark.parametrize("kind", [Kind.AICC, Kind.CMI5])
def test_the_adapter_tells_its_own_lms(kind: Kind, loopback: Outbound) -> None:
    bare = Connection("x", Adapter(name="x", title="X", settings=object), object())
    with pytest.raises(RemoteRefused):
        deliver(kind, bare, {}, loopback)
    channel = {"url": "https://l.example/a", "session_id": "s"}
    with pytest.raises(RemoteRefused, match="allowed_urls"):
        deliver(kind, Connection("x", ADAPTER, ADAPTER.settings()), channel, loopback)
