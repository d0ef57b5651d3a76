"""Dynamic registration over real HTTP: whose keys we come to trust, and who sees the registration token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.canvas.install import registration_request as canvas_wishes
from adapters.moodle.install import registration_request as moodle_wishes
from bridge.errors import RegistrationRefused, RemoteRefused, RemoteUnavailable
from bridge.install.guide import Addresses
from bridge.lti import registration
from bridge.lti.grades import SCORE_SCOPE
from bridge.lti.registration import Platform, read_platform, readable_token, register, registration_request
from bridge.net.http import HttpResponse, Outbound
from tests.fakes.registering import CLIENT, CONFIGURATION, PLATFORM, REGISTRATION, TOKEN, TOOL, RegisteringPlatform
from tests.fakes.serving import FakeServer, Reply

HERE = Addresses("http://127.0.0.1:8291", "campus")
ENDPOINTS = ("authorization_endpoint", "registration_endpoint", "token_endpoint", "jwks_uri")
CANVAS = ("instructure.com", "canvaslms.com")


@pytest.fixture
def lms() -> Iterator[RegisteringPlatform]:
    with RegisteringPlatform() as platform:
        yield platform


@pytest.fixture
def elsewhere() -> Iterator[FakeServer]:
    """Another host, that must be told nothing."""
    with FakeServer(lambda _: Reply()) as server:
        yield server


def read(lms: RegisteringPlatform, door: Outbound, token: str = TOKEN, trusted: tuple[str, ...] = ()) -> Platform:
    return read_platform(lms.configuration_url, token, door, hosts=(), trusted=trusted)


def registered(lms: RegisteringPlatform, door: Outbound, token: str = TOKEN, **changes: Any) -> dict[str, Any]:
    platform = read(lms, door, token)
    request = registration_request(platform, HERE, moodle_wishes("idnumber", HERE))
    request[TOOL] |= changes.pop("tool", {})
    return register(platform, token, {k: v for k, v in (request | changes).items() if v is not None}, door)


def refused(lms: RegisteringPlatform, door: Outbound, **changes: Any) -> str:
    with pytest.raises(RegistrationRefused) as caught:
        registered(lms, door, **changes)
    assert TOKEN not in str(caught.value)
    return str(caught.value)


def test_a_moodle_becomes_the_settings_of_a_connection(lms: RegisteringPlatform, loopback: Outbound) -> None:
    assert registered(lms, loopback) == {
        "issuer": lms.url,
        "client_id": CLIENT,
        "auth_url": f"{lms.url}/mod/lti/auth.php",
        "token_url": f"{lms.url}/mod/lti/token.php",
        "jwks_url": f"{lms.url}/mod/lti/certs.php",
        "deployment_ids": ["12"],
    }


def test_a_platform_that_names_no_deployment_lets_them_be_learned(loopback: Outbound) -> None:
    with RegisteringPlatform(deployment=None) as canvas:
        settings = registered(canvas, loopback)
    assert settings["learn_deployments"] is True
    assert "deployment_ids" not in settings


def test_we_ask_for_no_more_than_a_launch_needs(lms: RegisteringPlatform, loopback: Outbound) -> None:
    registered(lms, loopback)
    asked = lms.tools[0]
    assert asked["scope"] == ""
    assert asked["token_endpoint_auth_method"] == "private_key_jwt"
    assert asked[TOOL]["claims"] == ["iss", "sub", "name", "given_name", "family_name"]
    assert [message["type"] for message in asked[TOOL]["messages"]] == ["LtiResourceLinkRequest"]


@pytest.mark.parametrize(
    ("offered", "asked"), [(None, SCORE_SCOPE), ([SCORE_SCOPE, "x"], SCORE_SCOPE), (["x"], ""), ("odd", SCORE_SCOPE)]
)
def test_grades_are_asked_for_where_there_are_any_and_the_platform_takes_them(
    lms: RegisteringPlatform, loopback: Outbound, offered: object, asked: str
) -> None:
    lms.said = {"scopes_supported": offered}
    here = Addresses(HERE.public_url, "campus", grades=True)
    platform = read(lms, loopback)
    assert registration_request(platform, here, moodle_wishes("idnumber", here))["scope"] == asked
    assert registration_request(platform, HERE, moodle_wishes("idnumber", HERE))["scope"] == ""


def test_our_domain_has_its_port(lms: RegisteringPlatform, loopback: Outbound) -> None:
    registered(lms, loopback)
    assert lms.tools[0][TOOL]["domain"] == "127.0.0.1:8291"


def test_picking_courses_is_asked_for_where_there_are_courses_and_the_platform_can(
    lms: RegisteringPlatform, loopback: Outbound
) -> None:
    def messages(courses: bool) -> list[str]:
        here = Addresses(HERE.public_url, "campus", courses)
        request = registration_request(read(lms, loopback), here, moodle_wishes("idnumber", here))
        return [message["type"] for message in request[TOOL]["messages"]]

    assert messages(courses=True) == ["LtiResourceLinkRequest", "LtiDeepLinkingRequest"]
    assert messages(courses=False) == ["LtiResourceLinkRequest"]
    lms.said = {PLATFORM: {"messages_supported": [{"type": "LtiResourceLinkRequest"}]}}
    assert messages(courses=True) == ["LtiResourceLinkRequest"]


# What a real Moodle was seen to refuse, file by file of recordings/moodle/dynreg.


def test_03_a_platform_that_misses_the_token_says_so(lms: RegisteringPlatform, loopback: Outbound) -> None:
    assert "sent no registration token" in refused(lms, loopback, token="")


def test_04_a_token_the_platform_cannot_read_is_told_without_its_web_page(
    lms: RegisteringPlatform, loopback: Outbound
) -> None:
    problem = refused(lms, loopback, token="abc")
    assert "answered 404" in problem
    assert "<" not in problem


def test_05_a_missing_attribute_is_named(lms: RegisteringPlatform, loopback: Outbound) -> None:
    assert "missing required attribute initiate_login_uri" in refused(lms, loopback, initiate_login_uri=None)


@pytest.mark.parametrize("domain", ["other.example", "127.0.0.1"])
def test_05bc_a_domain_the_platform_does_not_take_is_told(
    lms: RegisteringPlatform, loopback: Outbound, domain: str
) -> None:
    assert "bridge.public_url" in refused(lms, loopback, tool={"domain": domain})


def test_05d_an_authentication_the_platform_does_not_take_is_told(lms: RegisteringPlatform, loopback: Outbound) -> None:
    assert "private_key_jwt" in refused(lms, loopback, token_endpoint_auth_method="client_secret_post")


def test_07_a_token_that_was_used_is_told(lms: RegisteringPlatform, loopback: Outbound) -> None:
    registered(lms, loopback)
    assert "begun before" in refused(lms, loopback)


def test_the_recorded_conversation_is_understood(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very answers of a Moodle 4.5, through our reading."""
    folder = recordings / "moodle" / "dynreg"
    start = json.loads((folder / "01_start_registration.json").read_text("utf-8"))
    query = parse_qs(urlsplit(start["response"]["headers"]["Location"]).query)
    door = Recorded(folder)
    platform = read_platform(query["openid_configuration"][0], query["registration_token"][0], door, hosts=())
    settings = register(platform, query["registration_token"][0], {}, door)
    assert settings["issuer"] == "http://127.0.0.1:8290"
    assert (settings["client_id"], settings["deployment_ids"]) == ("etIUOBpd5ZgLdau", ["12"])
    assert readable_token(query["registration_token"][0])


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("03_err_no_token", "sent no registration token"),
        ("04_err_bad_token", "begin it in the LMS once more"),
        ("05_err_missing_login_uri", "missing required attribute initiate_login_uri"),
        ("05b_err_domain_mismatch", "bridge.public_url"),
        ("05c_err_domain_without_port", "bridge.public_url"),
        ("05d_err_auth_method", "private_key_jwt"),
        ("07_err_token_reused", "begun before"),
        ("08_registration_get", "begun before"),
    ],
)
def test_every_recorded_refusal_is_told_in_words(recordings: Path, file: str, words: str) -> None:
    door = Recorded(recordings / "moodle" / "dynreg", file)
    platform = Platform("http://m", "http://m/a", "http://m/r", "http://m/t", "http://m/k", ())
    with pytest.raises(RegistrationRefused) as caught:
        register(platform, "t", {}, door)
    assert words in str(caught.value)
    assert "<html>" not in str(caught.value)


class Recorded(Outbound):
    """Answers as the recorded Moodle did."""

    def __init__(self, folder: Path, answer: str = "06_register_ok") -> None:
        self._folder = folder
        self._answer = answer

    def request(self, method: str, url: str, **_: Any) -> HttpResponse:
        name = "02_openid_configuration" if method == "GET" else self._answer
        said = json.loads((self._folder / f"{name}.json").read_text("utf-8"))["response"]
        text = json.dumps(said["json"]) if "json" in said else said["text"].replace("(HTML error page)", "<html>")
        return HttpResponse(said["status"], said.get("headers", {}), text.encode(), "")


def test_the_samples_of_canvas_fit(canvas_samples: Path) -> None:
    sample = json.loads((canvas_samples / "dynreg_2_registration_request.json").read_text("utf-8"))
    here = Addresses("https://bridge.example.org", "campus")
    platform = Platform("https://canvas.instructure.com", "a", "r", "t", "k", ())
    ours = registration_request(platform, here, canvas_wishes("sis_user_id", here))
    assert set(ours) == set(sample)
    assert set(ours[TOOL]) <= {*sample[TOOL], "description"}
    asked = sample[TOOL]["custom_parameters"]
    del asked["student_id"]  # Canvas sends it in a field of its own, which no course author can set
    assert ours[TOOL]["custom_parameters"].items() >= asked.items()
    assert set(ours["grant_types"]) == set(sample["grant_types"])


# Whose addresses are believed.


@pytest.mark.parametrize("name", ["issuer", *ENDPOINTS])
def test_an_address_on_another_host_is_not_believed(
    lms: RegisteringPlatform, elsewhere: FakeServer, loopback: Outbound, name: str
) -> None:
    lms.said = {name: f"{elsewhere.url}/x"}
    assert f"{name} is at {urlsplit(elsewhere.url).netloc}" in refused(lms, loopback)
    assert not elsewhere.seen
    assert not lms.tools


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_address_on_a_host_that_the_operator_named_is_believed(
    lms: RegisteringPlatform, elsewhere: FakeServer, loopback: Outbound, name: str
) -> None:
    lms.said = {name: f"{elsewhere.url}/x"}
    assert getattr(read(lms, loopback, trusted=(lms.url, elsewhere.url)), name) == f"{elsewhere.url}/x"


def test_a_canvas_of_ones_own_may_say_it_is_instructures_once_the_operator_has_named_it(
    lms: RegisteringPlatform, loopback: Outbound
) -> None:
    lms.said = {"issuer": "https://canvas.instructure.com"}
    assert "issuer is at canvas.instructure.com" in refused(lms, loopback)
    assert read(lms, loopback, trusted=(lms.url,)).issuer == "https://canvas.instructure.com"


def test_an_invitation_for_one_platform_is_not_taken_to_another(
    lms: RegisteringPlatform, elsewhere: FakeServer, loopback: Outbound
) -> None:
    with pytest.raises(RegistrationRefused, match="The invitation is for"):
        read_platform(f"{elsewhere.url}/c", TOKEN, loopback, hosts=(), trusted=(lms.url,))
    assert not elsewhere.seen


@pytest.mark.parametrize(
    ("address", "url", "issuer", "believed"),
    [
        ("https://sso.canvaslms.com/a", "https://s.instructure.com/c", "https://canvas.instructure.com", True),
        ("https://s.instructure.com/a", "https://sso.canvaslms.com/c", "https://canvas.instructure.com", True),
        ("https://evil.example/a", "https://s.instructure.com/c", "https://canvas.instructure.com", False),
        ("https://evilinstructure.com/a", "https://s.instructure.com/c", "https://canvas.instructure.com", False),
        ("https://s.instructure.com.evil.example/", "https://s.instructure.com/c", "https://instructure.com", False),
        ("https://sso.canvaslms.com/a", "https://evil.example/c", "https://canvas.instructure.com", False),
        ("https://canvas.instructure.com", "https://evil.example/c", "https://canvas.instructure.com", False),
        ("https://sso.canvaslms.com/a", "https://s.instructure.com/c", "https://evil.example", False),
        ("http://sso.canvaslms.com/a", "https://s.instructure.com/c", "https://canvas.instructure.com", False),
        ("https://s.instructure.com:8443/a", "https://s.instructure.com/c", "https://evil.example", False),
    ],
)
def test_the_hosts_of_one_maker_stand_for_each_other_and_no_others(
    address: str, url: str, issuer: str, believed: bool
) -> None:
    assert registration._same_platform(address, url, issuer, CANVAS, ()) is believed


@pytest.mark.parametrize("name", ["issuer", *ENDPOINTS])
@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        7,
        [],
        "lms",
        "ftp://lms.example.edu",
        "https://",
        "https://u:p@h/",
        "http://[bad",
        "//h",
        "https://h:x/",
        "https://h/#f",
    ],
)
def test_an_address_that_is_none_is_refused(
    lms: RegisteringPlatform, loopback: Outbound, name: str, address: object
) -> None:
    lms.said = {name: address}
    assert f"no usable {name}" in refused(lms, loopback)


def test_plain_http_is_only_for_trusted_networks(lms: RegisteringPlatform) -> None:
    with pytest.raises(RemoteRefused, match="plain http"):
        read(lms, Outbound())


# Who sees the registration token.


def test_the_token_goes_to_the_registration_endpoint_alone(lms: RegisteringPlatform, loopback: Outbound) -> None:
    registered(lms, loopback)
    shown = {request.path for request in lms.seen if TOKEN in str(request)}
    assert shown == {REGISTRATION}


def test_a_platform_that_the_operator_named_may_see_the_token_earlier(loopback: Outbound) -> None:
    with RegisteringPlatform(needs_token=True) as canvas:
        assert read(canvas, loopback, trusted=(canvas.url,)).issuer == canvas.url
        with pytest.raises(RegistrationRefused, match="401"):
            read(canvas, loopback)
        shown = [TOKEN in str(request) for request in canvas.seen if request.path == CONFIGURATION]
    assert shown == [True, False]


def test_a_redirect_does_not_carry_the_token_away(
    lms: RegisteringPlatform, elsewhere: FakeServer, loopback: Outbound
) -> None:
    lms.fail_next(Reply(307, headers={"Location": f"{elsewhere.url}/r"}), where=REGISTRATION)
    with pytest.raises(RemoteRefused, match="redirect"):
        registered(lms, loopback)
    assert not elsewhere.seen


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "a\r\nX-Evil: 1", "é", "x" * (registration.LONGEST_TOKEN + 1)])
def test_a_token_that_cannot_stand_in_a_header_is_not_put_there(token: str) -> None:
    assert not readable_token(token)


# Answers that make no sense.


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b"null", b"\xff"])
@pytest.mark.parametrize("where", [CONFIGURATION, REGISTRATION])
def test_an_answer_that_is_no_json_object_is_told(
    lms: RegisteringPlatform, loopback: Outbound, body: bytes, where: str
) -> None:
    lms.fail_next(Reply(200, body), where=where)
    assert "answered with no" in refused(lms, loopback)


@pytest.mark.parametrize("client", [None, "", 7, "a b", "x" * 256, "é"])
def test_a_registration_without_a_client_id_is_told(
    lms: RegisteringPlatform, loopback: Outbound, client: object
) -> None:
    lms.answered = {"client_id": client}
    assert "no client_id" in refused(lms, loopback)


def test_a_configuration_without_the_part_about_lti_is_enough(lms: RegisteringPlatform, loopback: Outbound) -> None:
    for part in (None, [], "x", {"messages_supported": "x"}, {"messages_supported": [1, {"type": 2}, {}]}):
        lms.said = {PLATFORM: part}
        assert read(lms, loopback).messages == ()


def test_a_platform_that_is_down_is_told_as_that(lms: RegisteringPlatform, loopback: Outbound) -> None:
    lms.fail_next(Reply(503))
    with pytest.raises(RemoteUnavailable):
        registered(lms, loopback)


@pytest.mark.parametrize("where", [CONFIGURATION, REGISTRATION])
def test_an_answer_without_end_is_cut(lms: RegisteringPlatform, loopback: Outbound, where: str) -> None:
    lms.fail_next(Reply(200, b"x" * (registration.MAX_BYTES + 1)), where=where)
    with pytest.raises(RemoteRefused, match="larger"):
        registered(lms, loopback)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b'{"error": "invalid_client_metadata", "error_description": "no scopes"}',
            "invalid_client_metadata: no scopes",
        ),
        (b'{"message": "Tool exists"}', "Tool exists"),
        (b"<script>alert(1)</script>", "It does not say why."),
        (b"", "It does not say why."),
        (b"x" * 300, "It does not say why."),
    ],
)
def test_the_platforms_own_words_are_passed_on_where_they_are_words(
    lms: RegisteringPlatform, loopback: Outbound, body: bytes, words: str
) -> None:
    lms.fail_next(Reply(422, body), where=REGISTRATION)
    assert refused(lms, loopback).endswith(f"answered 422: {words}")
