"""AICC launches: only allowed addresses are called, and only what the LMS answers is believed."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from pydantic import ValidationError

from adapters.scorm.aicc import MAX_SESSION_ID, find_allowed, is_guessable, read_aicc, report_aicc
from adapters.scorm.callback import MAX_ANSWER
from adapters.scorm.settings import Aicc, Settings
from bridge.contracts import Assurance, Kind, Launch, LaunchRequest, Report, Student
from bridge.errors import LaunchRejected, RemoteRefused, RemoteUnavailable
from bridge.net.http import Outbound
from tests.fakes.contexts import callback_means

PATH = "/mod/scorm/aicc.php"
ANSWER = b"error=0\r\naicc_data=[Core]\r\nStudent_ID=8\r\nStudent_Name=King, Jr., Martin\r\n"


class AiccLms(ThreadingHTTPServer):
    """A real server on loopback that gives one answer and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.status, self.headers, self.body = 200, {"Content-Type": "text/html; charset=utf-8"}, ANSWER
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.status, self.body, self.headers = status, body, {"Content-Type": "text/html", **headers}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{PATH}"


class _Asked(BaseHTTPRequestHandler):
    server: AiccLms

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, form, dict(parse_qsl(form, keep_blank_values=True))))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def lms() -> Iterator[AiccLms]:
    with AiccLms() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def outbound() -> Outbound:
    return Outbound([ipaddress.ip_network("127.0.0.0/8")])


def request(*query: tuple[str, str]) -> LaunchRequest:
    return LaunchRequest(method="GET", url="https://bridge.example.edu/aicc/any-lms/launch", query=query)


def launch(lms: AiccLms, outbound: Outbound, *, sid: str = "K7nFKkornGH4K5fnw4q0") -> Launch:
    settings = Settings(aicc=Aicc(allowed_urls=(lms.url,)))
    return read_aicc(
        request(("aicc_sid", sid), ("aicc_url", lms.url), ("lang", "en")), settings, callback_means(outbound)
    )


def reason_of(query: Sequence[tuple[str, str]], settings: Settings, outbound: Outbound) -> str:
    with pytest.raises(LaunchRejected) as caught:
        read_aicc(request(*query), settings, callback_means(outbound))
    return caught.value.reason


def test_the_lms_says_who_the_learner_is(lms: AiccLms, outbound: Outbound) -> None:
    arrived = launch(lms, outbound)
    channel = {"url": lms.url, "session_id": "K7nFKkornGH4K5fnw4q0"}
    assert arrived == Launch(Student("8", "Martin", "King, Jr."), Kind.AICC, Assurance.CONFIRMED, channel=channel)
    ((path, form, fields),) = lms.asked
    assert path == PATH
    assert fields == {"command": "GetParam", "version": "4.0", "session_id": "K7nFKkornGH4K5fnw4q0", "aicc_data": ""}
    assert not form.rpartition("&")[2].startswith("command"), "Skillport does not take `command` as the last field"


@pytest.mark.parametrize("names", [("AICC_SID", "AICC_URL"), ("Aicc_Sid", "aicc_url"), ("aicc_sid", "AICC_URL")])
def test_an_lms_may_write_the_parameters_in_any_letter_case(
    names: tuple[str, str], lms: AiccLms, outbound: Outbound
) -> None:
    settings = Settings(aicc=Aicc(allowed_urls=(lms.url,)))
    query = (("web", "1"), (names[0], "abc"), (names[1], lms.url))
    assert read_aicc(request(*query), settings, callback_means(outbound)).student.student_id == "8"


@pytest.mark.parametrize("content_type", ["text/plain; charset=utf-8", "text/plain; charset=iso-8859-1", "text/plain"])
def test_an_answer_that_begins_with_a_byte_order_mark_is_read(
    content_type: str, lms: AiccLms, outbound: Outbound
) -> None:
    body = "\ufefferror=0\r\naicc_data=[Core]\r\nStudent_ID=25499339\r\nStudent_Name=García, Ana\r\n"
    lms.answer(200, body.encode(), **{"Content-Type": content_type})
    assert launch(lms, outbound).student == Student("25499339", "Ana", "García")


def test_a_plus_sign_in_a_session_id_is_not_a_blank(lms: AiccLms, outbound: Outbound) -> None:
    launch(lms, outbound, sid="K7nFKk rnGH4K5fnw4q0")  # as a form is decoded
    assert lms.asked[0][2]["session_id"] == "K7nFKk+rnGH4K5fnw4q0"


def test_parameters_that_are_encoded_twice_are_read(lms: AiccLms, outbound: Outbound) -> None:
    settings = Settings(aicc=Aicc(allowed_urls=(lms.url,)))
    twice = (("aicc_sid", "K7nFKk%2BrnGH4K5fnw4q0"), ("aicc_url", quote(lms.url, safe="")))
    assert read_aicc(request(*twice), settings, callback_means(outbound)).student.student_id == "8"
    assert lms.asked[0][2]["session_id"] == "K7nFKk+rnGH4K5fnw4q0"


def test_a_percent_sign_in_a_session_id_that_is_encoded_once_stays(lms: AiccLms, outbound: Outbound) -> None:
    launch(lms, outbound, sid="K7nFKk%2BrnGH4K5fnw4q0")
    assert lms.asked[0][2]["session_id"] == "K7nFKk%2BrnGH4K5fnw4q0"


@pytest.mark.parametrize(
    "query",
    [
        (),
        (("aicc_sid", "abc"),),
        (("aicc_url", "{url}"),),
        (("aicc_sid", ""), ("aicc_url", "{url}")),
        (("aicc_sid", "abc"), ("aicc_url", "")),
        (("aicc_sid", "abc"), ("AICC_SID", "abd"), ("aicc_url", "{url}")),
        (("aicc_sid", "abc"), ("aicc_url", "{url}"), ("AICC_URL", "{url}")),
        (("aicc_sid", "x" * (MAX_SESSION_ID + 1)), ("aicc_url", "{url}")),
        (("aicc_sid", "abc\r\nx"), ("aicc_url", "{url}")),
        (("aicc_sid", "abc\x00"), ("aicc_url", "{url}")),
    ],
)
def test_a_malformed_launch_calls_nobody(query: tuple[tuple[str, str], ...], lms: AiccLms, outbound: Outbound) -> None:
    settings = Settings(aicc=Aicc(allowed_urls=(lms.url,)))
    filled = [(name, value.format(url=lms.url)) for name, value in query]
    assert reason_of(filled, settings, outbound) == "malformed"
    assert lms.asked == []


def test_a_connection_without_aicc_calls_nobody(lms: AiccLms, outbound: Outbound) -> None:
    query = [("aicc_sid", "abc"), ("aicc_url", lms.url)]
    assert reason_of(query, Settings(), outbound) == "not_allowed_here"
    assert lms.asked == []


def test_an_address_that_is_not_allowed_is_not_called(lms: AiccLms, outbound: Outbound) -> None:
    settings = Settings(aicc=Aicc(allowed_urls=(f"{lms.url}x",)))
    assert reason_of([("aicc_sid", "abc"), ("aicc_url", lms.url)], settings, outbound) == "aicc_url_not_allowed"
    assert lms.asked == []


ALLOWED = ("https://lms.example.com/mod/scorm/aicc.php", "https://hub.example.com:8443/aicc?site=7")


@pytest.mark.parametrize(
    ("requested", "called"),
    [
        (ALLOWED[0], ALLOWED[0]),
        ("https://LMS.Example.com/mod/scorm/aicc.php", ALLOWED[0]),
        ("HTTPS://lms.example.com:443/mod/scorm/aicc.php", ALLOWED[0]),
        (ALLOWED[1], ALLOWED[1]),
    ],
)
def test_an_allowed_address_is_called_as_the_configuration_writes_it(requested: str, called: str) -> None:
    assert find_allowed(requested, ALLOWED) == called


@pytest.mark.parametrize(
    "requested",
    [
        "http://lms.example.com/mod/scorm/aicc.php",
        "https://lms.example.com:8443/mod/scorm/aicc.php",
        "https://evil.example/mod/scorm/aicc.php",
        "https://lms.example.com.evil.example/mod/scorm/aicc.php",
        "https://lms.example.com./mod/scorm/aicc.php",
        "https://lms.example.com/mod/scorm/AICC.php",
        "https://lms.example.com/mod/scorm/aicc.php/",
        "https://lms.example.com/mod/scorm/../scorm/aicc.php",
        "https://lms.example.com/mod/scorm/%61icc.php",
        "https://lms.example.com/mod/scorm/aicc.php?file=answer.txt",
        "https://hub.example.com:8443/aicc",
        "https://hub.example.com:8443/aicc?site=8",
        "https://hub.example.com:8443/aicc?site=7&site=8",
        "https://user@lms.example.com/mod/scorm/aicc.php",
        "https://user:pass@lms.example.com/mod/scorm/aicc.php",
        "https://lms.example.com@evil.example/mod/scorm/aicc.php",
        "https://lms.example.com/mod/scorm/aicc.php#x",
        "https://lms.example.com/mod/scorm/aicc.php#",
        "https://lms.example.com\\@evil.example/mod/scorm/aicc.php",
        "https://lms.example.com/mod\\scorm/aicc.php",
        "https://lms.example.com/mod/scorm/aicc.php\n",
        "https://lms.example.com/mod/scorm/aicc.php\x00",
        "\thttps://lms.example.com/mod/scorm/aicc.php",
        " https://lms.example.com/mod/scorm/aicc.php",
        "https://lms.example.com/mod/scorm/aicc.php\x7f",
        "https://lms.example.com:port/mod/scorm/aicc.php",
        "https://lms.example.com:99999/mod/scorm/aicc.php",
        "https://[lms.example.com/mod/scorm/aicc.php",
        "https://ｌms.example.com/mod/scorm/aicc.php",
        "//lms.example.com/mod/scorm/aicc.php",
        "lms.example.com/mod/scorm/aicc.php",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_address_passes_for_an_allowed_one(requested: str) -> None:
    with pytest.raises(LaunchRejected) as caught:
        find_allowed(requested, ALLOWED)
    assert caught.value.reason == "aicc_url_not_allowed"


def test_the_operator_learns_which_address_to_add_but_not_its_query() -> None:
    with pytest.raises(LaunchRejected, match=r"https://new\.example/aicc") as caught:
        find_allowed("https://new.example/aicc?session=secret", ALLOWED)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("sid", "student_id"),
    [
        ("C175M21S", "175"),
        ("c1234567M1234567S", "1"),
        ("1234567890123456789", "7"),
        ("K7nFKkornGH4K5f", "8"),
        ("session-stu01-4K5fnw4q0", "STU01"),
        ("aaaaaaaaaaaaaaaabbbbccc", "8"),
    ],
)
def test_a_session_id_that_can_be_guessed_confirms_nobody(sid: str, student_id: str) -> None:
    assert is_guessable(sid, student_id)
    assert not is_guessable("K7nFKkornGH4K5fnw4q0", student_id)


def test_a_guessable_session_is_worth_no_more_than_a_browsers_word(lms: AiccLms, outbound: Outbound) -> None:
    assert launch(lms, outbound, sid="C175M21S").assurance is Assurance.ASSERTED


def test_the_packages_token_comes_back_from_the_lms(lms: AiccLms, outbound: Outbound) -> None:
    lms.answer(
        200, ANSWER + b"[Core_Lesson]\r\nottobridge_package=no\r\n[Core_Vendor]\r\nottobridge_package=the-token\r\n"
    )
    arrived = launch(lms, outbound)
    assert arrived.package_token == "the-token"
    assert "the-token" not in repr(arrived)
    assert "K7nFKkornGH4K5fnw4q0" not in repr(arrived)


# ---- telling the LMS ----

HALF = Report(0.459, False, 200, 80, False, 1_800_000_000.0)
DONE = Report(0.9, True, 7265, 3725, True, 1_800_000_000.0)


def tell(lms: AiccLms, outbound: Outbound, told: Report) -> list[dict[str, str]]:
    lms.answer(200, b"error=0\r\nerror_text=Successful\r\n")
    channel = {"url": lms.url, "session_id": "K7nFKkornGH4K5fnw4q0"}
    report_aicc(channel, told, Settings(aicc=Aicc(allowed_urls=(lms.url,))), callback_means(outbound))
    return [fields for _, _, fields in lms.asked]


def test_the_lms_is_told_of_progress_and_the_session_stays_open(lms: AiccLms, outbound: Outbound) -> None:
    (told,) = tell(lms, outbound, HALF)
    assert (told["command"], told["session_id"]) == ("PutParam", "K7nFKkornGH4K5fnw4q0")
    core = "[Core]\r\nLesson_Location=\r\nLesson_Status=incomplete\r\nScore=45,100,0\r\nTime=00:01:20\r\n"
    assert told["aicc_data"] == core


def test_mastery_is_passed_and_100_and_the_session_ends(lms: AiccLms, outbound: Outbound) -> None:
    put, leave = tell(lms, outbound, DONE)
    assert "Lesson_Status=passed\r\nScore=100,100,0\r\nTime=01:02:05\r\n" in put["aicc_data"]
    assert (leave["command"], leave["aicc_data"]) == ("ExitAU", "")


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"error=1\r\nerror_text=Terminated\r\n"), (404, b"<html>"), (200, b"<html>Log in</html>"), (302, b"")],
)
def test_an_lms_that_refuses_is_not_asked_for_ever(status: int, body: bytes, lms: AiccLms, outbound: Outbound) -> None:
    lms.answer(status, body, Location="/login")
    channel = {"url": lms.url, "session_id": "K7nFKkornGH4K5fnw4q0"}
    with pytest.raises(RemoteRefused):
        report_aicc(channel, HALF, Settings(aicc=Aicc(allowed_urls=(lms.url,))), callback_means(outbound))


def test_an_address_that_was_struck_off_is_told_nothing(lms: AiccLms, outbound: Outbound) -> None:
    channel = {"url": lms.url, "session_id": "K7nFKkornGH4K5fnw4q0"}
    with pytest.raises(RemoteRefused):
        report_aicc(channel, HALF, Settings(), callback_means(outbound))
    assert lms.asked == []


def test_an_empty_allow_list_is_found_when_it_is_loaded() -> None:
    with pytest.raises(ValidationError):
        Aicc(allowed_urls=())


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>Log in</html>", "aicc_login_page"),
        (302, b"", "aicc_login_page"),
        (401, ANSWER, "aicc_login_page"),
        (403, ANSWER, "aicc_login_page"),
        (404, b"<html>Invalid HACP session</html>", "aicc_session_unknown"),
        (404, ANSWER, "aicc_session_unknown"),
        (201, ANSWER, "aicc_session_unknown"),
        (200, b"error=101\r\nerror_text=Terminated\r\n", "aicc_session_unknown"),
        (200, b"hello", "aicc_answer_unreadable"),
        (200, b"error=0\r\naicc_data=[Core]\r\nStudent_ID=\r\nStudent_Name=\r\n", "student_id_missing"),
        (200, b"error=0\r\naicc_data=[Core]\r\nStudent_Name=King, Martin\r\n", "student_id_missing"),
        (200, b"error=0\r\naicc_data=[Core]\r\nStudent_ID=" + b"x" * 256, "student_id_unusable"),
    ],
)
def test_an_answer_that_names_nobody_lets_nobody_in(
    status: int, body: bytes, reason: str, lms: AiccLms, outbound: Outbound
) -> None:
    lms.answer(status, body, Location="/login")
    with pytest.raises(LaunchRejected) as caught:
        launch(lms, outbound)
    assert caught.value.reason == reason


def test_an_endless_answer_is_not_read(lms: AiccLms, outbound: Outbound) -> None:
    lms.answer(200, ANSWER + b"x" * MAX_ANSWER)
    with pytest.raises(RemoteRefused):
        launch(lms, outbound)


def test_an_lms_that_is_down_is_not_taken_for_a_refusal(lms: AiccLms, outbound: Outbound) -> None:
    lms.answer(503, b"maintenance")
    with pytest.raises(RemoteUnavailable):
        launch(lms, outbound)


def test_an_lms_on_a_private_address_is_not_called(lms: AiccLms) -> None:
    with pytest.raises(RemoteRefused):
        launch(lms, Outbound())
    assert lms.asked == []


# ---- what a real Moodle answered, byte for byte ----


def play(recording: dict[str, Any], lms: AiccLms, outbound: Outbound) -> Launch:
    answer = recording["response"]
    page = f"<!DOCTYPE html><html><title>{answer.get('html_error_page_message')}</title></html>"
    lms.answer(answer["status"], answer.get("raw_text", page).encode(), **answer["headers"])
    form = {name.lower(): value for name, value in recording["request"]["form"].items()}
    return launch(lms, outbound, sid=form.get("session_id", "none"))


MARTIN, JOSE = Student("8", "Martin", "King, Jr."), Student("4", "José", "Núñez-Ibáñez")
RECORDED = {
    "10_getparam": MARTIN,
    "11_getparam_again": MARTIN,
    "12_getparam_lower": MARTIN,
    "13_getparam_upper_names": MARTIN,
    "14_getparam_by_get": MARTIN,
    "30_getparam_jane.doe_at_school.example": Student("38", "Student37", "Family37"),
    "30_getparam_stu01": Student("3", "Ana", "García López"),
    "30_getparam_stu03": Student("5", "Zoë", "O'Brien"),
    "30_getparam_stu08": Student("10", "Plato", ""),
    "30_getparam_stu10": Student("12", "Suharto", ""),
    "30_getparam_stu11": Student(
        "65",
        "Wolfeschlegelsteinhausenbergerdorff Hubert Blaine Adolph Charles David Earl Frederick Gerald Irvin J",
        "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschaferswessenschafewarenwohlge",
    ),
    "30_getparam_stu12": Student("13", "伟", "王"),
    "30_getparam_stu15": Student("16", "محمد", "عبد الله"),
    "30_getparam_stu26": Student("27", 'Bobby "Tables"', "Drop"),
    "30_getparam_stu29": Student("30", "amp &", "lt"),
    "30_getparam_teach1": Student("62", "Tess", "Teacher"),
    "31_getparam_stu01_aiccuserid0": Student("stu01", "Ana", "García López"),
    "32_getparam_jane_aiccuserid0": Student("jane.doe@school.example", "Student37", "Family37"),
    "64_old_sid_after_relaunch": JOSE,
    "65_new_sid_after_relaunch": JOSE,
    "67_sid_of_user_suspended_meanwhile": JOSE,
}
REFUSED = {
    "27_getparam_after_exit": "aicc_session_unknown",
    "50_err_bad_session": "aicc_session_unknown",
    "51_err_no_session": "aicc_session_unknown",
    "52_err_no_command": "aicc_session_unknown",
    "53_err_dirty_session": "aicc_session_unknown",
    "62_getparam_hacp_off": "aicc_login_page",
    "63_session_one_day_old": "aicc_session_unknown",
    "66_sid_lower_case": "aicc_session_unknown",
}


def read_recording(moodle: Path, name: str) -> Any:
    return json.loads((moodle / "aicc" / f"{name}.json").read_text())


@pytest.mark.parametrize(("name", "student"), RECORDED.items(), ids=RECORDED.keys())
def test_a_learner_of_a_real_moodle_arrives(
    name: str, student: Student, moodle: Path, lms: AiccLms, outbound: Outbound
) -> None:
    assert play(read_recording(moodle, name), lms, outbound).student == student


@pytest.mark.parametrize(("name", "reason"), REFUSED.items(), ids=REFUSED.keys())
def test_a_session_that_a_real_moodle_refuses_lets_nobody_in(
    name: str, reason: str, moodle: Path, lms: AiccLms, outbound: Outbound
) -> None:
    with pytest.raises(LaunchRejected) as caught:
        play(read_recording(moodle, name), lms, outbound)
    assert caught.value.reason == reason


def test_the_launch_that_a_real_moodle_makes_is_answered(moodle: Path, lms: AiccLms, outbound: Outbound) -> None:
    queries = [
        [tuple(pair) for pair in read_recording(moodle, "01_au_launch_seen_by_tool")["request"]["query"]],
        *(
            parse_qsl(urlsplit(url).query)
            for url in (
                read_recording(moodle, "60_relaunch")["first"],
                read_recording(moodle, "60_relaunch")["second"],
                read_recording(moodle, "61_launch_with_hacp_off")["launch_url"],
            )
        ),
    ]
    settings = Settings(aicc=Aicc(allowed_urls=(lms.url,)))
    for query in queries:
        here = [(name, lms.url if name == "aicc_url" else value) for name, value in query]
        assert read_aicc(request(*here), settings, callback_means(outbound)).student == MARTIN
    assert [fields["session_id"] for _, _, fields in lms.asked] == [dict(query)["aicc_sid"] for query in queries]


def test_every_recorded_answer_is_played(moodle: Path) -> None:
    played = RECORDED.keys() | REFUSED.keys()
    wanted = {path.stem for path in (moodle / "aicc").glob("*.json") if _is_get_param(path)}
    assert wanted - played == {"21_getparam_after_put"} & wanted


def _is_get_param(path: Path) -> bool:
    form = json.loads(path.read_text()).get("request", {}).get("form", {})
    return any(name.lower() == "command" and value.lower() == "getparam" for name, value in form.items())
