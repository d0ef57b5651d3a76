"""The OpenID Provider over HTTP: who launched gets in once, everybody else learns why not."""

from __future__ import annotations

import base64
import hashlib
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import text

from bridge.errors import ConfigError
from bridge.keys.own import OwnKeys
from bridge.launch.rate_limits import FAILURES_OF_ADDRESS
from bridge.ottolearn.signin.oidc import Provider
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import BRIDGE, NOW

CLIENT, SECRET = "ottolearn", "an OpenID secret + of: 32 bytes & more"
CALLBACK = "https://learn.example.com/sso/callback"
VERIFIER = "a-verifier-of-at-least-43-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {"client_id": CLIENT, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid profile email"}


@pytest.fixture
def sign_in() -> str:
    return f'{{method: oidc, client_id: {CLIENT}, client_secret: "{SECRET}", redirect_uris: ["{CALLBACK}"]}}'


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def arrive(bridge: Bridge) -> Any:
    answer = bridge.launch13()
    assert answer.status_code == 303, answer.text
    return answer


def authorize(bridge: Bridge, **changes: str) -> Any:
    return bridge.client.get("/oidc/authorize", query_string={**ASKED, "state": "s t&1", "nonce": "n-1", **changes})


def code_for(bridge: Bridge, **changes: str) -> str:
    arrive(bridge)
    return query(authorize(bridge, **changes).location)["code"]


def basic(client: str = CLIENT, secret: str = SECRET) -> dict[str, str]:
    # RFC 6749, section 2.3.1: both are form-encoded before they are joined
    joined = "&".join(urlencode({"": part})[1:] for part in (client, secret)).replace("&", ":", 1).replace("+", "%20")
    return {"Authorization": "Basic " + base64.b64encode(joined.encode()).decode()}


def redeem(bridge: Bridge, code: str, headers: dict[str, str] | None = None, /, **changes: str) -> Any:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}
    return bridge.client.post("/oidc/token", data=form, headers=basic() if headers is None else headers)


def claims_in(bridge: Bridge, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    keys = KeySet.import_key_set(bridge.client.get("/oidc/jwks.json").json)
    return jwt.decode(answer.json["id_token"], keys, algorithms=["RS256"]).claims


def test_who_launched_is_who_ottolearn_gets(bridge: Bridge) -> None:
    started = arrive(bridge)
    assert started.location == "https://learn.example.com"
    found = authorize(bridge)
    assert found.status_code == 302
    back = query(found.location)
    assert found.location.startswith(f"{CALLBACK}?")
    assert back["state"] == "s t&1"
    answer = redeem(bridge, back["code"])
    assert answer.headers["Cache-Control"] == "no-store"
    claims = claims_in(bridge, answer)
    at_hash = base64.urlsafe_b64encode(hashlib.sha256(answer.json["access_token"].encode()).digest()[:16]).decode()
    assert claims == {
        "iss": BRIDGE,
        "aud": CLIENT,
        "sub": "1",
        "preferred_username": "S000101",
        "given_name": "Zoë",
        "family_name": "O’Brien",
        "iat": int(NOW),
        "exp": int(NOW) + 300,
        "auth_time": int(NOW),
        "nonce": "n-1",
        "at_hash": at_hash.rstrip("="),
    }


def test_a_launch_of_a_link_to_a_course_begins_the_sign_in_at_that_course(bridge: Bridge) -> None:
    answer = bridge.launch13(custom={"course": "FIRE-1"})
    assert answer.location == "https://learn.example.com/fire"
    assert claims_in(bridge, redeem(bridge, query(authorize(bridge).location)["code"]))["sub"] == "1"


def test_the_launch_marks_the_browser_in_a_frame_and_outside(bridge: Bridge) -> None:
    cookies = [value for value in arrive(bridge).headers.getlist("Set-Cookie") if "ottobridge-launch" in value]
    assert [cookie.partition("=")[0] for cookie in cookies] == [
        "__Host-ottobridge-launch",
        "__Host-ottobridge-launch-p",
    ]
    for cookie in cookies:
        parts = set(cookie.split("; ")[1:])
        assert {"Secure", "HttpOnly", "SameSite=None", "Path=/", "Max-Age=60"} <= parts
        assert not any(part.startswith("Domain") for part in parts)
    assert ["Partitioned" in cookie for cookie in cookies] == [False, True]


@pytest.mark.parametrize("kept", ["__Host-ottobridge-launch", "__Host-ottobridge-launch-p"])
def test_a_browser_that_keeps_only_one_kind_of_cookie_gets_in(bridge: Bridge, kept: str) -> None:
    arrive(bridge)
    other = ({"__Host-ottobridge-launch", "__Host-ottobridge-launch-p"} - {kept}).pop()
    bridge.client.delete_cookie(other)
    assert "code" in query(authorize(bridge).location)


def test_of_two_launches_in_one_browser_the_later_counts_and_none_is_left(bridge: Bridge) -> None:
    arrive(bridge)
    old = bridge.client.get_cookie("__Host-ottobridge-launch").value
    bridge.now += 5
    arrive(bridge)
    bridge.client.set_cookie("__Host-ottobridge-launch", old)
    claims = claims_in(bridge, redeem(bridge, query(authorize(bridge).location)["code"]))
    assert claims["auth_time"] == int(NOW) + 5
    assert authorize(bridge).status_code == 403


def test_without_a_launch_the_learner_is_told_to_open_the_course(bridge: Bridge) -> None:
    answer = authorize(bridge)
    assert answer.status_code == 403
    assert "open the course" in answer.text
    assert bridge.record()[0].reason == "launch_needed"
    assert bridge.record()[0].reference in answer.text


def test_a_launch_signs_in_once(bridge: Bridge) -> None:
    arrive(bridge)
    assert authorize(bridge).status_code == 302
    assert authorize(bridge).status_code == 403


def test_a_launch_is_good_for_a_minute(bridge: Bridge) -> None:
    arrive(bridge)
    bridge.now += 60
    assert authorize(bridge).status_code == 403


def test_prompt_none_without_a_launch_is_answered_to_ottolearn(bridge: Bridge) -> None:
    back = query(authorize(bridge, prompt="none").location)
    assert (back["error"], back["state"]) == ("login_required", "s t&1")


@pytest.mark.parametrize("prompt", ["none", "login"])
def test_a_fresh_launch_satisfies_prompt(bridge: Bridge, prompt: str) -> None:
    arrive(bridge)
    assert "code" in query(authorize(bridge, prompt=prompt).location)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": "consent"}, "consent_required"),
        ({"prompt": "select_account"}, "account_selection_required"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "١"}, "invalid_request"),
        ({"max_age": "9" * 5000}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": 'c"ö'}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://x.example/"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_a_wrong_request_of_the_right_client_is_answered_to_it(
    bridge: Bridge, changes: dict[str, str], error: str
) -> None:
    arrive(bridge)
    answer = authorize(bridge, **changes)
    assert answer.status_code == 302
    assert answer.location.startswith(f"{CALLBACK}?")
    back = query(answer.location)
    assert (back["error"], back.get("state")) == (error, "s t&1")
    assert "code" not in back
    assert authorize(bridge).status_code == 302, "a wrong request must not spend the launch"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "somebody"},
        {"client_id": ""},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?x=1"},
        {"redirect_uri": CALLBACK.replace("https", "http")},
        {"redirect_uri": 'https://evil.example/"ö'},
        {"redirect_uri": ""},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(bridge: Bridge, changes: dict[str, str]) -> None:
    arrive(bridge)
    answer = authorize(bridge, **changes)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert bridge.record()[0].reason == "sign_in_refused"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_an_address_given_twice_is_not_chosen_between(bridge: Bridge, name: str) -> None:
    arrive(bridge)
    answer = bridge.client.get(f"/oidc/authorize?{urlencode(ASKED)}&{name}=https://evil.example/")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("name", ["state", "scope", "nonce", "code_challenge", "prompt"])
def test_a_parameter_given_twice_is_refused(bridge: Bridge, name: str) -> None:
    arrive(bridge)
    answer = bridge.client.get(f"/oidc/authorize?{urlencode(ASKED)}&{name}=openid&{name}=openid")
    assert query(answer.location)["error"] == "invalid_request"


def test_the_request_may_be_posted(bridge: Bridge) -> None:
    arrive(bridge)
    answer = bridge.client.post("/oidc/authorize?client_id=other", data=ASKED)
    assert "code" in query(answer.location)


def test_max_age_is_kept(bridge: Bridge) -> None:
    arrive(bridge)
    bridge.now += 31
    assert authorize(bridge, max_age="30").status_code == 403
    arrive(bridge)
    bridge.now += 30
    assert authorize(bridge, max_age="30").status_code == 302
    arrive(bridge)
    bridge.now += 31
    assert query(authorize(bridge, max_age="30", prompt="none").location)["error"] == "login_required"


def test_max_age_nought_is_a_fresh_log_in_which_a_launch_is(bridge: Bridge) -> None:
    arrive(bridge)
    bridge.now += 2
    assert "code" in query(authorize(bridge, max_age="0").location)


def test_a_code_works_once_and_its_second_use_ends_the_first_ones_token(bridge: Bridge) -> None:
    code = code_for(bridge)
    token = redeem(bridge, code).json["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert bridge.client.get("/oidc/userinfo", headers=bearer).status_code == 200
    again = redeem(bridge, code)
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert bridge.client.get("/oidc/userinfo", headers=bearer).status_code == 401


def test_a_code_is_good_for_a_minute(bridge: Bridge) -> None:
    code = code_for(bridge)
    bridge.now += 60
    assert redeem(bridge, code).json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("headers", "changes", "status", "error"),
    [
        (basic(secret="wrong"), {}, 401, "invalid_client"),
        (basic(client="wrong"), {}, 401, "invalid_client"),
        ({}, {}, 401, "invalid_client"),
        ({}, {"client_id": CLIENT}, 401, "invalid_client"),
        ({}, {"client_id": CLIENT, "client_secret": "wrong"}, 401, "invalid_client"),
        ({}, {"client_id": "wrong", "client_secret": SECRET}, 400, "invalid_client"),
        ({"Authorization": "Basic ÿ"}, {}, 401, "invalid_client"),
        ({"Authorization": "Basic /w=="}, {}, 401, "invalid_client"),
        ({"Authorization": "Basic  "}, {}, 401, "invalid_client"),
        (None, {"redirect_uri": "https://evil.example/"}, 400, "invalid_grant"),
        (None, {"redirect_uri": ""}, 400, "invalid_grant"),
        (None, {"code": "wrong"}, 400, "invalid_grant"),
        (None, {"code": ""}, 400, "invalid_request"),
        (None, {"grant_type": ""}, 400, "invalid_request"),
        (None, {"grant_type": "password"}, 400, "unsupported_grant_type"),
        (None, {"grant_type": "refresh_token"}, 400, "unsupported_grant_type"),
        (None, {"code_verifier": VERIFIER}, 400, "invalid_request"),
    ],
)
def test_a_wrong_token_request_gets_the_error_of_rfc_6749(
    bridge: Bridge, headers: dict[str, str] | None, changes: dict[str, str], status: int, error: str
) -> None:
    answer = redeem(bridge, code_for(bridge), headers, **changes)
    assert (answer.status_code, answer.json["error"]) == (status, error)
    assert "access_token" not in answer.json
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_a_token_request_in_the_address_or_with_a_field_twice_is_refused(bridge: Bridge) -> None:
    code = code_for(bridge)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert bridge.client.post("/oidc/token", query_string=form, headers=basic()).json["error"] == "invalid_request"
    twice = urlencode([*form.items(), ("code", code)])
    answer = bridge.client.post(
        "/oidc/token", data=twice, headers=basic(), content_type="application/x-www-form-urlencoded"
    )
    assert answer.json["error"] == "invalid_request"
    assert bridge.client.get("/oidc/token").status_code == 405


def test_the_secret_may_be_posted(bridge: Bridge) -> None:
    answer = redeem(bridge, code_for(bridge), {}, client_id=CLIENT, client_secret=SECRET)
    assert claims_in(bridge, answer)["sub"] == "1"


@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        (VERIFIER, None),
        (VERIFIER + "x", "invalid_grant"),
        (CHALLENGE, "invalid_grant"),
        ("", "invalid_request"),
        ("short", "invalid_request"),
    ],
)
def test_pkce_is_held_to(bridge: Bridge, verifier: str, error: str | None) -> None:
    code = code_for(bridge, code_challenge=CHALLENGE, code_challenge_method="S256")
    assert redeem(bridge, code, code_verifier=verifier).json.get("error") == error
    if error:
        assert redeem(bridge, code, code_verifier=VERIFIER).json["error"] == "invalid_grant", "no second guess"


def test_userinfo_tells_what_the_scope_allows(bridge: Bridge) -> None:
    for scope, names in (("openid", set()), ("openid profile", {"given_name", "family_name"})):
        token = redeem(bridge, code_for(bridge, scope=scope)).json["access_token"]
        for method in (bridge.client.get, bridge.client.post):
            told = method("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})
            assert told.json.keys() == {"sub", "preferred_username"} | names
            assert told.headers["Cache-Control"] == "no-store"


def test_userinfo_ends_with_the_token_and_is_nobody_elses(bridge: Bridge) -> None:
    token = redeem(bridge, code_for(bridge)).json["access_token"]
    nobody = bridge.client.get("/oidc/userinfo")
    assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, 'Bearer realm="OttoBridge"')
    for wrong in ("Bearer x", f"Basic {token}", f"Bearer {token}x", "Bearer"):
        assert bridge.client.get("/oidc/userinfo", headers={"Authorization": wrong}).status_code == 401
    bridge.now += 300
    late = bridge.client.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert (late.status_code, "invalid_token" in late.headers["WWW-Authenticate"]) == (401, True)


def test_who_was_switched_off_a_moment_ago_does_not_get_in(bridge: Bridge) -> None:
    code = code_for(bridge)
    with bridge.engine.begin() as connection:
        connection.execute(text("UPDATE learner SET active = false WHERE user_id = 1"))
    assert redeem(bridge, code).json["error"] == "invalid_grant"


def test_the_database_holds_no_code_and_no_token(bridge: Bridge) -> None:
    arrive(bridge)
    cookie = bridge.client.get_cookie("__Host-ottobridge-launch").value
    code = query(authorize(bridge).location)["code"]
    token = redeem(bridge, code).json["access_token"]
    with bridge.engine.connect() as connection:
        rows = repr(connection.execute(text("SELECT * FROM kept")).all()) + repr(
            connection.execute(text("SELECT * FROM spent")).all()
        )
    assert rows
    assert not any(secret in rows for secret in (cookie, code, token))


def test_discovery_names_addresses_that_exist(bridge: Bridge) -> None:
    answer = bridge.client.get("/.well-known/openid-configuration")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    found = answer.json
    assert found["issuer"] == BRIDGE
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"):
        assert bridge.client.options(found[name].removeprefix(BRIDGE)).status_code == 200, name
    assert "none" not in found["id_token_signing_alg_values_supported"]


def test_only_public_halves_are_published(bridge: Bridge) -> None:
    keys = bridge.client.get("/oidc/jwks.json").json["keys"]
    assert len(keys) == 2
    assert all(key.keys() == {"kty", "n", "e", "kid", "use", "alg"} for key in keys)


def test_a_token_stays_good_while_keys_are_exchanged(bridge: Bridge) -> None:
    answer = redeem(bridge, code_for(bridge))
    keys = OwnKeys(bridge.engine, "0123456789abcdef0123456789abcdef", "oidc", lambda: bridge.now)
    bridge.now += 24 * 3600
    keys.rotate()
    assert claims_in(bridge, answer)["sub"] == "1"
    assert claims_in(bridge, redeem(bridge, code_for(bridge)))["sub"] == "1"
    assert len(bridge.client.get("/oidc/jwks.json").json["keys"]) == 3
    bridge.now += 26 * 3600
    assert len(bridge.client.get("/oidc/jwks.json").json["keys"]) == 2


@pytest.mark.parametrize("issuer", ["http://bridge.example.edu", "http://10.0.0.5:8000"])
def test_no_provider_works_where_anybody_can_listen(issuer: str) -> None:
    with pytest.raises(ConfigError, match="needs https"):
        Provider(SimpleNamespace(issuer=issuer), None)


class TestSub:
    @pytest.fixture
    def sign_in(self) -> str:
        return (
            f'{{method: oidc, client_id: {CLIENT}, client_secret: "{SECRET}", redirect_uris: ["{CALLBACK}"], '
            "username_claim: sub, username_attribute: employeeId, start_url: https://learn.example.com/sso/start}"
        )

    def test_ottolearn_may_read_another_attribute_from_another_claim(self, bridge: Bridge) -> None:
        assert arrive(bridge).location == "https://learn.example.com/sso/start"
        claims = claims_in(bridge, redeem(bridge, query(authorize(bridge).location)["code"]))
        assert claims["sub"] == "E1"
        assert "preferred_username" not in claims


class TestSignedLink:
    @pytest.fixture
    def sign_in(self) -> str:
        return '{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}'

    def test_there_is_no_provider_where_nobody_asked_for_one(self, bridge: Bridge) -> None:
        for path in ("/.well-known/openid-configuration", "/oidc/authorize", "/oidc/jwks.json", "/oidc/userinfo"):
            assert bridge.client.get(path).status_code == 404


def test_an_address_that_guesses_the_clients_secret_is_not_listened_to(bridge: Bridge) -> None:
    code = code_for(bridge)
    for number in range(FAILURES_OF_ADDRESS.most):
        assert redeem(bridge, code, basic(secret=f"guess-{number}")).status_code == 401
    answer = redeem(bridge, code, basic())
    assert (answer.status_code, answer.json["error"], "Retry-After" in answer.headers) == (429, "invalid_client", True)
    other = {**basic(), "X-Forwarded-For": "203.0.113.9"}
    assert redeem(bridge, code, other).status_code == 200


def test_codes_that_are_not_good_any_more_lock_ottolearn_out_of_nothing(bridge: Bridge) -> None:
    for _ in range(FAILURES_OF_ADDRESS.most + 1):
        assert redeem(bridge, "an old code", basic()).status_code == 400
