"""Scores back to an LTI platform, as AGS 2.0 and Basic Outcomes want them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree
from pydantic import SecretStr

from bridge.contracts import Report, SignedClaims, SignedForm
from bridge.errors import RemoteRefused
from bridge.lti.grades import (
    OUTCOMES,
    SCORE_SCOPE,
    post_score,
    replace_result,
    scores_url,
)
from bridge.lti.settings import Lti11
from bridge.lti.student import ENDPOINT, channel_of_claims, channel_of_form
from bridge.net.http import Outbound
from tests.fakes.serving import FakeServer, Reply

NOW = 1_800_000_000.25
HALF = Report(0.459, False, 60, 60, False, NOW)
DONE = Report(1.0, True, 60, 60, True, NOW)
CONSUMER = Lti11(consumer_key="key", shared_secret=SecretStr("s3cret & more"))
SUCCESS = f'<r xmlns="{OUTCOMES}"><imsx_codeMajor>success</imsx_codeMajor></r>'.encode()


def test_only_a_platform_that_takes_scores_has_a_channel() -> None:
    endpoint = {"scope": [SCORE_SCOPE], "lineitem": "https://lms.example/li/7"}
    claims: dict[str, Any] = {"sub": "u7", ENDPOINT: endpoint}
    assert channel_of_claims(SignedClaims(claims)) == {"lineitem": "https://lms.example/li/7", "user": "u7"}
    numbered = [{"scope": scope, "lineitem": "x"} for scope in ([], [1], 5, True, {})]
    for spoilt in ({}, {"scope": [SCORE_SCOPE]}, *numbered, {"lineitem": "x"}, [], None):
        assert channel_of_claims(SignedClaims({"sub": "u7", ENDPOINT: spoilt})) == {}
    assert channel_of_claims(SignedClaims({ENDPOINT: endpoint})) == {}


def test_only_a_consumer_that_takes_results_has_a_channel() -> None:
    form = {"lis_outcome_service_url": "https://lms.example/o", "lis_result_sourcedid": "s7"}
    assert channel_of_form(SignedForm(form)) == {"outcomes": "https://lms.example/o", "sourcedid": "s7"}
    for name in form:
        assert channel_of_form(SignedForm({**form, name: ""})) == {}


@pytest.mark.parametrize(
    ("lineitem", "scores"),
    [
        ("https://lms.example/li/7", "https://lms.example/li/7/scores"),
        ("https://lms.example/li/7/lineitem?type_id=2", "https://lms.example/li/7/lineitem/scores?type_id=2"),
    ],
)
def test_moodles_query_stays_behind_the_path(lineitem: str, scores: str) -> None:
    assert scores_url(lineitem) == scores


@pytest.mark.parametrize(
    ("report", "given", "activity", "grading"),
    [(HALF, 45, "InProgress", "Pending"), (DONE, 100, "Completed", "FullyGraded")],
)
def test_the_platform_gets_a_score(report: Report, given: int, activity: str, grading: str, loopback: Outbound) -> None:
    with FakeServer(lambda _: Reply(200)) as platform:
        post_score({"lineitem": f"{platform.url}/li?t=1", "user": "u7"}, report, lambda: "access", loopback)
        (seen,) = platform.seen
    assert (seen.path, seen.query) == ("/li/scores", "t=1")
    assert seen.headers["authorization"] == "Bearer access"
    assert seen.headers["content-type"] == "application/vnd.ims.lis.v1.score+json"
    assert json.loads(seen.body) == {
        "userId": "u7",
        "scoreGiven": given,
        "scoreMaximum": 100,
        "activityProgress": activity,
        "gradingProgress": grading,
        "timestamp": "2027-01-15T08:00:00.250+00:00",
    }


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_score_that_is_not_taken_is_no_success(status: int, loopback: Outbound) -> None:
    with FakeServer(lambda _: Reply(status)) as platform, pytest.raises(RemoteRefused):
        post_score({"lineitem": f"{platform.url}/li", "user": "u7"}, HALF, lambda: "access", loopback)


def test_the_consumer_gets_a_signed_result(loopback: Outbound) -> None:
    with FakeServer(lambda _: Reply(200, SUCCESS)) as consumer:
        channel = {"outcomes": f"{consumer.url}/o", "sourcedid": 'a"<&7'}
        replace_result(channel, DONE, CONSUMER, "message-1", loopback)
        (seen,) = consumer.seen
    root = etree.fromstring(seen.body)
    assert root.findtext(f".//{{{OUTCOMES}}}sourcedId") == 'a"<&7'
    assert root.findtext(f".//{{{OUTCOMES}}}textString") == "1.00"
    assert root.findtext(f".//{{{OUTCOMES}}}imsx_messageIdentifier") == "message-1"
    header = seen.headers["authorization"]
    assert "oauth_body_hash=" in header
    assert 'oauth_consumer_key="key"' in header
    assert "oauth_signature=" in header


@pytest.mark.parametrize("answer", [Reply(200, b"<r/>"), Reply(200, b"nonsense"), Reply(401, SUCCESS)])
def test_a_result_that_is_not_taken_is_no_success(answer: Reply, loopback: Outbound) -> None:
    with FakeServer(lambda _: answer) as consumer, pytest.raises(RemoteRefused):
        replace_result({"outcomes": f"{consumer.url}/o", "sourcedid": "7"}, HALF, CONSUMER, "m", loopback)
