"""What pages say to whom: language, role, support and brand; and that nothing foreign gets into them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from bridge.config.configuration import Bridge as BridgeSettings
from bridge.presentation.brand import Brand
from bridge.presentation.languages import LANGUAGES
from bridge.presentation.support import Support
from bridge.web.presenting import EXTENSION, Presentation
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import BRIDGE, FORM, LAUNCH_URL, query_of, sign

TITLES = {
    "en": "OttoLearn does not know you yet",
    "de": "OttoLearn kennt Sie noch nicht",
    "ar": "لا يعرفك OttoLearn بعد",
    "ja": "OttoLearn にまだ登録されていません",
}
NOBODY = {"lis": {"person_sourcedid": "nobody"}}
ADMINISTRATOR = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
TEACHER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"


def present_with(bridge: Bridge, support: Support | None = None, brand: Brand | None = None) -> None:
    """As if the configuration said so."""
    old: Presentation = bridge.client.application.extensions[EXTENSION]
    new = replace(old, support=support or old.support, brand=brand or old.brand, logos={})
    vars(old).update(vars(new))


@pytest.mark.parametrize("tag", TITLES)
def test_a_learner_reads_the_language_of_their_lms(bridge: Bridge, tag: str) -> None:
    bridge.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "fr"
    answer = bridge.launch13(**NOBODY, launch_presentation={"locale": tag, "return_url": "https://lms.example.edu/"})
    assert f"<h1>{TITLES[tag]}</h1>" in answer.text
    assert f'<html lang="{tag}" dir="{LANGUAGES[tag].direction}">' in answer.text


def test_the_language_of_the_person_counts_where_the_frame_has_none(bridge: Bridge) -> None:
    assert TITLES["de"] in bridge.launch13(**NOBODY, launch_presentation={}, locale="de-CH").text


def test_where_the_lms_says_nothing_the_browser_does(bridge: Bridge) -> None:
    bridge.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "qaa, ja;q=0.8, de;q=0.5"
    assert TITLES["ja"] in bridge.launch13(**NOBODY, launch_presentation={}).text


@pytest.mark.parametrize("locale", [7, {"a": 1}, "x" * 1000, "de\n", ["de"], "<script>"])
def test_no_locale_of_an_lms_ends_a_launch(bridge: Bridge, locale: Any) -> None:
    answer = bridge.launch13(launch_presentation={"locale": locale}, locale=locale)
    assert answer.status_code == 303


def test_a_launch_that_nobody_signed_is_answered_in_the_language_it_names(bridge: Bridge) -> None:
    form = {**dict(sign(LAUNCH_URL)), "launch_presentation_locale": "de"}  # added after signing
    assert "Wir konnten Sie nicht einlassen" in bridge.client.post("/lti/campus/launch", data=form).text


def test_the_lms_is_told_in_the_learner_s_language(bridge: Bridge) -> None:
    form = {**FORM, "lis_person_sourcedid": "", "launch_presentation_locale": "de_DE"}
    answer = bridge.client.post("/lti/campus/launch", data=dict(sign(LAUNCH_URL, form)))
    assert query_of(answer.location)["lti_errormsg"].startswith("Ihr Kurs hat nicht gesagt, wer Sie sind: ")


def test_a_package_s_page_is_answered_in_the_language_it_asks_for(bridge: Bridge) -> None:
    answer = bridge.client.post("/scorm/packages/launch", data="{}", headers={"Accept-Language": "ar"})
    assert answer.json["title"] == "يحتاج هذا المقرر إلى حزمة جديدة"


def test_even_where_the_application_fails_the_language_is_right(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("not even a template")

    for place in ("bridge.web.failures.answer", "bridge.web.failures.json_answer"):
        monkeypatch.setattr(place, broken)
    bridge.client.application.config["PROPAGATE_EXCEPTIONS"] = False
    answer = bridge.client.get("/nothing", headers={"Accept-Language": "he"})
    assert '<html lang="he" dir="rtl">' in answer.text
    assert "נא לנסות שוב בעוד כמה דקות" in answer.text
    assert answer.status_code == 503


def test_an_administrator_reads_what_to_change_and_a_learner_does_not(bridge: Bridge) -> None:
    how = "sync the roster, or enter it"
    assert how not in bridge.launch13(**NOBODY).text
    answer = bridge.launch13(**NOBODY, roles=[ADMINISTRATOR], launch_presentation={"locale": "de"})
    assert re.search(rf'<p lang="en" dir="ltr">[^<]*{how}', answer.text)
    assert "steht unten auf Englisch" in answer.text


def test_a_teacher_is_told_that_students_may_see_the_same(bridge: Bridge) -> None:
    assert "Your students may see the same." in bridge.launch13(**NOBODY, roles=[TEACHER]).text


def test_who_said_to_be_an_administrator_without_a_signature_is_a_learner(bridge: Bridge) -> None:
    form = {**dict(sign(LAUNCH_URL)), "roles": "urn:lti:sysrole:ims/lis/SysAdmin"}
    assert "What to change" not in bridge.client.post("/lti/campus/launch", data=form).text


def test_the_reason_stands_beside_the_reference_and_both_can_be_copied(bridge: Bridge) -> None:
    answer = bridge.launch13(**NOBODY)
    reference = bridge.record()[0].reference
    assert f'<bdi id="reference" class="reference">{reference}</bdi>' in answer.text
    assert "Reason: <bdi>no_match</bdi>" in answer.text
    assert 'data-copy="reference"' in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_support_gets_reference_and_id_by_letter_and_by_page(bridge: Bridge) -> None:
    url = "https://help.example.edu/?r={reference}&s={student_id}"
    present_with(bridge, Support(name="Help <desk>", url=url, email="help@example.edu"))
    answer = bridge.launch13(lis={"person_sourcedid": 'no"body&x=1'})
    reference = bridge.record()[0].reference
    (mail,) = re.findall(r'href="(mailto:[^"]*)"', answer.text)
    body = parse_qs(urlsplit(mail.replace("&amp;", "&")).query)["body"][0]
    assert f"Reference: {reference}\r\nReason: no_match\r\n" in body
    assert 'no"body&x=1' in body
    assert f"https://help.example.edu/?r={reference}&amp;s=no%22body%26x%3D1" in answer.text
    assert "Give this reference to \u2068Help &lt;desk&gt;\u2069;" in answer.text


def test_a_package_s_page_gets_the_ways_to_support_too(bridge: Bridge) -> None:
    present_with(bridge, Support(email="help@example.edu"))
    answer = bridge.client.post("/scorm/packages/launch", data="{}")
    assert answer.json["letter"].startswith("mailto:help@example.edu?subject=OttoLearn")
    assert answer.json["reference"] in unquote(answer.json["letter"])
    assert answer.json["explanation"] == f"{BRIDGE}/admin/reference?reference={answer.json['reference']}"


def test_a_brand_is_shown_and_served_by_the_bridge_itself(bridge: Bridge, tmp_path: Any) -> None:
    (tmp_path / "logo.svg").write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    present_with(bridge, brand=Brand(name="Acme <School>", logo=tmp_path / "logo.svg", color="#7a0019"))
    answer = bridge.launch13(**NOBODY)
    assert 'href="/brand/style.css"' in answer.text
    assert '<img src="/brand/logo" alt="">' in answer.text
    assert "Acme &lt;School&gt;" in answer.text
    assert "--accent: #7a0019" in bridge.client.get("/brand/style.css").text
    logo = bridge.client.get("/brand/logo")
    assert logo.content_type == "image/svg+xml"
    assert "sandbox" in logo.headers["Content-Security-Policy"]  # opened by itself, it runs nothing
    assert logo.headers["X-Content-Type-Options"] == "nosniff"


def test_without_a_logo_there_is_none(bridge: Bridge) -> None:
    assert bridge.client.get("/brand/logo").status_code == 404
    assert bridge.client.get("/brand/campus/style.css").text == ""


def test_pages_without_a_connection_know_support_and_brand(bridge: Bridge) -> None:
    present_with(bridge, Support(name="the help desk"))
    assert "the help desk" in bridge.client.get("/l/used-before").text


def test_a_mistyped_support_is_named() -> None:
    with pytest.raises(ValueError, match="e-mail address"):
        BridgeSettings.model_validate(
            {"public_url": "https://b.test", "secret_key": "x" * 32, "support": {"email": "x"}}
        )


def test_a_page_is_light(bridge: Bridge) -> None:
    answer = bridge.launch13(**NOBODY, launch_presentation={"locale": "ar"})
    whole = len(answer.data)
    for address in re.findall(r'(?:href|src)="(/[^"]+\.(?:css|js|svg))"', answer.text):
        with bridge.client.get(address) as loaded:
            whole += len(loaded.data)
    assert 5_000 < whole < 60_000
