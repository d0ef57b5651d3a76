"""What a real Moodle sent, read to the right tuple through all its four ids."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
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
from bridge.lti.state import State, States, digest
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
    form = v11.verify(post(url, fields), LTI11, now=now, spend=lambda key, until: True)
    return ADAPTER.read_form(form, Settings(student_id=student_id, lti11=LTI11))


def launch13(recordings: Path, recording: Any, student_id: str) -> Launch:
    registration = _load(recordings, "lti13/99_registration_data.json")
    asked, answer = recording["2_auth_request"]["params"], recording["2_auth_request"]["response"]
    tool = next(t for t in registration["tools"].values() if t["clientid"] == asked["client_id"])
    settings = Lti13(
        issuer=registration["platform_id(iss)"],
        client_id=tool["clientid"],
        deployment_ids=(tool["deployment_id"],),
        auth_url=registration["auth_url"],
        jwks_url=registration["jwks_url"],
    )
    keys = _load(recordings, "lti13/00_platform_jwks.json")["json"]["keys"]
    claims = msgspec.json.decode(_payload(dict(answer["form_params"])["id_token"]))
    request = post(asked["redirect_uri"], [(name, value) for name, value in answer["form_params"]])
    signed = v13.verify(
        request,
        settings,
        "moodle",
        states=SimpleNamespace(read=lambda *_: State(asked["nonce"], digest("x"), "_parent")),
        find_key=lambda url, kid: RSAKey.import_key(next(key for key in keys if key["kid"] == kid)),
        spend=lambda key, until: True,
        now=float(claims["iat"]),
    )
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


@pytest.mark.parametrize("name", WHOLE_11)
def test_a_recorded_lti11_launch_is_the_person_who_clicked(recordings: Path, name: str) -> None:
    recording = _load(recordings, f"lti11/{name}")
    check(lambda student_id: launch11(recording, student_id), recording)


def test_a_recorded_launch_without_a_key_is_refused(recordings: Path) -> None:
    recording = _load(recordings, "lti11/07_unsigned_no_key.json")
    fields = parse_qsl(recording["received_body_raw"], keep_blank_values=True)
    with pytest.raises(LaunchRejected, match="unsigned"):
        v11.verify(post("http://127.0.0.1:8291/lti11", fields), LTI11, now=0, spend=lambda key, until: True)


@pytest.mark.parametrize("name", WHOLE_13)
def test_a_recorded_lti13_launch_is_the_person_who_clicked(recordings: Path, name: str) -> None:
    recording = _load(recordings, f"lti13/{name}")
    check(lambda student_id: launch13(recordings, recording, student_id), recording)


@pytest.mark.parametrize("name", WHOLE_13)
def test_we_answer_a_recorded_login_with_a_request_that_moodle_took(recordings: Path, name: str) -> None:
    recording = _load(recordings, f"lti13/{name}")
    fields = dict(recording["1_login_initiation"]["params"])
    settings = Lti13(
        issuer=fields["iss"],
        client_id=fields["client_id"],
        deployment_ids=(fields["lti_deployment_id"],),
        auth_url=recording["2_auth_request"]["url"],
        jwks_url="http://127.0.0.1:8290/mod/lti/certs.php",
    )
    login = begin(
        fields,
        settings,
        "moodle",
        states=States("k" * 32),
        launch_url=fields["target_link_uri"],
        now=0,
        token=lambda: "random",
    )
    taken = recording["2_auth_request"]["params"]
    made = query_of(login.url)
    assert {**made, "state": "", "nonce": ""} == {**taken, "state": "", "nonce": ""}
