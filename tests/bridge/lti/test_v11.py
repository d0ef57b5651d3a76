"""LTI 1.1: only a fresh launch, signed by a holder of the secret, lets anybody in. oauthlib signs, we verify."""

from __future__ import annotations

import hmac
from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contracts import LaunchRequest, SignedForm, Student
from bridge.errors import LaunchRejected
from bridge.lti import v11
from bridge.lti.student import read_student
from bridge.web.requests import read_pairs
from tests.fakes import rfc5849
from tests.fakes.lti_platform import FORM, LAUNCH_URL, LTI11, NOW, forged_signature, post, sign

Fields = list[tuple[str, str]]


class Desk:
    """Takes launches and remembers nonces."""

    def __init__(self) -> None:
        self.consumed: set[str] = set()

    def consume(self, key: str, until: float) -> bool:
        fresh = key not in self.consumed
        self.consumed.add(key)
        return fresh

    def verify(self, fields: Fields, url: str = LAUNCH_URL, now: float = NOW) -> SignedForm:
        return v11.verify(post(url, fields), LTI11, now=now, consume=self.consume)

    def refusal(self, fields: Fields, url: str = LAUNCH_URL, now: float = NOW) -> LaunchRejected:
        with pytest.raises(LaunchRejected) as caught:
            self.verify(fields, url, now)
        return caught.value


@pytest.fixture
def desk() -> Desk:
    return Desk()


def replaced(fields: Fields, **changes: str | None) -> Fields:
    kept = [(name, changes.get(name, value)) for name, value in fields]
    return [(name, value) for name, value in kept if value is not None]


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_a_launch_signed_by_oauthlib_is_taken(desk: Desk, method: str) -> None:
    assert desk.verify(sign(LAUNCH_URL, method=method))["user_id"] == "123456"


def test_a_name_in_another_encoding_keeps_nobody_out(desk: Desk) -> None:
    """Moodle signs the bytes that it sends, whatever they mean."""
    url = f"{LAUNCH_URL}"
    fields = [(name, b"Mu\xf1oz" if name == "lis_person_name_family" else value) for name, value in sign(url)]
    unsigned = [(name, value) for name, value in fields if name != "oauth_signature"]
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in unsigned)
    base = "&".join(quote(part, safe="~") for part in ("POST", url, "&".join("=".join(pair) for pair in pairs)))
    key = f"{quote(LTI11.shared_secret.get_secret_value(), safe='~')}&".encode()
    signature = b64encode(hmac.new(key, base.encode(), "sha1").digest()).decode()
    body = urlencode([*unsigned, ("oauth_signature", signature)]).encode()
    request = LaunchRequest("POST", url, form=read_pairs(body), body=body)
    form = v11.verify(request, LTI11, now=NOW, consume=desk.consume)
    assert read_student("1", "Ana", form["lis_person_name_family"], "") == Student("1", "Ana", "")
    other = replace(request, body=body.replace(b"Mu%F1oz", b"Mu%F2oz"))
    with pytest.raises(LaunchRejected, match="bad_signature"):
        v11.verify(other, LTI11, now=NOW, consume=desk.consume)


@pytest.mark.parametrize("field", ["user_id", "lis_person_sourcedid", "roles", "oauth_timestamp", "custom_empty"])
def test_a_field_changed_after_signing_is_noticed(desk: Desk, field: str) -> None:
    changed = [(name, value + "1") if name == field else (name, value) for name, value in sign(LAUNCH_URL)]
    assert desk.refusal(changed).reason == "bad_signature"


def test_a_field_added_or_removed_after_signing_is_noticed(desk: Desk) -> None:
    assert desk.refusal([*sign(LAUNCH_URL), ("custom_admin", "1")]).reason == "bad_signature"
    assert desk.refusal(replaced(sign(LAUNCH_URL), custom_empty=None)).reason == "bad_signature"


def test_a_wrong_secret_is_refused(desk: Desk) -> None:
    assert desk.refusal(sign(LAUNCH_URL, secret="guess")).reason == "bad_signature"


def test_an_unknown_consumer_is_refused_and_sent_nowhere(desk: Desk) -> None:
    refusal = desk.refusal(sign(LAUNCH_URL, key="nobody"))
    assert (refusal.reason, refusal.return_url) == ("consumer_unknown", "")


def test_a_signature_for_another_address_is_refused(desk: Desk) -> None:
    assert desk.refusal(sign("https://bridge.example.edu/lti/other/launch")).reason == "bad_signature"


@pytest.mark.parametrize("method", ["PLAINTEXT", "RSA-SHA1", "", "hmac-sha1", "HMAC-MD5"])
def test_the_launch_does_not_choose_a_weaker_signature(desk: Desk, method: str) -> None:
    fields = replaced(sign(LAUNCH_URL), oauth_signature_method=method, oauth_signature="s3cret & more/é&")
    assert desk.refusal(fields).reason == "signature_method"


def test_a_signature_that_is_no_ascii_is_refused_without_a_crash(desk: Desk) -> None:
    assert desk.refusal(replaced(sign(LAUNCH_URL), oauth_signature="é")).reason == "bad_signature"
    assert desk.refusal(replaced(sign(LAUNCH_URL), oauth_signature=forged_signature("x"))).reason == "bad_signature"


def test_an_unsigned_launch_is_refused(desk: Desk) -> None:
    assert desk.refusal(list(FORM.items())).reason == "unsigned"


def test_another_oauth_version_is_refused(desk: Desk) -> None:
    assert desk.refusal(replaced(sign(LAUNCH_URL), oauth_version="2.0")).reason == "signature_method"


def test_an_oauth_field_that_stands_twice_is_refused(desk: Desk) -> None:
    assert desk.refusal([*sign(LAUNCH_URL), ("oauth_nonce", "nonce-1")]).reason == "malformed"


def test_a_field_that_says_two_things_says_nothing(desk: Desk) -> None:
    assert desk.refusal([*sign(LAUNCH_URL), ("user_id", "654321")]).reason == "malformed"


@pytest.mark.parametrize(("age", "reason"), [(301, "expired"), (-301, "not_yet_valid")])
def test_a_launch_from_another_time_is_refused(desk: Desk, age: int, reason: str) -> None:
    assert desk.refusal(sign(LAUNCH_URL, timestamp=NOW - age)).reason == reason


@pytest.mark.parametrize("age", [300, -300])
def test_clocks_may_differ_by_five_minutes(desk: Desk, age: int) -> None:
    assert desk.verify(sign(LAUNCH_URL, timestamp=NOW - age))["user_id"] == "123456"


def _signed_with(**oauth: str) -> Fields:
    """A launch whose OAuth fields are signed as a test wants them, which no honest client makes."""
    return by_hand({**dict(sign(LAUNCH_URL)), **oauth})


def by_hand(fields: dict[str, str], url: str = LAUNCH_URL, method: str = "HMAC-SHA1") -> Fields:
    """The fields signed by RFC 5849 itself, their own signature left out."""
    kept = [(name, value) for name, value in fields.items() if name != "oauth_signature"]
    base = rfc5849.base_string("POST", url, [*kept, *parse_qsl(urlsplit(url).query, keep_blank_values=True)])
    return [*kept, ("oauth_signature", rfc5849.signature(base, LTI11.shared_secret.get_secret_value(), method))]


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1.5", "١٨٠٠٠٠٠٠٠٠", "9" * 400, " 1800000000"])
def test_a_timestamp_that_is_no_number_is_refused_without_a_crash(desk: Desk, stamp: str) -> None:
    assert desk.refusal(_signed_with(oauth_timestamp=stamp)).reason == "malformed"


@pytest.mark.parametrize("nonce", ["", "n" * 256])
def test_a_nonce_that_cannot_be_remembered_is_refused(desk: Desk, nonce: str) -> None:
    assert desk.refusal(_signed_with(oauth_nonce=nonce)).reason == "malformed"


def test_the_same_launch_sent_twice_enters_once(desk: Desk) -> None:
    desk.verify(sign(LAUNCH_URL))
    assert desk.refusal(sign(LAUNCH_URL)).reason == "replayed"


def test_the_same_nonce_at_another_second_is_another_launch(desk: Desk) -> None:
    desk.verify(sign(LAUNCH_URL))
    assert desk.verify(sign(LAUNCH_URL, timestamp=NOW + 1))["user_id"] == "123456"


def test_a_stranger_cannot_use_up_a_nonce(desk: Desk) -> None:
    desk.refusal(sign(LAUNCH_URL, secret="guess"))
    assert desk.consumed == set()
    assert desk.verify(sign(LAUNCH_URL))["user_id"] == "123456"


def test_an_old_launch_fills_no_table(desk: Desk) -> None:
    desk.refusal(sign(LAUNCH_URL, timestamp=NOW - 301))
    assert desk.consumed == set()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lti_version": "LTI-1"}, "wrong_version"),
        ({"lti_version": "LTI-2p0"}, "wrong_version"),
        ({"lti_version": None}, "wrong_version"),
        ({"lti_message_type": "a-basic-lti-launch-request"}, "wrong_message"),
        ({"lti_message_type": None}, "wrong_message"),
        ({"resource_link_id": None}, "claim_missing"),
        ({"resource_link_id": ""}, "claim_missing"),
    ],
)
def test_a_signed_launch_that_is_wrong_knows_the_way_back(
    desk: Desk, changes: dict[str, str | None], reason: str
) -> None:
    fields = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
    refusal = desk.refusal(sign(LAUNCH_URL, fields))
    assert (refusal.reason, refusal.return_url) == (reason, FORM["launch_presentation_return_url"])


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "", "https://"])
def test_the_way_back_is_never_a_script(desk: Desk, address: str) -> None:
    fields = {**FORM, "lti_version": "LTI-2p0", "launch_presentation_return_url": address}
    assert desk.refusal(sign(LAUNCH_URL, fields)).return_url == ""


def test_the_query_of_the_launch_address_is_signed_too(desk: Desk) -> None:
    url = f"{LAUNCH_URL}?keep=1&empty="
    body = [(name, value) for name, value in sign(url) if name not in {"keep", "empty"}]
    assert desk.verify(body, url)["keep"] == "1"
    assert Desk().refusal(body, f"{LAUNCH_URL}?keep=2&empty=").reason == "bad_signature"


def test_canvas_may_copy_the_query_into_the_body_and_sign_it_once(desk: Desk) -> None:
    fields = sign(LAUNCH_URL, {**FORM, "keep": "1"})
    assert desk.verify(fields, f"{LAUNCH_URL}?keep=1")["keep"] == "1"
    assert Desk().refusal(fields, f"{LAUNCH_URL}?keep=2").reason == "malformed"


def test_a_field_in_the_query_that_was_not_signed_is_refused(desk: Desk) -> None:
    assert desk.refusal(sign(LAUNCH_URL), f"{LAUNCH_URL}?custom_course=FIRE-1").reason == "bad_signature"


@pytest.mark.parametrize(
    "name", ["lis_person_sourcedid", "ext_d2l_username", "user_id", "roles", "lis_person_name_full"]
)
@pytest.mark.parametrize("copied", [False, True])
def test_the_address_of_a_link_names_nobody(desk: Desk, name: str, copied: bool) -> None:
    fields = {field: value for field, value in FORM.items() if field != name}
    url = f"{LAUNCH_URL}?{name}=A12003"
    body = sign(LAUNCH_URL, {**fields, name: "A12003"}) if copied else sign(url, fields)
    refusal = desk.refusal(body, url)
    assert (refusal.reason, name in refusal.detail) == ("malformed", True)


@pytest.mark.parametrize(
    ("signed_for", "public"),
    [
        ("https://bridge.example.edu:443/lti/campus/launch", "https://bridge.example.edu/lti/campus/launch"),
        ("http://bridge.example.edu:80/lti/campus/launch", "http://bridge.example.edu/lti/campus/launch"),
        ("https://BRIDGE.example.edu/lti/campus/launch", "https://bridge.example.edu/lti/campus/launch"),
    ],
)
def test_a_port_that_says_nothing_does_not_break_the_signature(desk: Desk, signed_for: str, public: str) -> None:
    assert desk.verify(sign(signed_for), public)["user_id"] == "123456"


def test_another_port_is_another_address(desk: Desk) -> None:
    assert desk.refusal(sign("https://bridge.example.edu:8443/lti/campus/launch")).reason == "bad_signature"


def test_a_connection_that_has_left_lti11_behind_takes_none_of_it() -> None:
    off = LTI11.model_copy(update={"enabled": False})
    with pytest.raises(LaunchRejected, match="not_allowed_here"):
        v11.verify(post(LAUNCH_URL, sign(LAUNCH_URL)), off, now=NOW, consume=Desk().consume)


def test_a_connection_may_insist_on_sha256() -> None:
    strict = LTI11.model_copy(update={"signature_methods": ("HMAC-SHA256",)})
    with pytest.raises(LaunchRejected, match="signature_method"):
        v11.verify(post(LAUNCH_URL, sign(LAUNCH_URL)), strict, now=NOW, consume=Desk().consume)
    good = post(LAUNCH_URL, sign(LAUNCH_URL, method="HMAC-SHA256"))
    assert v11.verify(good, strict, now=NOW, consume=Desk().consume)["user_id"] == "123456"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


OWN_NAMES = TEXT.filter(lambda name: name and name not in FORM and not name.startswith("oauth_"))
OWN_FIELDS = st.dictionaries(OWN_NAMES, TEXT, max_size=8)
OF_COURSE = st.dictionaries(OWN_NAMES.filter(lambda name: not name.startswith(v11.OF_PLATFORM)), TEXT, max_size=8)
"""What a link's address may hold: whoever edits a course chooses it, so nothing that is the platform's to say."""


@given(fields=OWN_FIELDS, method=st.sampled_from(["HMAC-SHA1", "HMAC-SHA256"]), query=OF_COURSE)
def test_whatever_is_signed_as_the_rfc_says_we_verify(
    fields: dict[str, str], method: str, query: dict[str, str]
) -> None:
    url = f"{LAUNCH_URL}?{urlencode({name: value for name, value in query.items() if name not in fields})}"
    oauth = {name: value for name, value in sign(LAUNCH_URL, method=method) if name.startswith("oauth_")}
    signed = by_hand({**FORM, **fields, **oauth}, url, method)
    assert Desk().verify(signed, url)["user_id"] == "123456"


@given(fields=OWN_FIELDS)
def test_whatever_oauthlib_signs_we_verify(fields: dict[str, str]) -> None:
    assert Desk().verify(sign(LAUNCH_URL, {**FORM, **fields}))["user_id"] == "123456"


def test_what_we_are_measured_by_gives_what_the_rfc_prints() -> None:
    pairs = [
        ("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("c2", ""), ("a3", "2 q"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"), ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", "137131201"), ("oauth_nonce", "7d8f3e4a"),
    ]  # fmt: skip
    assert rfc5849.base_string("POST", "http://EXAMPLE.COM:80/request?b5=x", pairs) == (  # section 3.4.1.1
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )
    photos = [
        ("file", "vacation.jpg"), ("size", "original"), ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
        ("oauth_token", "nnch734d00sl2jdk"), ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131202"), ("oauth_nonce", "chapoH"),
    ]  # fmt: skip
    base = rfc5849.base_string("GET", "http://photos.example.net/photos", photos)
    made = rfc5849.signature(base, "kd94hf93k423kf44", token_secret="pfkkdhi9sl3r4s00")
    assert made == "MdpQcU8iPSUjWoN/UDMsK2sui9I="  # section 1.2


@given(st.lists(st.tuples(TEXT, TEXT), max_size=12))
def test_whatever_is_posted_nothing_but_a_refusal_comes_of_it(fields: list[tuple[str, str]]) -> None:
    oauth: Any = [("oauth_consumer_key", "campus-key"), ("oauth_signature", "x")]
    assert Desk().refusal([*oauth, *fields]).reason
