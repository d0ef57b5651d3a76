"""One launch by its reference: every kind and outcome is explained to whom may read it, and nothing in it does harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lxml import html

from bridge.admin.roles import Role
from bridge.contracts import Kind, Outcome, Student
from bridge.doctor.summaries import SUMMARIES
from bridge.learners.linking import link
from bridge.packages.origin import Packages
from bridge.reasons import NAME_DIFFERS, REASONS
from bridge.store import launches, received, unmatched
from bridge.store.launch_lines import LaunchLine
from bridge.web.admin.students import token as student_token
from bridge.web.app import create_app
from tests.bridge.web.admin.conftest import AdminBrowser
from tests.bridge.web.conftest import Bridge, Campus
from tests.fakes.lti_platform import BRIDGE, CLIENT, FORM, LAUNCH_URL, OTHER_KEY, claims, sign, token

SignIn = Callable[[Role], AdminBrowser]
HOSTILE = "\u202e<script>alert(1)</script>"
SIS = "https://purl.imsglobal.org/spec/lti/claim/lis"


def put(bridge: Bridge, reference: str = "7K3M-9QXT", **changes: Any) -> LaunchLine:
    line = LaunchLine(
        bridge.now, "campus", Kind.LTI13, "S000999", "Bo", "Li", Outcome.NO_MATCH, "no_match", reference
    )._replace(**changes)
    launches.append(bridge.engine, line)
    return line


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


def read(browser: AdminBrowser, reference: str) -> Any:
    return browser.tree(f"/admin/reference?reference={reference}")


def verdict(tree: Any) -> str:
    return words(tree.find_class("verdict")[0].find_class("big")[0])


def results(tree: Any) -> dict[str, str]:
    (steps,) = tree.find_class("checks")
    return {words(one.xpath("./span")[0]): one.xpath("./small")[0].text for one in steps.xpath("./li")}


def failed(tree: Any) -> list[str]:
    return [text for text, result in results(tree).items() if result == "failed"]


def newest(bridge: Bridge, admin: SignIn, role: Role = Role.VIEWER) -> Any:
    return read(admin(role), bridge.record()[0].reference)


def fact(tree: Any, name: str) -> str:
    return words(tree.xpath(f"//dt[normalize-space()={name!r}]/following-sibling::dd[1]")[0])


def links(tree: Any) -> dict[str, str]:
    return {words(one): one.get("href") for one in tree.find_class("verdict")[0].xpath(".//a")}


def test_every_reason_has_a_sentence_for_administrators() -> None:
    assert SUMMARIES.keys() == REASONS.keys()
    assert not [text for text in SUMMARIES.values() if text.endswith(".") or "`" in text]


@pytest.mark.parametrize("typed", ["7K3M-9QXT", "7k3m9qxt", " 7k3m 9qxt ", "7K3M–9QXT", "７K3M9QXT"])
def test_a_reference_is_found_however_it_is_typed(bridge: Bridge, admin: SignIn, typed: str) -> None:
    put(bridge)
    answer = admin(Role.VIEWER).get("/admin/reference", query_string={"reference": typed})
    assert answer.status_code == 200
    assert verdict(html.fromstring(answer.text)) == "Bo Li did not get in: nobody in OttoLearn has the student ID."


@pytest.mark.parametrize(("written", "typed"), [("QD7J-2222", "0o1l2222"), ("7JJ7-VVVV", "i1lIuUuU")])
def test_what_was_misheard_is_read_as_what_was_meant(bridge: Bridge, admin: SignIn, written: str, typed: str) -> None:
    put(bridge, written)
    tree = read(admin(Role.VIEWER), typed)
    assert written in words(tree.xpath("//h1")[0])


@pytest.mark.parametrize("typed", ["7K3M-9QXZ", "7K3M", HOSTILE, "'; drop table launch", "x" * 5000])
def test_a_reference_nobody_knows_is_asked_for_again(bridge: Bridge, admin: SignIn, typed: str) -> None:
    put(bridge)
    answer = admin(Role.VIEWER).get("/admin/reference", query_string={"reference": typed})
    assert answer.status_code == 404
    tree = html.fromstring(answer.text)
    assert tree.xpath("//input[@id='f-reference']/@name") == ["reference"]
    assert "400 days" in words(tree)
    assert tree.xpath("//script[not(@src)]") == []


def test_a_reference_that_is_too_short_is_told_so(admin: SignIn) -> None:
    answer = admin(Role.VIEWER).get("/admin/reference?reference=7K3M-9QX")
    assert "This has 7 letters and digits; a reference has 8." in answer.text


def test_without_a_reference_there_is_the_box(admin: SignIn) -> None:
    tree = read(admin(Role.VIEWER), "")
    assert tree.xpath("//form[@action='/admin/reference']//input[@id='f-reference']")


def test_a_launch_that_got_in_names_its_user_and_the_attribute(bridge: Bridge, admin: SignIn) -> None:
    bridge.launch13()
    tree = newest(bridge, admin)
    assert verdict(tree).endswith(" got in as the OttoLearn user 1, by the attribute username.")
    assert set(results(tree).values()) == {"passed"}
    assert fact(tree, "Who is") == "Zoë O’Brien"
    assert fact(tree, "The ID finds now") == "the OttoLearn user 1, by the attribute username"
    assert fact(tree, "Kind") == "LTI 1.3"


def test_a_launch_by_a_link_says_so(bridge: Bridge, admin: SignIn) -> None:
    link(bridge.engine, "campus", "nobody", 1, ["username"], now=1.0)
    bridge.launch13(**{SIS: {"person_sourcedid": "nobody"}})
    assert verdict(newest(bridge, admin)).endswith("user 1, by a link that an administrator made.")


def test_a_forged_launch_shows_the_check_what_came_and_nothing_to_repeat_it(bridge: Bridge, admin: SignIn) -> None:
    asked = bridge.login()
    id_token = token(claims(asked["nonce"]), key=OTHER_KEY)
    bridge.client.post("/lti/campus/launch", data={"id_token": id_token, "state": asked["state"]})
    tree = newest(bridge, admin)
    assert verdict(tree) == "This launch did not get in: the signature does not hold."
    assert failed(tree) == ["the signature is valid"]
    found = results(tree)
    assert found["the signing key is in the key set, and strong enough"] == "passed"
    assert found["the issuer is the connection's platform"] == "not reached"
    assert fact(tree, "iss") == "https://lms.example.edu"
    text = words(tree)
    for secret in (*id_token.split("."), asked["state"], asked["nonce"]):
        assert secret not in text
    assert "lti13" not in fact(tree, "Kind")
    assert tree.find_class("verdict")[0].xpath(".//code")[0].text == "jwks_url"


def test_a_setting_stands_beside_what_came_instead(bridge: Bridge, admin: SignIn) -> None:
    asked = bridge.login()
    id_token = token(claims(asked["nonce"], aud="another-client"))
    bridge.client.post("/lti/campus/launch", data={"id_token": id_token, "state": asked["state"]})
    (row,) = newest(bridge, admin).xpath("//section[@aria-labelledby='compared']//tbody/tr")
    assert [words(one) for one in row.xpath("./td")] == ["connections.campus.lti13.client_id", CLIENT, "another-client"]


def test_a_launch_of_lti11_is_explained(bridge: Bridge, admin: SignIn) -> None:
    bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, FORM, secret="guess")))
    tree = newest(bridge, admin)
    assert fact(tree, "Kind") == "LTI 1.1"
    assert failed(tree) == ["the signature is valid"]
    assert fact(tree, "oauth_consumer_key") == "campus-key"
    assert "guess" not in words(tree)


@pytest.mark.parametrize(("version", "kind"), [("scorm12", "SCORM 1.2"), ("scorm2004", "SCORM 2004")])
def test_a_launch_of_a_package_is_explained(bridge: Bridge, admin: SignIn, version: str, kind: str) -> None:
    Packages(bridge.engine, lambda: bridge.now).register("packages", version, "Safety", "a-package-s-own-token")
    headers = {"Authorization": "Bearer a-package-s-own-token", "Origin": "https://evil.example"}
    bridge.client.post("/scorm/packages/launch", json={"version": version, "learner_id": "S1"}, headers=headers)
    tree = newest(bridge, admin)
    assert fact(tree, "Kind") == kind
    assert failed(tree) == ["the site that plays the package is approved"]
    assert "https://evil.example" in fact(tree, "Detail")
    assert fact(tree, "Origin") == "https://evil.example"
    assert "a-package-s-own-token" not in words(tree)


def test_a_package_of_another_bridge_fails_at_its_own_step(bridge: Bridge, admin: SignIn) -> None:
    headers = {"Authorization": "Bearer not-ours", "Origin": "https://lms.example.edu"}
    bridge.client.post("/scorm/packages/launch", json={"version": "scorm12", "learner_id": "S1"}, headers=headers)
    tree = newest(bridge, admin)
    assert failed(tree) == ["the package was made by this bridge, for this connection"]
    assert results(tree)["the LMS sends a student ID"] == "not reached"


def test_a_launch_of_aicc_is_explained(bridge: Bridge, admin: SignIn, campus: Campus) -> None:
    (url,) = bridge.services.configuration.connections["packages"].settings.aicc.allowed_urls
    campus.hacp = b"error=1\r\nerror_text=Invalid Session ID\r\n"
    bridge.client.get("/aicc/packages/launch", query_string={"aicc_sid": "K7nFKkornGH4K5fnw4q0", "aicc_url": url})
    tree = newest(bridge, admin)
    assert fact(tree, "Kind") == "AICC"
    assert failed(tree) == ["the LMS's answer confirms the launch"]
    assert "K7nFKkornGH4K5fnw4q0" not in words(tree)


def test_a_session_of_two_people_is_no_objection_to_the_first_checks(bridge: Bridge, admin: SignIn) -> None:
    put(bridge, kind=Kind.AICC, student_id="", outcome=Outcome.REJECTED, reason="session_of_another")
    tree = read(admin(Role.VIEWER), "7K3M9QXT")
    assert failed(tree) == ["the LMS's session belongs to one person"]
    assert results(tree)["the LMS's answer confirms the launch"] == "passed"


@pytest.mark.parametrize(
    ("kind", "reason", "step"),
    [
        (Kind.CMI5, "cmi5_refused", "the LMS's answer confirms the launch"),
        ("", "launch_needed", "a launch of the last minute says who the learner is"),
        ("", "sign_in_refused", "OttoLearn's sign-in request matches its settings in the bridge"),
        ("", "code_unknown", "the one-time address is used once, in time, on its own site"),
        ("", "not_found", "the address exists and takes this request"),
        (Kind.SCORM12, "scorm_api_silent", "the LMS's API starts the session"),
        (Kind.SCORM12, "step_up_other_person", "that is the person whom the LMS named"),
        (Kind.LTI13, "look_up_held", "an OttoLearn user has the student ID"),
        (Kind.LTI13, "too_many", "no rate limit is exceeded"),
        ("later", "a_reason_of_later", "no objection of the kind “a_reason_of_later”"),
    ],
)
def test_whatever_ended_has_its_step_and_its_words(
    bridge: Bridge, admin: SignIn, kind: str, reason: str, step: str
) -> None:
    put(bridge, kind=kind, connection="", student_id="", outcome=Outcome.REJECTED, reason=reason)
    tree = read(admin(Role.VIEWER), "7K3M9QXT")
    assert failed(tree) == [step]
    assert SUMMARIES.get(reason, "a reason of later") in verdict(tree)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_says_who_is_to_change_what(bridge: Bridge, admin: SignIn, reason: str) -> None:
    outcome = reason if reason in set(Outcome) else Outcome.REJECTED
    put(bridge, outcome=outcome, reason=reason)
    tree = read(admin(Role.VIEWER), "7K3M9QXT")
    said = words(tree.find_class("verdict")[0])
    assert f"({REASONS[reason].who}): {' '.join(REASONS[reason].how.replace('`', '').split())}" in said
    assert len(failed(tree)) == 1


@pytest.mark.parametrize(
    ("student_id", "finds"),
    [
        ("twice", "several OttoLearn users 2, 3: nobody is let in"),
        ("gone", "the OttoLearn user 4, by the attribute username inactive"),
        ("nobody", "nobody"),
        ("E1", "the OttoLearn user 1, by the attribute employeeId"),
    ],
)
def test_whom_the_id_finds_now_is_said(bridge: Bridge, admin: SignIn, student_id: str, finds: str) -> None:
    bridge.launch13(**{SIS: {"person_sourcedid": student_id}})
    assert fact(newest(bridge, admin), "The ID finds now") == finds


def test_who_was_found_since_is_said_at_the_top(bridge: Bridge, admin: SignIn) -> None:
    put(bridge, student_id="S000101")
    said = words(read(admin(Role.VIEWER), "7K3M9QXT").find_class("verdict")[0])
    assert "Since then the student ID finds the OttoLearn user 1" in said
    assert "the next launch gets in" in said


def test_what_to_look_at_though_it_got_in_is_said(bridge: Bridge, admin: SignIn) -> None:
    put(bridge, outcome=Outcome.MATCHED, reason="", detail="reached the OttoLearn user 1", mark=NAME_DIFFERS)
    said = words(read(admin(Role.VIEWER), "7K3M9QXT").find_class("verdict")[0])
    assert "name this learner otherwise" in said


def test_a_launch_of_a_user_who_is_gone_is_told_so(bridge: Bridge, admin: SignIn) -> None:
    put(bridge, outcome=Outcome.MATCHED, reason="", detail="reached the OttoLearn user 99 by username")
    assert "not among OttoLearn's users any more" in fact(read(admin(Role.VIEWER), "7K3M9QXT"), "Who is")


def test_the_way_goes_on_to_the_student_the_connection_and_its_launches(bridge: Bridge, admin: SignIn) -> None:
    put(bridge)
    unmatched.note(bridge.engine, "campus", Student("S000999", "Bo", "Li"), "no_match", now=1.0)
    operator = admin(Role.OPERATOR)
    found = links(read(operator, "7K3M9QXT"))
    assert found == {
        "Find who it is, and link": f"/admin/unmatched/student?of={student_token('campus', 'S000999')}",
        "The connection": "/admin/connections/campus",
        "Others with this outcome: campus": "/admin/launches?connection=campus&outcome=no_match#list",
        "All of this student ID": "/admin/launches?q=S000999#list",
    }
    assert [operator.get(path).status_code for path in found.values()] == [200] * 4
    assert "Who it could be" in links(read(admin(Role.VIEWER), "7K3M9QXT"))


def test_what_the_administrator_of_the_lms_enters_is_one_click_away(bridge: Bridge, admin: SignIn) -> None:
    put(bridge, reason="unsigned", kind=Kind.LTI11, student_id="", outcome=Outcome.REJECTED)
    assert links(read(admin(Role.VIEWER), "7K3M9QXT"))["What to enter in the LMS"] == "/admin/connections/campus#guide"


def test_a_connection_that_is_gone_leads_nowhere(bridge: Bridge, admin: SignIn) -> None:
    put(bridge, connection="closed")
    tree = read(admin(Role.VIEWER), "7K3M9QXT")
    assert not [href for href in tree.xpath("//a/@href") if "/connections/closed" in href]
    assert "not in the configuration any more" in fact(tree, "Connection")


def test_hostile_values_are_text_everywhere(bridge: Bridge, admin: SignIn) -> None:
    names = ("student_id", "first_name", "last_name", "connection", "kind", "detail", "mark", "reason")
    put(bridge, **dict.fromkeys(names, HOSTILE))
    came = {
        "method": HOSTILE,
        "path": HOSTILE,
        "cookies": [HOSTILE],
        "headers": {HOSTILE: HOSTILE},
        "form": {HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]},
        "token_claims": {HOSTILE: {HOSTILE: [1, True, None, 1.5]}},
    }
    received.keep(bridge.engine, "7K3M-9QXT", came, now=1.0)
    unmatched.note(bridge.engine, HOSTILE, Student(HOSTILE, HOSTILE, HOSTILE), "no_match", now=1.0)
    tree = read(admin(Role.OPERATOR), "7K3M9QXT")
    assert tree.xpath("//script[not(@src)]") == []
    assert HOSTILE in tree.text_content()
    outside = tree.xpath("//main//text()[contains(., '\u202e') and not(ancestor::bdi) and not(ancestor::title)]")
    assert outside == []
    assert "1, true, null, 1.5" in words(tree)


@pytest.mark.parametrize("role", Role)
def test_every_role_may_read_it(bridge: Bridge, admin: SignIn, role: Role) -> None:
    put(bridge)
    assert admin(role).get("/admin/reference?reference=7K3M9QXT").status_code == 200


def test_a_stranger_learns_nothing_and_comes_back_after_signing_in(bridge: Bridge, stranger: AdminBrowser) -> None:
    put(bridge)
    known, unknown = (stranger.get(f"/admin/reference?reference={word}") for word in ("7K3M-9QXT", "2222-2222"))
    assert (known.status_code, unknown.status_code) == (303, 303)
    assert "Bo" not in known.text
    stranger.admin.accounts.create("ada", Role.VIEWER, "correct horse battery")
    form = html.fromstring(stranger.get(known.location).text)
    fields = {one.get("name"): one.get("value", "") for one in form.xpath("//form//input[@name]")}
    fields |= {"name": "ada", "password": "correct horse battery"}
    back = stranger.post_bare("/admin/sign-in", **fields)
    assert back.location == "/admin/reference?reference=7K3M-9QXT"
    assert "Bo Li did not get in" in words(html.fromstring(stranger.get(back.location).text))


def learners_page(bridge: Bridge) -> Any:
    return html.fromstring(bridge.launch13(**{SIS: {"person_sourcedid": "nobody"}}, launch_presentation={}).text)


def test_the_learners_page_leads_an_administrator_to_the_launch(bridge: Bridge, admin: SignIn) -> None:
    (link_,) = learners_page(bridge).xpath("//small/a")
    assert link_.get("href") == f"{BRIDGE}/admin/reference?reference={bridge.record()[0].reference}"
    assert (link_.get("target"), link_.get("rel")) == ("_blank", "noopener")
    assert words(link_) == "For administrators (opens a new window)"
    path = link_.get("href").removeprefix(BRIDGE)
    assert "did not get in" in verdict(admin(Role.VIEWER).tree(path))


@pytest.mark.parametrize(
    ("changes", "admin_changes"),
    [
        ({}, {"enabled": False}),
        ({}, {"accounts": False}),
        ({"is_secure": False, "public_url": "http://bridge.example.edu"}, {}),
    ],
    ids=["switched off", "nobody may sign in", "they need https"],
)
def test_learners_see_no_link_to_pages_that_are_not_there(
    bridge: Bridge, changes: dict[str, Any], admin_changes: dict[str, Any]
) -> None:
    configuration = bridge.services.configuration
    settings = configuration.admin.model_copy(update=admin_changes)
    services = replace(bridge.services, configuration=replace(configuration, admin=settings), **changes)
    page = create_app(services).test_client().get("/lti/campus/none", base_url=BRIDGE)
    assert page.status_code == 404
    assert "/admin" not in page.text
    assert "/admin/reference" in bridge.client.get("/lti/campus/none", base_url=BRIDGE).text
