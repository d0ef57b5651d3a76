"""What a real Moodle sent, read to the right tuple through all its four ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64decode

from adapters.moodle import ADAPTER
from adapters.moodle.settings import Settings
from bridge.contracts import Launch
from bridge.errors import LaunchRejected
from bridge.lti import v11, v13
from bridge.lti.login import begin
from bridge.lti.settings import Lti11, Lti13
from bridge.lti.state import States, cookie_names
from tests.conftest import SHARED
from tests.fakes.lti_platform import post, query_of

LTI11 = Lti11.model_validate({"consumer_key": "lab-key", "shared_secret": "lab-secret"})


def _load(recordings: Path, name: str) -> Any:
    return msgspec.json.decode((recordings / "moodle" / name).read_bytes())


def _names(kind: str) -> list[str]:
    found = sorted((SHARED / "recordings" / "moodle" / kind).glob("*.json"))
    return [path.name for path in found] or ["absent"]


def launch11(recording: Any, student_id: str) -> Launch:
    fields = parse_qsl(recording["received_body_raw"], keep_blank_values=True)
    url = recording["launch_page"]["autosubmit_form"]["action"]
    now = float(dict(fields)["oauth_timestamp"])
    form = v11.verify(post(url, fields), LTI11, now=now, consume=lambda key, until: True)
    return ADAPTER.read_form(form, Settings(student_id=student_id, lti11=LTI11))


STATES = States("k" * 32)
SECRET = "what only the browser that began holds"


def exchange(recording: Any) -> Any:
    """The authentication request of a recording, and Moodle's answer to it."""
    return recording.get("2_auth_request") or recording["auth_for_first"]


def initiation(recording: Any) -> dict[str, str]:
    """The fields of the login initiation that the request belongs to."""
    return dict((recording.get("1_login_initiation") or recording["first"])["params"])


def registration(recordings: Path, client_id: str) -> Lti13:
    known = _load(recordings, "lti13/99_registration_data.json")
    tool = next(tool for tool in known["tools"].values() if tool["clientid"] == client_id)
    return Lti13(
        issuer=known["platform_id(iss)"],
        client_id=client_id,
        deployment_ids=(tool["deployment_id"],),
        auth_url=known["auth_url"],
        jwks_url=known["jwks_url"],
    )


def verify13(recordings: Path, recording: Any, cookies: dict[str, str] | None = None) -> v13.Verified:
    """What `verify` makes of what Moodle posted, with a state of ours around the nonce that was recorded."""
    asked, posted = exchange(recording)["params"], dict(exchange(recording)["response"]["form_params"])
    now = float(msgspec.json.decode(_payload(posted["id_token"]))["iat"]) if "id_token" in posted else 0.0
    nonce, keys = asked.get("nonce", ""), _load(recordings, "lti13/00_platform_jwks.json")["json"]["keys"]
    if posted["state"]:  # Moodle sends back what it was given
        posted["state"] = STATES.make("moodle", nonce, SECRET, now)
    return v13.verify(
        post(asked["redirect_uri"], list(posted.items()), cookies or {cookie_names(nonce)[0]: SECRET}),
        registration(recordings, initiation(recording)["client_id"]),
        "moodle",
        states=STATES,
        find_key=lambda url, kid: RSAKey.import_key(next(key for key in keys if key["kid"] == kid)),
        consume=lambda key, until: True,
        now=now,
    )


def launch13(recordings: Path, recording: Any, student_id: str) -> Launch:
    settings = registration(recordings, initiation(recording)["client_id"])
    signed = verify13(recordings, recording)
    return ADAPTER.read_claims(signed.claims, Settings(student_id=student_id, lti13=settings))


def _payload(token: str) -> bytes:
    return urlsafe_b64decode(token.split(".")[1].encode())


LONG = "Wolfeschlegelsteinhausenbergerdorff"
PEOPLE = {
    "stu01": ("A12001", "3", "Ana", "García López"),
    "stu02": ("A12002", "4", "José", "Núñez-Ibáñez"),
    "stu03": ("A12003", "5", "Zoë", "O'Brien"),
    "stu06": ("A12006", "8", "Martin", "King, Jr."),
    "stu08": ("", "10", "Plato", ""),
    "stu10": ("A12010", "12", "Suharto", ""),
    "stu11": ("A12011", "65", LONG, LONG),
    "stu12": ("A12012", "13", "伟", "王"),
    "stu15": ("A12015", "16", "محمد", "عبد الله"),
    "stu26": ("A12026", "27", 'Bobby "Tables"', "Drop"),
    "stu27": ("A12027", "28", "Emoji 🎓", "Grad"),
    "stu29": ("A12029", "30", "amp &", "lt"),
    "stu31": ("A12030", "32", "Student31", "Family31"),
    "stu32": ("pad 7", "33", "Student32", "Family32"),
    "stu33": ('a/b@c,d"e', "34", "Student33", "Family33"),
    "jane.doe@school.example": ("A12037", "38", "Student37", "Family37"),
    "teach1": ("T001", "62", "Tess", "Teacher"),
    "teach2": ("T002", "63", "Ned", "Nonediting"),
    "teach3": ("T003", "64", "Both", "Student-Teacher"),
    "admin": ("", "2", "Admin", "User"),
}
"""username -> idnumber, numeric id, first and last name, as the recordings' README lists them."""


def expected(recording: Any, student_id: str) -> tuple[str, str, str]:
    idnumber, number, first, last = PEOPLE[recording["user"]]
    hidden = "never" in recording["activity"] or recording["activity"].endswith("delegate_off")
    names = ("", "") if hidden else (first, last)
    ids = {"idnumber": idnumber, "user_id": number, "username": "" if hidden else recording["user"]}
    return (ids[student_id], *names)


def check(launch: Any, recording: Any) -> None:
    for student_id in ("idnumber", "user_id", "username"):
        wanted = expected(recording, student_id)
        if not wanted[0]:
            with pytest.raises(LaunchRejected, match="student_id_missing"):
                launch(student_id)
            continue
        student = launch(student_id).student
        assert student.student_id == wanted[0]
        assert student.first_name.startswith(wanted[1])
        assert student.last_name.startswith(wanted[2])
        assert bool(student.first_name) == bool(wanted[1])
        assert bool(student.last_name) == bool(wanted[2])


WHOLE_11 = [name for name in _names("lti11") if not name.startswith("07")]
WHOLE_13 = [name for name in _names("lti13") if name[:2] not in {"00", "30", "99"} and name[0] not in "56"]
ODD_BUT_GOOD = ["57_err_no_prompt.json", "63_two_tabs.json"]
REFUSED = ["50_err_bad_client.json", "55_err_bad_response_mode.json", "56_err_other_login_hint.json"]
NOT_TAKEN = [
    *("51_err_bad_redirect.json", "52_err_no_nonce.json", "54_err_bad_scope.json"),
    *("58_err_bad_response_type.json", "60_err_garbage_hint.json"),
]
TAKEN_FROM_NOBODY = ["59_err_hint_reused.json", "61_err_no_cookie_get.json", "62_err_no_cookie_repost.json"]


@pytest.mark.parametrize("name", WHOLE_11)
def test_a_recorded_lti11_launch_is_the_person_who_clicked(recordings: Path, name: str) -> None:
    recording = _load(recordings, f"lti11/{name}")
    check(lambda student_id: launch11(recording, student_id), recording)


def test_a_recorded_launch_without_a_key_is_refused(recordings: Path) -> None:
    recording = _load(recordings, "lti11/07_unsigned_no_key.json")
    fields = parse_qsl(recording["received_body_raw"], keep_blank_values=True)
    with pytest.raises(LaunchRejected, match="unsigned"):
        v11.verify(post("http://127.0.0.1:8291/lti11", fields), LTI11, now=0, consume=lambda key, until: True)


@pytest.mark.parametrize("name", WHOLE_13)
def test_a_recorded_lti13_launch_is_the_person_who_clicked(recordings: Path, name: str) -> None:
    recording = _load(recordings, f"lti13/{name}")
    check(lambda student_id: launch13(recordings, recording, student_id), recording)


@pytest.mark.parametrize("name", ODD_BUT_GOOD)
def test_a_launch_whose_login_was_odd_is_the_person_all_the_same(recordings: Path, name: str) -> None:
    """One without `prompt`, and the first of two tabs that came back last."""
    recording = {**_load(recordings, f"lti13/{name}"), "user": "stu01", "activity": "always"}
    check(lambda student_id: launch13(recordings, recording, student_id), recording)


def test_a_recorded_launch_in_another_browser_is_nobodys(recordings: Path) -> None:
    recording = _load(recordings, "lti13/63_two_tabs.json")
    with pytest.raises(LaunchRejected, match="state_other_browser"):
        verify13(recordings, recording, {"of": "another tab"})


def test_a_recorded_launch_without_state_is_nobodys(recordings: Path) -> None:
    with pytest.raises(LaunchRejected, match="state_unknown"):
        verify13(recordings, _load(recordings, "lti13/53_err_no_state.json"))


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("cookies", [None, {"of": "another tab"}], ids=["its browser", "without its cookie"])
def test_a_refusal_that_moodle_posts_is_told(recordings: Path, name: str, cookies: dict[str, str] | None) -> None:
    recording = _load(recordings, f"lti13/{name}")
    with pytest.raises(LaunchRejected) as caught:
        verify13(recordings, recording, cookies)
    assert caught.value.reason == "platform_error"
    assert dict(exchange(recording)["response"]["form_params"])["error"] in caught.value.detail


def test_a_recorded_request_to_pick_a_link_is_verified(recordings: Path) -> None:
    signed = verify13(recordings, _load(recordings, "lti13/30_deep_linking.json"))
    assert v13.message_type(signed.claims) == v13.DEEP_LINKING


def answered(recording: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The request that we make of a recorded login initiation, and the one that was recorded; without state and nonce,
    which are never the same.
    """
    fields = initiation(recording)
    settings = Lti13(
        issuer=fields["iss"],
        client_id=fields["client_id"],
        deployment_ids=(fields["lti_deployment_id"],),
        auth_url=exchange(recording)["url"],
        jwks_url="http://127.0.0.1:8290/mod/lti/certs.php",
    )
    login = begin(
        fields,
        settings,
        "moodle",
        states=STATES,
        launch_url=fields["target_link_uri"],
        now=0,
        token=lambda: "random",
    )
    made, recorded = query_of(login.url), dict(exchange(recording)["params"])
    assert made["state"]
    for request in (made, recorded):
        request.update({name: "" for name in ("state", "nonce") if name in request})
    return made, recorded


@pytest.mark.parametrize("name", [*WHOLE_13, "30_deep_linking.json", "63_two_tabs.json"])
def test_we_answer_a_recorded_login_with_a_request_that_moodle_took(recordings: Path, name: str) -> None:
    made, taken = answered(_load(recordings, f"lti13/{name}"))
    assert made == taken


@pytest.mark.parametrize("name", [*REFUSED, *NOT_TAKEN])
def test_we_do_not_make_a_request_that_moodle_did_not_take(recordings: Path, name: str) -> None:
    made, refused = answered(_load(recordings, f"lti13/{name}"))
    assert made != refused


@pytest.mark.parametrize("name", TAKEN_FROM_NOBODY)
def test_what_moodle_did_not_take_for_its_own_reasons_was_our_request(recordings: Path, name: str) -> None:
    """A hint used twice, and a browser without Moodle's cookie: nothing in the request could have helped."""
    made, refused = answered(_load(recordings, f"lti13/{name}"))
    assert made == {field: value for field, value in refused.items() if field != "repost"}


def test_no_recording_of_a_launch_is_passed_over() -> None:
    used = {*WHOLE_13, *ODD_BUT_GOOD, *REFUSED, *NOT_TAKEN, *TAKEN_FROM_NOBODY}
    used |= {"30_deep_linking.json", "53_err_no_state.json"}
    assert set(_names("lti13")) - used <= {"00_platform_jwks.json", "99_registration_data.json", "absent"}
