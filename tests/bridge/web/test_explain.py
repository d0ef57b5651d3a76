"""What an administrator is told of a launch that did not get in: enough to fix it, nothing to repeat it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from joserfc.util import urlsafe_b64encode

from bridge.cli import cli
from bridge.contracts import Kind
from bridge.doctor.explain import checks
from bridge.presentation.advice import ADVICE, Reader, words
from bridge.reasons import REASONS
from bridge.store import received, visits
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import FORM, LAUNCH_URL, OTHER_KEY, claims, sign, token

NESTED = urlsafe_b64encode(b"[" * 100_000)
"""Nested deeper than anything can read."""
DEEP = urlsafe_b64encode(b'{"a":' * 700 + b"1" + b"}" * 700)
"""Nested as deep as can be read, but not much more."""


def explain(folder: Path, reference: str, *options: str) -> Any:
    words = ["--config", str(folder / "config.yaml"), "launches", "explain", reference, *options]
    return CliRunner().invoke(cli, words, obj=None)


def forged(bridge: Bridge) -> tuple[str, str]:
    asked = bridge.login()
    id_token = token(claims(asked["nonce"]), key=OTHER_KEY)
    bridge.client.post("/lti/campus/launch", data={"id_token": id_token, "state": asked["state"]})
    return bridge.record()[0].reference, id_token


def test_what_came_with_a_refused_launch_is_kept_without_what_would_repeat_it(bridge: Bridge) -> None:
    reference, id_token = forged(bridge)
    came = received.find(bridge.engine, reference)
    assert came["token_claims"]["iss"] == "https://lms.example.edu"
    assert came["token_header"]["kid"] == "platform-1"
    assert came["form"]["id_token"].endswith(f"({len(id_token)} characters)")
    assert len(came["form"]["state"]) < 40
    assert id_token.split(".")[2] not in json.dumps(came)


def test_a_launch_that_got_in_leaves_nothing_but_its_line(bridge: Bridge) -> None:
    bridge.launch13()
    assert received.find(bridge.engine, bridge.record()[0].reference) is None


def test_what_the_lms_said_to_a_learners_grade_is_told_with_the_launch(bridge: Bridge, tmp_path: Path) -> None:
    fields = {**FORM, "lis_outcome_service_url": "https://lms.example.edu/o", "lis_result_sourcedid": "7"}
    assert bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, fields))).status_code == 303
    line = bridge.record()[0]
    assert "Progress to the LMS" not in explain(tmp_path, line.reference).stdout
    visit = visits.newest_of(bridge.engine, "campus", line.student_id, 0, "")
    assert visit is not None
    visits.report(bridge.engine, visit.id, progress=0.4, mastered=False, seconds=9, now=bridge.now, due_at=0)
    told = visits.reported_of(bridge.engine, visit.id)
    assert told is not None
    visits.settle(bridge.engine, told, visits.REFUSED, detail="did not take the result: Tool does not accept grades")
    said = "40%, refused: did not take the result: Tool does not accept grades"
    assert f"Progress to the LMS: {said}" in explain(tmp_path, line.reference).stdout
    assert json.loads(explain(tmp_path, line.reference, "--json").stdout)["told"] == said


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"id_token=a.b.c", "application/x-www-form-urlencoded"),
        (b"id_token=e30.W10.x", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 900_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"k%d=v" % n for n in range(900)), "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"id_token=" + NESTED + b"." + NESTED + b".x", "application/x-www-form-urlencoded"),
        (b"id_token=" + DEEP + b"." + DEEP + b".x", "application/x-www-form-urlencoded"),
    ],
)
def test_whatever_came_the_page_still_answers(bridge: Bridge, body: bytes, content_type: str) -> None:
    answer = bridge.client.post("/lti/campus/launch", data=body, content_type=content_type)
    assert answer.status_code == 400
    assert len(json.dumps(received.find(bridge.engine, bridge.record()[0].reference))) <= received.LONGEST


SECRETS = (
    *("custom_api_token", "Client_Secret", "custom_db_password", "id_token", "code"),
    *("custom_apikey", "custom_API_KEY", "sesskey", "Authorization", "custom_pwd"),
)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_of_the_lms_is_not_shown_whatever_its_field_is_called(bridge: Bridge, name: str) -> None:
    bridge.client.post("/lti/campus/launch", data={name: "hunter2-hunter2", "roles": "Learner"})
    (line,) = bridge.record()
    kept = received.find(bridge.engine, line.reference)
    assert kept is not None
    assert kept["form"] == {name: "hunter… (15 characters)", "roles": "Learner"}


@pytest.mark.parametrize("secret", ["1234", "hunter2", "hunter2-abc"])
def test_nothing_of_a_short_secret_is_kept_but_its_length(bridge: Bridge, secret: str) -> None:
    bridge.client.post("/lti/campus/launch", data={"custom_password": secret})
    kept = received.find(bridge.engine, bridge.record()[0].reference)
    assert kept is not None
    assert kept["form"] == {"custom_password": f"… ({len(secret)} characters)"}


def test_signatures_of_lti11_are_shortened(bridge: Bridge) -> None:
    bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, secret="guess")))
    came = received.find(bridge.engine, bridge.record()[0].reference)
    assert came["form"]["oauth_signature"].endswith("(28 characters)")
    assert came["form"]["lis_person_sourcedid"] == FORM["lis_person_sourcedid"]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_explained_by_exactly_one_failed_check(reason: str) -> None:
    for kind in (*Kind, ""):
        for known in (True, False):
            assert [held for _, held in checks(kind, "rejected", reason, known=known)].count(False) == 1, (kind, known)


def test_every_check_of_a_launch_that_got_in_held() -> None:
    assert all(held for _, held in checks("lti13", "matched", "", known=True))


def test_an_administrator_reads_which_check_failed_and_what_to_change(bridge: Bridge, tmp_path: Path) -> None:
    reference, id_token = forged(bridge)
    said = explain(tmp_path, reference.lower())
    assert said.exit_code == 0
    assert "FAILED       the signature is valid" in said.output
    assert "not reached  the issuer is the connection's platform" in said.output
    assert "operator of the bridge" in said.output
    assert "iss: https://lms.example.edu" in said.output
    assert id_token.split(".")[2] not in said.output
    found = json.loads(explain(tmp_path, reference, "--json").stdout)
    assert (found["reason"], found["received"]["path"]) == ("bad_signature", "/lti/campus/launch")
    (one,) = found["compared"]
    assert (one["setting"], one["came"]) == ("connections.campus.lti13.jwks_url", "platform-1")
    assert f"connections.campus.lti13.jwks_url says: {one['configured']}; the launch said: platform-1" in said.output
    assert "This launch did not get in: the signature does not hold." in said.output


def test_a_reference_nobody_knows_is_told_in_words(bridge: Bridge, tmp_path: Path) -> None:
    said = explain(tmp_path, "NOPE-NOPE")
    assert said.exit_code == 2
    assert "No launch has the reference" in said.output


def test_a_launch_in_another_script_is_kept_as_well_as_one_in_latin(bridge: Bridge) -> None:
    form = {f"custom_field_{number}": "课程说明与要求" * 30 for number in range(20)}
    bridge.client.post("/lti/campus/launch", data=form)
    came = received.find(bridge.engine, bridge.record()[0].reference)
    assert came is not None
    assert came["form"]["custom_field_19"].startswith("课程说明与要求")


@pytest.mark.parametrize("typed", ["{}", " {} ", "reference"])
def test_a_reference_is_found_however_it_was_typed(bridge: Bridge, tmp_path: Path, typed: str) -> None:
    reference, _ = forged(bridge)
    letters = reference.replace("-", "").lower() if typed == "reference" else typed.format(reference.lower())
    assert explain(tmp_path, letters).output.startswith(reference)


def test_whom_a_launch_reached_is_told(bridge: Bridge, tmp_path: Path) -> None:
    bridge.launch13()
    (line,) = bridge.record()
    assert "detail: reached the OttoLearn user 1" in explain(tmp_path, line.reference).output


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_what_a_package_posted_is_shown(bridge: Bridge, content_type: str) -> None:
    body = json.dumps({"version": "scorm12", "learner_id": "00246", "api_token": "hunter2-hunter2"})
    bridge.client.post("/scorm/campus/launch", data=body, content_type=content_type)
    came = received.find(bridge.engine, bridge.record()[0].reference)
    assert came is not None
    assert came["posted"] == {"version": "scorm12", "learner_id": "00246", "api_token": "hunter… (15 characters)"}


@pytest.mark.parametrize("body", ["{", '{"a":' * 5000, "[1]", '{"a": 1}' + " " * 20_000])
def test_what_is_no_json_of_a_package_is_not_shown(bridge: Bridge, body: str) -> None:
    bridge.client.post("/scorm/campus/launch", data=body, content_type="application/json")
    came = received.find(bridge.engine, bridge.record()[0].reference)
    assert came is not None
    assert isinstance(came.get("posted", ""), str)


CANNOT_WORK_AGAIN = (
    *("malformed", "platform_error", "aicc_login_page", "aicc_answer_unreadable", "cmi5_answer_unreadable"),
    *("wrong_version", "wrong_message", "claim_missing", "token_malformed", "wrong_target", "unsigned"),
)


@pytest.mark.parametrize("reason", CANNOT_WORK_AGAIN)
def test_nobody_is_told_to_do_again_what_cannot_work(reason: str) -> None:
    advice = ADVICE[REASONS[reason].learner]
    assert "once more" not in advice.title
    assert "again" not in advice.text


def test_whoever_is_told_to_try_again_is_told_what_to_do_when_that_does_not_help() -> None:
    for key in ("again", "callback", "later", "window", "stale", "late", "busy", "cookies"):
        for support in ("", "the help desk"):
            told = words(key, Reader.LEARNER, support, str)
            assert told.tell.startswith("If it stays like this, give this reference")
            assert support in told.tell
