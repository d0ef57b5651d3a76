"""LTI 1.3: a launch that is wrong in any one way lets nobody in."""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey
from joserfc.util import json_b64encode, urlsafe_b64encode

from bridge.errors import LaunchRejected
from bridge.lti import v13
from bridge.lti.login import begin
from bridge.lti.state import STATE_LIVES, State, States, proves
from tests.fakes.anything import ANYTHING
from tests.fakes.lti_platform import (
    CLAIM,
    CLIENT,
    DEPLOYMENT,
    ISSUER,
    KEY,
    LAUNCH_URL,
    NOW,
    OTHER_KEY,
    SETTINGS,
    claims,
    post,
    query_of,
    token,
)

STATES = States("k" * 32)


class Browser:
    """Begins a login and comes back from the platform, as often and as wrongly as a test wants."""

    def __init__(self, connection: str = "campus", **fields: str) -> None:
        numbers = iter(range(100))
        asked = {"iss": ISSUER, "login_hint": "u-1", "target_link_uri": LAUNCH_URL, "client_id": CLIENT, **fields}
        self.login = begin(
            {name: value for name, value in asked.items() if value},
            SETTINGS,
            connection,
            states=STATES,
            launch_url=LAUNCH_URL,
            now=NOW,
            token=lambda: f"random-{id(self)}-{next(numbers)}",
        )
        self.request = query_of(self.login.url)
        self.cookies = {self.login.cookie_names[0]: self.login.secret}
        self.consumed: set[str] = set()
        self.unproved: State | None = None

    @property
    def nonce(self) -> str:
        return self.request["nonce"]

    def consume(self, key: str, until: float) -> bool:
        fresh = key not in self.consumed
        self.consumed.add(key)
        return fresh

    def launch(self, id_token: str, *, now: float = NOW, **changes: Any) -> dict[str, Any]:
        fields = {"id_token": id_token, "state": self.request["state"], **changes.pop("fields", {})}
        request = post(LAUNCH_URL, list(fields.items()), changes.pop("cookies", self.cookies))
        verified = v13.verify(
            request,
            SETTINGS,
            changes.pop("connection", "campus"),
            states=STATES,
            find_key=changes.pop("find_key", find_key),
            consume=self.consume,
            now=now,
        )
        self.unproved = verified.unproved
        return dict(verified.claims)


def find_key(url: str, kid: str) -> RSAKey:
    if kid != "platform-1":
        raise LaunchRejected("key_unknown", kid)
    return KEY


@pytest.fixture
def browser() -> Browser:
    return Browser()


def refused(browser: Browser, id_token: str, **changes: Any) -> str:
    with pytest.raises(LaunchRejected) as caught:
        browser.launch(id_token, **changes)
    return caught.value.reason


def test_a_good_launch_gives_its_claims(browser: Browser) -> None:
    assert browser.launch(token(claims(browser.nonce)))["sub"] == "a445ca99-1a64"


def test_the_authentication_request_says_what_the_specification_asks_and_keeps_the_hints(browser: Browser) -> None:
    hint = '{"cmid":12,"launchid":"ltilaunch9_1178845924"}'
    asked = Browser(lti_message_hint=hint).request
    assert asked["lti_message_hint"] == hint
    assert asked["redirect_uri"] == LAUNCH_URL
    assert {name: asked[name] for name in ("scope", "response_type", "response_mode", "prompt", "client_id")} == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": CLIENT,
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"iss": ""}, "malformed"),
        ({"login_hint": ""}, "malformed"),
        ({"target_link_uri": ""}, "malformed"),
        ({"iss": "https://other.example.edu"}, "issuer_unknown"),
        ({"iss": ISSUER + "/"}, "issuer_unknown"),
        ({"client_id": "10000000000005"}, "issuer_unknown"),
        ({"target_link_uri": "https://evil.example/lti/campus/launch"}, "login_wrong_target"),
        ({"target_link_uri": "https://[bad"}, "login_wrong_target"),
        ({"login_hint": "x" * 8193}, "malformed"),
        ({"lti_message_hint": "x" * 8193}, "malformed"),
    ],
)
def test_a_wrong_login_initiation_sends_nobody_to_the_platform(fields: dict[str, str], reason: str) -> None:
    with pytest.raises(LaunchRejected) as caught:
        Browser(**fields)
    assert caught.value.reason == reason


def test_a_login_without_client_id_is_taken(browser: Browser) -> None:
    assert Browser(client_id="").request["client_id"] == CLIENT


WRONG_CLAIMS = {
    "another issuer": ({"iss": "https://other.example.edu"}, "wrong_issuer"),
    "no issuer": ({"iss": None}, "wrong_issuer"),
    "another audience": ({"aud": "10000000000005"}, "wrong_audience"),
    "no audience": ({"aud": None}, "wrong_audience"),
    "an untrusted second audience": ({"aud": [CLIENT, "evil"]}, "wrong_audience"),
    "an untrusted first audience": ({"aud": ["evil", CLIENT]}, "wrong_audience"),
    "an untrusted audience and us as azp": (
        {"aud": ["evil", CLIENT], "azp": CLIENT},
        "wrong_audience",
    ),
    "an empty audience list": ({"aud": []}, "wrong_audience"),
    "another authorized party": ({"azp": "evil"}, "wrong_audience"),
    "no exp": ({"exp": None}, "time_missing"),
    "no iat": ({"iat": None}, "time_missing"),
    "exp as text": ({"exp": str(int(NOW) + 60)}, "time_missing"),
    "exp as truth": ({"exp": True}, "time_missing"),
    "an absurd exp": ({"exp": 1e300}, "time_missing"),
    "a life of more than a day": ({"exp": int(NOW) + 90000}, "time_missing"),
    "expired": ({"iat": int(NOW) - 300, "exp": int(NOW) - 61}, "expired"),
    "the certification suite's bad times": ({"iat": 11111, "exp": 22222}, "expired"),
    "too old though not expired": ({"iat": int(NOW) - 601}, "expired"),
    "from the future": ({"iat": int(NOW) + 61}, "not_yet_valid"),
    "another nonce": ({"nonce": "stolen"}, "wrong_nonce"),
    "no nonce": ({"nonce": None}, "wrong_nonce"),
    "another version": ({"version": "11.3"}, "wrong_version"),
    "no version": ({"version": None}, "wrong_version"),
    "no message type": ({"message_type": None}, "wrong_message"),
    "another message type": ({"message_type": "LtiSubmissionReviewRequest"}, "wrong_message"),
    "another deployment": ({"deployment_id": "7:other"}, "deployment_unknown"),
    "no deployment": ({"deployment_id": None}, "deployment_unknown"),
    "no target": ({"target_link_uri": None}, "wrong_target"),
    "a target elsewhere": ({"target_link_uri": "https://evil.example/"}, "wrong_target"),
    "no resource link": ({"resource_link": None}, "claim_missing"),
    "a resource link without id": ({"resource_link": {"title": "Quiz"}}, "claim_missing"),
    "a resource link that is text": ({"resource_link": "rl-1"}, "claim_missing"),
    "no roles": ({"roles": None}, "claim_missing"),
    "roles that are text": ({"roles": "Learner"}, "claim_missing"),
    "roles that are numbers": ({"roles": [1]}, "claim_missing"),
    "no subject": ({"sub": None}, "anonymous"),
    "an empty subject": ({"sub": ""}, "anonymous"),
    "a number as subject": ({"sub": 3}, "claim_mistyped"),
    "a number as deployment": ({"deployment_id": 7}, "claim_mistyped"),
    "a number as resource link": ({"resource_link": {"id": 77}}, "claim_mistyped"),
    "a list as subject": ({"sub": ["3"]}, "claim_mistyped"),
    "a number as authorized party": ({"azp": 5}, "wrong_audience"),
    "a subject of 256 characters": ({"sub": "s" * 256}, "claim_missing"),
    "a blank subject": ({"sub": "  "}, "claim_missing"),
}


@pytest.mark.parametrize(("changes", "reason"), WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_a_token_with_one_wrong_claim_is_refused(browser: Browser, changes: dict[str, Any], reason: str) -> None:
    assert refused(browser, token(claims(browser.nonce, **changes))) == reason


def test_several_claims_missing_at_once_is_refused_without_a_crash(browser: Browser) -> None:
    assert refused(browser, token(claims(browser.nonce, aud=None, iss=None, sub=None, roles=None))) == "wrong_issuer"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"deployment_id": 1}, "deployment_id is the number 1; LTI 1.3 wants text"),
        ({"sub": 12345}, "sub is the number 12345; LTI 1.3 wants text"),
        ({"sub": True}, "sub is the truth value true; LTI 1.3 wants text"),
        ({"resource_link": {"id": 77}}, "id is the number 77; LTI 1.3 wants text"),
        ({"azp": 5}, "azp is the number 5"),
        ({"aud": 10000000000003}, "aud is the number 10000000000003"),
        ({"iss": {"url": "x"}}, "iss is an object"),
    ],
)
def test_a_number_in_place_of_a_text_is_not_shown_as_that_text(
    browser: Browser, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(LaunchRejected) as caught:
        browser.launch(token(claims(browser.nonce, **changes)))
    assert caught.value.detail == told


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"Jo\\ud83d"', "Jo\ufffd"),
        (b'"Jo\\ud83d\\udc4d"', "Jo\U0001f44d"),
        (b'"Mu\xf1oz"', "Mu\ufffdoz"),
        (b'"C:\\\\ud83d"', "C:\\ud83d"),
        (b"NaN", None),
    ],
)
def test_a_name_that_cannot_be_decoded_keeps_nobody_out(browser: Browser, written: bytes, read: str | None) -> None:
    payload = msgspec.json.encode(claims(browser.nonce, given_name="@NAME@")).replace(b'"@NAME@"', written)
    assert browser.launch(token(payload)).get("given_name") == read


def test_a_null_authorized_party_is_nobody(browser: Browser) -> None:
    payload = msgspec.json.encode(claims(browser.nonce, azp="@")).replace(b'"@"', b"null")
    assert browser.launch(token(payload))["azp"] is None


@pytest.mark.parametrize("payload", [{"name": "badltilaunch"}, [], "text", 1, None, b"not json", b"", b"\xff"])
def test_a_signed_payload_that_is_no_launch_is_refused(browser: Browser, payload: Any) -> None:
    assert refused(browser, token(payload)) in {"wrong_issuer", "token_malformed", "bad_signature"}


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [CLIENT]},
        {"azp": CLIENT},
        {"roles": []},
        {"roles": [""]},
        {"iat": int(NOW) + 60},
        {"iat": int(NOW) - 59, "exp": int(NOW) - 59},
        {"iat": NOW - 0.5, "exp": NOW + 59.5},
        {"given_name": None, "family_name": None, "name": None, "email": None},
        {"unknown": {"claim": None}},
    ],
)
def test_a_token_that_uses_its_freedom_is_taken(browser: Browser, changes: dict[str, Any]) -> None:
    assert browser.launch(token(claims(browser.nonce, **changes)))["iss"] == ISSUER


def test_a_token_without_key_id_is_refused_even_when_there_is_but_one_key(browser: Browser) -> None:
    assert refused(browser, token(claims(browser.nonce), header={"kid": None})) == "token_malformed"


def test_a_token_with_an_unknown_key_id_is_refused(browser: Browser) -> None:
    assert refused(browser, token(claims(browser.nonce), header={"kid": "imstester_66067"})) == "key_unknown"


def test_a_token_signed_by_another_key_of_the_same_name_is_refused(browser: Browser) -> None:
    assert refused(browser, token(claims(browser.nonce), key=OTHER_KEY)) == "bad_signature"


def test_the_public_key_is_never_used_as_a_shared_secret(browser: Browser) -> None:
    _, payload, _ = token(claims(browser.nonce)).split(".")
    signed = f"{json_b64encode({'alg': 'HS256', 'kid': 'platform-1'}).decode()}.{payload}"
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    assert refused(browser, f"{signed}.{urlsafe_b64encode(mac).decode()}") == "token_malformed"


@pytest.mark.parametrize("algorithm", ["none", "PS256", "RS512", 256, None])
def test_the_token_does_not_choose_its_algorithm(browser: Browser, algorithm: Any) -> None:
    parts = token(claims(browser.nonce)).split(".")
    header = {"kid": "platform-1", **({} if algorithm is None else {"alg": algorithm})}
    assert refused(browser, ".".join([json_b64encode(header).decode(), *parts[1:]])) == "token_malformed"


def test_a_token_that_brings_its_own_key_is_refused(browser: Browser) -> None:
    header = {"jwk": OTHER_KEY.as_dict(private=False), "jku": "https://evil.example/jwks"}
    assert refused(browser, token(claims(browser.nonce), key=OTHER_KEY, header=header)) == "bad_signature"


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "a.b.c.d", "....", "é.é.é", "e30.e30.e30", "x" * 200_000])
def test_what_is_no_token_is_refused(browser: Browser, text: str) -> None:
    assert refused(browser, text) == "token_malformed"


@pytest.mark.parametrize(("header", "payload"), [("x" * 8193, ""), (urlsafe_b64encode(b"{}").decode(), "x" * 136_000)])
def test_a_token_that_is_too_long_is_refused_unread(browser: Browser, header: str, payload: str) -> None:
    with pytest.raises(LaunchRejected, match="too long"):
        browser.launch(f"{header}.{payload}.x")


def signed_by_hand(header: bytes, payload: dict[str, Any]) -> str:
    """A token whose header joserfc would not write."""
    signed = f"{urlsafe_b64encode(header).decode()}.{json_b64encode(payload).decode()}"
    return f"{signed}.{urlsafe_b64encode(KEY.private_key.sign(signed.encode(), PKCS1v15(), SHA256())).decode()}"


def test_a_header_may_begin_with_a_byte_order_mark(browser: Browser) -> None:
    header = b"\xef\xbb\xbf" + msgspec.json.encode({"alg": "RS256", "kid": "platform-1"})
    browser.launch(signed_by_hand(header, claims(browser.nonce)))


@pytest.mark.parametrize("header", [b'"alg"', b'["alg"]', b'["alg", "b64"]', b'"alg, b64"', b'["alg", "kid"]'])
def test_a_header_that_is_no_object_is_refused_and_not_a_crash(browser: Browser, header: bytes) -> None:
    assert refused(browser, f"{urlsafe_b64encode(header).decode()}.e30.e30") == "token_malformed"


@pytest.mark.parametrize("member", [b'"crit":NaN', b'"b64":NaN', b'"alg":NaN', b'"kid":"platform-1\\ud800"'])
def test_a_header_that_is_no_json_is_not_read_in_parts(browser: Browser, member: bytes) -> None:
    header = b'{"alg":"RS256","kid":"platform-1",' + member + b"}"
    assert refused(browser, f"{urlsafe_b64encode(header).decode()}.e30.e30") == "token_malformed"


@pytest.mark.parametrize("nested", [b"[" * 6000, b'{"a":' * 1200])
def test_a_token_nested_without_end_is_refused_and_not_a_crash(browser: Browser, nested: bytes) -> None:
    assert refused(browser, f"{urlsafe_b64encode(nested).decode()}.e30.e30") == "token_malformed"
    assert refused(browser, token(nested)) == "token_malformed"


@given(changes=st.dictionaries(st.sampled_from(list(claims(""))), ANYTHING, max_size=4))
def test_whatever_a_platform_signs_nothing_but_a_launch_or_a_refusal_comes_of_it(changes: dict[str, Any]) -> None:
    browser = Browser()
    with suppress(LaunchRejected):
        browser.launch(token({**claims(browser.nonce), **changes}))


@pytest.mark.parametrize(
    "extension", [*({"crit": crit, "exp": 1} for crit in (["exp"], [], "exp", None)), {"b64": False}, {"b64": None}]
)
def test_a_header_that_changes_how_a_token_is_read_is_refused(browser: Browser, extension: dict[str, Any]) -> None:
    header = {"alg": "RS256", "kid": "platform-1", **extension}
    assert refused(browser, signed_by_hand(msgspec.json.encode(header), claims(browser.nonce))) == "token_malformed"


def test_the_same_launch_sent_twice_enters_once(browser: Browser) -> None:
    good = token(claims(browser.nonce))
    browser.launch(good)
    assert refused(browser, good) == "replayed"


def test_a_launch_that_fails_late_cannot_be_tried_again(browser: Browser) -> None:
    assert refused(browser, token(claims(browser.nonce, roles=None))) == "claim_missing"
    assert refused(browser, token(claims(browser.nonce))) == "replayed"


def test_a_stranger_without_the_platforms_key_cannot_use_up_a_login(browser: Browser) -> None:
    assert refused(browser, token(claims(browser.nonce), key=OTHER_KEY)) == "bad_signature"
    assert browser.launch(token(claims(browser.nonce)))["iss"] == ISSUER


def test_another_browser_cannot_finish_a_login(browser: Browser) -> None:
    good = token(claims(browser.nonce))
    assert refused(browser, good, cookies={}) == "state_other_browser"
    assert refused(browser, good, cookies=Browser().cookies) == "state_other_browser"
    assert refused(browser, good, cookies={browser.login.cookie_names[0]: "guess"}) == "state_other_browser"


def test_the_partitioned_cookie_is_as_good_as_the_other(browser: Browser) -> None:
    cookies = {browser.login.cookie_names[1]: browser.login.secret}
    assert browser.launch(token(claims(browser.nonce)), cookies=cookies)["iss"] == ISSUER


def test_two_tabs_of_one_browser_do_not_disturb_each_other() -> None:
    one, two = Browser(), Browser()
    both = {**one.cookies, **two.cookies}
    for tab in (two, one):
        assert tab.launch(token(claims(tab.nonce)), cookies=both)["nonce"] == tab.nonce


def test_a_state_of_another_connection_or_another_bridge_is_refused(browser: Browser) -> None:
    good = token(claims(browser.nonce))
    assert refused(browser, good, connection="other") == "state_unknown"
    elsewhere = States("x" * 32).make("campus", browser.nonce, browser.login.secret, NOW)
    assert refused(browser, good, fields={"state": elsewhere}) == "state_unknown"


@pytest.mark.parametrize("state", ["", "x", "e30.x", "é", "a" * 10_000])
def test_a_made_up_state_is_refused(browser: Browser, state: str) -> None:
    assert refused(browser, token(claims(browser.nonce)), fields={"state": state}) == "state_unknown"


def test_a_login_is_good_for_ten_minutes(browser: Browser) -> None:
    late = NOW + STATE_LIVES
    assert refused(browser, token(claims(browser.nonce, late + 1)), now=late + 1) == "state_expired"
    assert browser.launch(token(claims(browser.nonce, late)), now=late)["iss"] == ISSUER


def test_the_platforms_refusal_is_told(browser: Browser) -> None:
    fields = {"id_token": "", "error": "launch_no_longer_valid", "error_description": "expired or consumed"}
    with pytest.raises(LaunchRejected) as caught:
        browser.launch("", fields=fields)
    assert caught.value.reason == "platform_error"
    assert caught.value.detail == "launch_no_longer_valid: expired or consumed"


def test_the_platforms_refusal_is_told_to_browsers_without_cookies_too(browser: Browser) -> None:
    assert refused(browser, "", fields={"error": "access_denied"}, cookies={}) == "platform_error"


def test_a_strangers_error_fills_no_table_and_costs_the_learner_no_login(browser: Browser) -> None:
    assert refused(browser, "", fields={"error": "access_denied"}) == "platform_error"
    assert browser.consumed == set()
    assert browser.launch(token(claims(browser.nonce)))["iss"] == ISSUER


def test_a_field_that_stands_twice_is_refused(browser: Browser) -> None:
    good = token(claims(browser.nonce))
    request = post(LAUNCH_URL, [("id_token", good), ("id_token", good), ("state", browser.request["state"])])
    with pytest.raises(LaunchRejected) as caught:
        v13.verify(request, SETTINGS, "campus", states=STATES, find_key=find_key, consume=browser.consume, now=NOW)
    assert caught.value.reason == "malformed"


def test_one_deployment_among_several_is_enough(browser: Browser) -> None:
    assert browser.launch(token(claims(browser.nonce)))[f"{CLAIM}deployment_id"] == DEPLOYMENT


def test_a_browser_without_cookies_must_prove_itself_where_the_platform_stores(browser: Browser) -> None:
    framed = Browser(lti_storage_target="_parent")
    framed.launch(token(claims(framed.nonce)), cookies={})
    assert framed.unproved is not None
    assert proves(framed.login.secret, framed.unproved.binding)
    assert not proves("guess", framed.unproved.binding)
    assert not proves("", framed.unproved.binding)
    assert framed.unproved.target == "_parent"
    assert framed.login.storage_target == "_parent"


def test_a_browser_with_its_cookie_has_nothing_left_to_prove() -> None:
    framed = Browser(lti_storage_target="_parent")
    framed.launch(token(claims(framed.nonce)))
    assert framed.unproved is None


def test_what_the_platform_would_store_is_short() -> None:
    login = Browser(lti_storage_target="post_message_forwarding" * 100).login
    assert len(login.storage_key) + len(login.secret) < 512
    assert len(login.storage_target) == 64
