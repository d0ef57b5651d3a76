"""A launch by LTI, from the click to OttoLearn: who may enter does, who may not reads why, and all is on record."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.contracts import Learner
from bridge.errors import RemoteUnavailable
from tests.bridge.web.conftest import Bridge, Campus
from tests.fakes.lti_platform import CLAIM, FORM, LAUNCH_URL, NOW, OTHER_KEY, claims, query_of, sign, token

FORM_TYPE = "application/x-www-form-urlencoded"


def test_a_known_student_is_sent_to_ottolearn(bridge: Bridge) -> None:
    answer = bridge.launch13()
    assert answer.status_code == 303
    assert answer.location.startswith("https://learn.example.com/in?token=")
    (line,) = bridge.record()
    assert line[1:8] == ("campus", "lti13", "S000101", "Zoë", "O’Brien", "matched", "")


@pytest.mark.parametrize(
    "claim", [{"user_id": "other", "oauth_consumer_key": "campus-key", "oauth_consumer_key_sign": "x"}, "text", None]
)
def test_who_somebody_was_by_lti11_makes_them_nobody_else(bridge: Bridge, claim: Any) -> None:
    asked = bridge.login()
    said = {**claims(asked["nonce"]), f"{CLAIM}lti1p1": claim}
    bridge.client.post("/lti/campus/launch", data={"id_token": token(said), "state": asked["state"]})
    assert bridge.record()[0][3:7] == ("S000101", "Zoë", "O’Brien", "matched")


def test_a_known_student_enters_by_lti11_too(bridge: Bridge) -> None:
    answer = bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL)))
    assert answer.status_code == 303
    assert bridge.record()[0][1:8] == ("campus", "lti11", "S000101", "Zoë", "O’Brien", "matched", "")


def test_a_login_may_come_as_a_link(bridge: Bridge) -> None:
    fields = {"iss": "https://lms.example.edu", "login_hint": "u", "target_link_uri": LAUNCH_URL}
    answer = bridge.client.get("/lti/campus/login", query_string=fields)
    assert answer.status_code == 302
    assert query_of(answer.location)["redirect_uri"] == LAUNCH_URL


def test_the_login_marks_the_browser_inside_a_frame_and_outside(bridge: Bridge) -> None:
    fields = {"iss": "https://lms.example.edu", "login_hint": "u", "target_link_uri": LAUNCH_URL}
    cookies = bridge.client.post("/lti/campus/login", data=fields).headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all({"Secure", "HttpOnly", "SameSite=None"} <= set(cookie.split("; ")) for cookie in cookies)
    assert ["Partitioned" in cookie for cookie in cookies] == [False, True]


@pytest.mark.parametrize(
    ("student_id", "status", "outcome", "words"),
    [
        ("nobody", 404, "no_match", "OttoLearn does not know you yet"),
        ("twice", 409, "ambiguous", "not yours alone"),
        ("gone", 403, "inactive", "switched off"),
    ],
)
def test_who_cannot_enter_reads_why_and_how_to_ask(
    bridge: Bridge, student_id: str, status: int, outcome: str, words: str
) -> None:
    answer = bridge.launch13(lis={"person_sourcedid": student_id})
    (line,) = bridge.record()
    assert (answer.status_code, line.outcome, line.reason) == (status, outcome, outcome)
    assert words in answer.text
    assert student_id in answer.text
    assert line.reference in answer.text
    assert 'href="https://lms.example.edu/courses/5"' in answer.text


def test_a_launch_without_a_student_id_says_so(bridge: Bridge) -> None:
    answer = bridge.launch13(lis={"person_sourcedid": "$Person.sourcedId"})
    assert answer.status_code == 400
    assert "did not say who you are" in answer.text
    assert bridge.record()[0].reason == "student_id_missing"


NOBODY = {
    "no student ID": {"lis": {"person_sourcedid": "$Person.sourcedId"}},
    "the test student": {"custom": {"student_id": "S000101", "student_view": "true"}},
    "an administrator in their place": {"custom": {"student_id": "S000101", "masquerading_user_id": "7"}},
    "no subject": {"sub": None},
    "an unknown deployment": {"deployment_id": "7:other"},
}


@pytest.mark.parametrize("changes", NOBODY.values(), ids=NOBODY)
def test_whoever_was_signed_in_but_is_nobody_finds_the_way_back(bridge: Bridge, changes: dict[str, Any]) -> None:
    answer = bridge.launch13(**changes)
    assert 400 <= answer.status_code < 500
    assert 'href="https://lms.example.edu/courses/5"' in answer.text


@pytest.mark.parametrize("address", ["javascript:alert(1)", 7, None])
def test_the_way_back_is_a_web_address_or_none(bridge: Bridge, address: Any) -> None:
    answer = bridge.launch13(sub=None, launch_presentation={"return_url": address})
    assert "Back to your course" not in answer.text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lis_person_sourcedid": ""}, "student_id_missing"),
        ({"custom_student_view": "true"}, "test_student"),
        ({"custom_masquerading_user_id": "7"}, "masquerade"),
    ],
)
def test_by_lti11_they_are_sent_back_with_the_reason(bridge: Bridge, changes: dict[str, str], reason: str) -> None:
    answer = bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, {**FORM, **changes})))
    assert answer.status_code == 303
    assert answer.location.startswith("https://lms.example.edu/courses/5?a=1&b=2&lti_errormsg=")
    assert query_of(answer.location)["lti_errorlog"].split()[0] == reason


def test_the_reason_reaches_an_lms_whose_address_ends_in_a_fragment(bridge: Bridge) -> None:
    form = {
        **FORM,
        "lis_person_sourcedid": "",
        "launch_presentation_return_url": "https://lms.example.edu/?a=1#/courses/5",
    }
    answer = bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, form)))
    assert query_of(answer.location)["lti_errorlog"].split()[0] == "student_id_missing"
    assert answer.location.endswith("#/courses/5")


def test_a_name_that_is_markup_stays_text(bridge: Bridge) -> None:
    answer = bridge.launch13(lis={"person_sourcedid": "<script>alert(1)</script>"})
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_a_launch_sent_twice_enters_once(bridge: Bridge) -> None:
    asked = bridge.login()
    fields = {"id_token": token(claims(asked["nonce"])), "state": asked["state"]}
    assert bridge.client.post("/lti/campus/launch", data=fields).status_code == 303
    again = bridge.client.post("/lti/campus/launch", data=fields)
    assert again.status_code == 400
    assert bridge.record()[0].reason == "replayed"


def test_a_forged_launch_is_refused_and_sent_nowhere(bridge: Bridge) -> None:
    asked = bridge.login()
    fields = {"id_token": token(claims(asked["nonce"]), key=OTHER_KEY), "state": asked["state"]}
    answer = bridge.client.post("/lti/campus/launch", data=fields)
    assert answer.status_code == 401
    assert "lms.example.edu" not in answer.text
    assert bridge.record()[0].reason == "bad_signature"


def test_another_browser_cannot_finish_the_login(bridge: Bridge) -> None:
    asked = bridge.login()
    stranger = bridge.client.application.test_client()
    fields = {"id_token": token(claims(asked["nonce"])), "state": asked["state"]}
    assert stranger.post("/lti/campus/launch", data=fields).status_code == 400
    assert bridge.record()[0].reason == "state_other_browser"


@pytest.mark.parametrize(
    ("destination", "reason", "advice"),
    [
        ("document", "state_no_cookie", "keeps no cookie"),
        ("iframe", "state_other_browser", "window of its own"),
    ],
)
def test_whoever_is_in_a_new_window_already_is_not_told_to_open_one(
    bridge: Bridge, destination: str, reason: str, advice: str
) -> None:
    asked = bridge.login()
    stranger = bridge.client.application.test_client()
    fields = {"id_token": token(claims(asked["nonce"])), "state": asked["state"]}
    page = stranger.post("/lti/campus/launch", data=fields, headers={"Sec-Fetch-Dest": destination})
    assert page.status_code == 400
    assert advice in page.text
    assert bridge.record()[0].reason == reason


@pytest.mark.parametrize(
    ("path", "fields", "status", "reason"),
    [
        ("/lti/nowhere/launch", {"id_token": "x"}, 404, "unknown_connection"),
        ("/lti/nowhere/login", {"iss": "x"}, 404, "unknown_connection"),
        ("/lti/bare/launch", {"id_token": "x"}, 404, "not_allowed_here"),
        ("/lti/bare/launch", {"oauth_consumer_key": "x"}, 404, "not_allowed_here"),
        ("/lti/bare/login", {"iss": "x"}, 404, "not_allowed_here"),
        ("/lti/packages/launch", {"id_token": "x"}, 404, "not_allowed_here"),
        ("/lti/packages/login", {"iss": "x"}, 404, "not_allowed_here"),
        ("/lti/campus/launch", {}, 400, "state_unknown"),
        ("/lti/campus/launch", {"id_token": "x", "state": "y"}, 400, "state_unknown"),
        ("/lti/campus/launch", FORM, 401, "unsigned"),
        ("/lti/campus/launch", dict(sign(LAUNCH_URL, secret="x")), 401, "bad_signature"),
        ("/lti/campus/launch", dict(sign(LAUNCH_URL, timestamp=NOW - 400)), 401, "expired"),
        ("/lti/campus/login", {}, 400, "malformed"),
        ("/lti/campus/login", {"iss": "https://e", "login_hint": "1", "target_link_uri": "x"}, 400, "issuer_unknown"),
    ],
)
def test_a_bad_request_gets_a_page_with_a_reference_and_a_line_with_its_reason(
    bridge: Bridge, path: str, fields: dict[str, str], status: int, reason: str
) -> None:
    answer = bridge.client.post(path, data=fields)
    (line,) = bridge.record()
    assert (answer.status_code, line.outcome, line.reason) == (status, "rejected", reason)
    assert line.reference in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"\xff\xfe\x00", FORM_TYPE, 400),
        (b"id_token=%FF&state=%FE", FORM_TYPE, 400),
        (b"&".join(b"a%d=1" % n for n in range(2000)), FORM_TYPE, 400),
        (b"{}", "application/json", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (b"x" * (1024 * 1024 + 1), FORM_TYPE, 413),
        (b"x" * (3 * 1024 * 1024), "text/plain", 413),
    ],
)
def test_a_malformed_or_oversized_body_changes_nothing(
    bridge: Bridge, body: bytes, content_type: str, status: int
) -> None:
    answer = bridge.client.post("/lti/campus/launch", data=body, content_type=content_type)
    (line,) = bridge.record()
    assert (answer.status_code, line.outcome) == (status, "rejected")
    assert line.reference in answer.text


def test_a_launch_url_opened_by_hand_says_what_to_do(bridge: Bridge) -> None:
    answer = bridge.client.get("/lti/campus/launch")
    assert answer.status_code == 405
    assert "open it again" in answer.text


def test_the_platforms_refusal_becomes_a_page(bridge: Bridge) -> None:
    fields = {
        "error": "launch_no_longer_valid",
        "error_description": "<b>expired</b>",
        "state": bridge.login()["state"],
    }
    answer = bridge.client.post("/lti/campus/launch", data=fields)
    assert answer.status_code == 400
    assert "<b>expired" not in answer.text
    assert bridge.record()[0].detail.endswith("launch_no_longer_valid: <b>expired</b>")


def test_a_learner_made_a_moment_ago_is_found(bridge: Bridge) -> None:
    bridge.learners = [Learner(9, True, {"username": "new"})]
    bridge.now += 60
    assert bridge.launch13(lis={"person_sourcedid": "new"}).status_code == 303


def test_ottolearn_down_is_a_page_that_says_try_again_and_nobody_is_called_unknown(bridge: Bridge) -> None:
    bridge.learners = RemoteUnavailable("api.ottolearn.io: no answer in time")
    bridge.now += 60
    answer = bridge.launch13(lis={"person_sourcedid": "new"})
    assert answer.status_code == 503
    assert "try again in a few minutes" in answer.text
    assert bridge.record()[0].reason == "remote_unavailable"


def test_known_students_enter_while_ottolearn_is_down(bridge: Bridge) -> None:
    bridge.learners = RemoteUnavailable("api.ottolearn.io: no answer in time")
    bridge.now += 60
    assert bridge.launch13().status_code == 303


def test_a_platform_whose_keys_cannot_be_read_is_a_page_that_says_try_again(bridge: Bridge, campus: Campus) -> None:
    campus.down = True
    answer = bridge.launch13()
    assert answer.status_code == 503
    assert bridge.record()[0].reason == "remote_unavailable"


def test_every_page_is_guarded(bridge: Bridge) -> None:
    for path in ("/lti/campus/launch", "/healthz", "/nowhere"):
        headers = bridge.client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"


NEVER_FRAMED = ["/setup/campus", "/healthz", "/metrics", "/lti/jwks.json"]


@pytest.mark.parametrize("path", NEVER_FRAMED)
def test_what_no_lms_shows_no_site_can_put_into_a_frame(bridge: Bridge, path: str) -> None:
    answer = bridge.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].endswith("; frame-ancestors 'none'")


@pytest.mark.parametrize(
    "path", ["/lti/campus/launch", "/l/spent", "/nowhere", "/step-up/packages/callback", "/lti/register"]
)
def test_who_is_refused_inside_an_lms_can_read_why(bridge: Bridge, path: str) -> None:
    answer = bridge.client.get(path)
    assert answer.status_code >= 400
    assert "frame-ancestors" not in answer.headers["Content-Security-Policy"]


def test_launches_are_redirected_inside_frames(bridge: Bridge) -> None:
    answer = bridge.launch13()
    assert answer.status_code == 303
    assert "Content-Security-Policy" not in answer.headers  # nothing is shown, and no frame is forbidden
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Strict-Transport-Security"]


def test_a_redirect_that_has_content_is_not_sniffed(bridge: Bridge) -> None:
    answer = bridge.client.get("//healthz")
    assert answer.status_code == 308
    assert answer.mimetype == "text/html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_hosts_name_sent_by_a_stranger_changes_nothing(bridge: Bridge) -> None:
    fields: dict[str, Any] = {"iss": "https://lms.example.edu", "login_hint": "u", "target_link_uri": LAUNCH_URL}
    answer = bridge.client.post("/lti/campus/login", data=fields, headers={"Host": "evil.example"})
    assert query_of(answer.location)["redirect_uri"] == LAUNCH_URL


def test_no_redirect_to_the_right_path_leads_to_the_host_that_a_stranger_names(bridge: Bridge) -> None:
    answer = bridge.client.get("/lti//campus/login", headers={"Host": "evil.example"})
    assert answer.status_code == 308
    assert answer.location == LAUNCH_URL.replace("launch", "login")


def test_no_name_id_or_token_is_in_the_log(bridge: Bridge, caplog: pytest.LogCaptureFixture) -> None:
    forged = dict(sign(LAUNCH_URL, secret="x"))
    caplog.set_level("DEBUG")
    answer = bridge.launch13()
    bridge.launch13(lis={"person_sourcedid": "nobody"})
    bridge.client.post("/lti/campus/launch", data=forged)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "outcome=matched" in logged
    secrets = ("S000101", "nobody", "Zoë", "zoe@", "random-", "s3cret", query_of(answer.location)["token"])
    assert not [secret for secret in secrets if secret in logged]


def test_a_signed_launch_that_is_wrong_goes_back_to_its_lms_with_the_reason(bridge: Bridge) -> None:
    wrong = dict(sign(LAUNCH_URL, {**FORM, "lti_version": "LTI-2p0"}))
    answer = bridge.client.post("/lti/campus/launch", data=wrong)
    assert answer.status_code == 303
    assert answer.location.startswith("https://lms.example.edu/courses/5?a=1&b=2&lti_errormsg=")
    said = query_of(answer.location)
    assert said["lti_errorlog"] == f"wrong_version {bridge.record()[0].reference}"


def test_a_launch_nobody_signed_is_sent_nowhere(bridge: Bridge) -> None:
    wrong = dict(sign(LAUNCH_URL, {**FORM, "lti_version": "LTI-2p0"}, secret="guess"))
    answer = bridge.client.post("/lti/campus/launch", data=wrong)
    assert (answer.status_code, "Location" in answer.headers) == (401, False)
