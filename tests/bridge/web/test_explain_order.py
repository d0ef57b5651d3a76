"""What an administrator reads as "held" was checked: of two things wrong with a launch, that one refuses it which is
explained as the earlier check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest

from bridge.doctor.explain import checks
from bridge.lti.keysets import BELIEVED
from bridge.store.one_time import consume
from tests.bridge.web.conftest import Bridge, Campus
from tests.fakes.lti_platform import FORM, ISSUER, LAUNCH_URL, OTHER_KEY, claims, sign, token


@dataclass
class Draft:
    """A good launch, before tests spoil it."""

    fields: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    signing: dict[str, Any] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=lambda: dict(FORM))
    down: bool = False
    other_browser: bool = False
    used: bool = False


Spoil = Callable[[Draft], Any]
WRONG_13: dict[str, Spoil] = {
    "state_unknown": lambda draft: draft.fields.update(state="made-up"),
    "state_other_browser": lambda draft: setattr(draft, "other_browser", True),
    "platform_error": lambda draft: draft.fields.update(error="access_denied"),
    "token_malformed": lambda draft: draft.fields.update(id_token="a.b.c"),
    "remote_unavailable": lambda draft: setattr(draft, "down", True),
    "key_unknown": lambda draft: draft.header.update(kid="made-up"),
    "bad_signature": lambda draft: draft.signing.update(key=OTHER_KEY),
    "wrong_issuer": lambda draft: draft.claims.update(iss="https://other.example.edu"),
    "wrong_audience": lambda draft: draft.claims.update(aud="other"),
    "time_missing": lambda draft: draft.claims.update(exp=None),
    "expired": lambda draft: draft.claims.update(iat=11111),
    "replayed": lambda draft: setattr(draft, "used", True),
    "wrong_nonce": lambda draft: draft.claims.update(nonce="stolen"),
    "wrong_version": lambda draft: draft.claims.update(version="11.3"),
    "wrong_message": lambda draft: draft.claims.update(message_type="LtiSubmissionReviewRequest"),
    "deployment_unknown": lambda draft: draft.claims.update(deployment_id="7:other"),
    "wrong_target": lambda draft: draft.claims.update(target_link_uri="https://evil.example/"),
    "claim_missing": lambda draft: draft.claims.update(roles=None),
    "anonymous": lambda draft: draft.claims.update(sub=None),
    "test_student": lambda draft: draft.custom.update(student_view="true"),
    "student_id_missing": lambda draft: [draft.custom.pop("student_id", None), draft.claims.update(lis=None)],
    "student_id_unusable": lambda draft: draft.claims.update(lis={"person_sourcedid": "S\u200b1"}),
    "identity_contradiction": lambda draft: [
        draft.custom.update(student_id="other"),
        draft.claims.update(lis={"person_sourcedid": "S000101"}),
    ],
    "claimed_only": lambda draft: [draft.custom.update(student_id="S000101"), draft.claims.update(lis=None)],
    "inactive": lambda draft: draft.claims.update(lis={"person_sourcedid": "gone"}),
}
WRONG_11: dict[str, Spoil] = {
    "unsigned": lambda draft: draft.fields.update(oauth_consumer_key=""),
    "signature_method": lambda draft: draft.fields.update(oauth_signature_method="PLAINTEXT"),
    "consumer_unknown": lambda draft: draft.signing.update(key="nobody"),
    "bad_signature": lambda draft: draft.signing.update(secret="guess"),
    "expired": lambda draft: draft.signing.update(timestamp=11111),
    "replayed": lambda draft: setattr(draft, "used", True),
    "wrong_version": lambda draft: draft.form.update(lti_version="LTI-2p0"),
    "wrong_message": lambda draft: draft.form.pop("lti_message_type"),
    "claim_missing": lambda draft: draft.form.pop("resource_link_id"),
    "test_student": lambda draft: draft.form.update(custom_student_view="true"),
    "student_id_missing": lambda draft: draft.form.pop("lis_person_sourcedid"),
    "inactive": lambda draft: (
        draft.form.update(lis_person_sourcedid="gone") if "lis_person_sourcedid" in draft.form else None
    ),
}


def at(kind: str, reason: str) -> int:
    known = reason in {"no_match", "ambiguous", "inactive"}
    return [held for _, held in checks(kind, "rejected", reason, known=known)].index(False)


def pairs(kind: str, wrong: dict[str, Spoil]) -> list[tuple[str, str]]:
    return list(combinations(sorted(wrong, key=lambda reason: at(kind, reason)), 2))


def launch13(bridge: Bridge, campus: Campus, draft: Draft) -> str:
    bridge.now += BELIEVED  # the keys must be fetched anew, and no limit is reached
    asked = bridge.login()
    if draft.used:
        consume(bridge.engine, f"lti13 {asked['nonce']}", bridge.now + 600)
    campus.down = draft.down
    id_token = token(
        claims(asked["nonce"], bridge.now, custom=draft.custom, **draft.claims), header=draft.header, **draft.signing
    )
    browser = bridge.client.application.test_client() if draft.other_browser else bridge.client
    browser.post("/lti/campus/launch", data={"id_token": id_token, "state": asked["state"], **draft.fields})
    return bridge.record()[0].reason


def launch11(bridge: Bridge, _: Campus, draft: Draft) -> str:
    bridge.now += BELIEVED
    how = {"timestamp": bridge.now, "nonce": f"nonce-{bridge.now}", **draft.signing}
    signed = {**dict(sign(LAUNCH_URL, draft.form, **how)), **draft.fields}
    if draft.used:
        key = f"lti11 {signed['oauth_consumer_key']} {signed['oauth_timestamp']} {signed['oauth_nonce']}"
        consume(bridge.engine, key, bridge.now + 600)
    signed = {name: value for name, value in signed.items() if value or name not in draft.fields}
    bridge.client.post("/lti/campus/launch", data=signed)
    return bridge.record()[0].reason


@pytest.mark.parametrize(
    ("kind", "wrong", "launch"), [("lti13", WRONG_13, launch13), ("lti11", WRONG_11, launch11)], ids=["1.3", "1.1"]
)
def test_no_check_is_called_held_that_was_never_run(
    bridge: Bridge, campus: Campus, kind: str, wrong: dict[str, Spoil], launch: Callable[..., str]
) -> None:
    found = {}
    for first, second in pairs(kind, wrong):
        draft = Draft()
        wrong[second](draft)
        wrong[first](draft)
        found[first, second] = launch(bridge, campus, draft)
    assert found == {pair: pair[0] for pair in found}
    last = max(wrong, key=lambda reason: at(kind, reason))
    alone = Draft()
    wrong[last](alone)
    assert launch(bridge, campus, alone) == last


@pytest.mark.parametrize("reason", ["issuer_unknown", "login_wrong_target"])
def test_a_login_that_is_refused_says_nothing_of_a_token_that_never_came(bridge: Bridge, reason: str) -> None:
    asked = {"iss": ISSUER, "login_hint": "u", "target_link_uri": "https://evil.example/"}
    if reason == "issuer_unknown":
        asked["iss"] = "https://other.example.edu"
    bridge.client.post("/lti/campus/login", data=asked)
    line = bridge.record()[0]
    assert line.reason == reason
    said = dict(checks(line.kind, line.outcome, line.reason, known=False))
    assert [text for text in said if "token" in text or "signature" in text] == []
    held = [text for text, result in said.items() if result]
    assert held[0] == "the address exists and takes this request"
    assert held[1:] == ([] if reason == "issuer_unknown" else ["the login names the connection's issuer and client ID"])


def test_keys_that_cannot_be_read_are_not_told_as_ottolearn_that_cannot(bridge: Bridge, campus: Campus) -> None:
    campus.down = True
    bridge.launch13()
    line = bridge.record()[0]
    said = checks(line.kind, line.outcome, line.reason, known=bool(line.student_id))
    assert [text for text, held in said if held is False] == ["the platform's key set can be read"]
