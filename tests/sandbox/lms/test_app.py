from __future__ import annotations

import dataclasses
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest

from bridge.contracts import Outcome
from sandbox.lms.app import OUTCOMES, create_lms
from sandbox.lms.doors import DOORS
from sandbox.people import PEOPLE

BRIDGE = "https://bridge.example"


def posting(response):
    form = lxml.html.fromstring(response.text).forms[0]
    return form, dict(form.fields)


def launch(client, **query):
    return client.get("/launch", query_string={"person": "ana", "kind": "canvas-lti13"} | query)


def test_a_visitor_sees_everybody_every_kind_and_what_will_happen(client):
    page = lxml.html.fromstring(client.get("/").text)
    form = page.forms[0]

    assert form.inputs["person"].value_options == [person.key for person in PEOPLE]
    assert form.inputs["kind"].value_options == [door.key for door in DOORS]
    assert dict(form.fields) == {
        "person": "ana",
        "kind": "canvas-lti13",
        "login": "post",
        "signature": "HMAC-SHA1",
    }
    badges = [badge.text_content() for badge in page.find_class("badge")]
    assert badges == [OUTCOMES[person.outcome] for person in PEOPLE]
    assert set(OUTCOMES) == set(Outcome)


def test_names_of_any_direction_do_not_turn_the_page_around(client):
    names = lxml.html.fromstring(client.get("/").text).find_class("name")

    assert all(name.tag == "bdi" and name.get("dir") == "auto" for name in names)


def test_whoever_is_sent_back_reads_why(client):
    page = client.get("/", query_string={"lti_errormsg": "Nobody <you>. (7K3M-9QXT)"}).text

    assert "Nobody &lt;you&gt;. (7K3M-9QXT)" in page


@pytest.mark.parametrize("method", ["post", "get"])
def test_a_login_begins_by_post_or_get_and_without_script(client, method):
    form, fields = posting(launch(client, login=method))

    assert form.method == method.upper()
    assert form.action == f"{BRIDGE}/lti/canvas/login"
    assert fields["iss"] == "https://canvas.example"
    assert form.xpath(".//button[@type='submit']")


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_authentication_request_ends_in_a_form_to_the_registered_address(client, method):
    _, begun = posting(launch(client, kind="moodle-lti13"))
    request = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "moodle-client",
        "redirect_uri": f"{BRIDGE}/lti/moodle/launch",
        "state": "s",
        "nonce": "n",
        "login_hint": begun["login_hint"],
        "lti_message_hint": begun["lti_message_hint"],
    }
    send = client.get if method == "get" else client.post
    given = {"query_string" if method == "get" else "data": request}

    form, answer = posting(send("/platform/moodle/auth", **given))
    assert form.action == f"{BRIDGE}/lti/moodle/launch"
    assert answer["state"] == "s"
    assert answer["id_token"].count(".") == 2

    _, again = posting(send("/platform/moodle/auth", **given))
    assert again["error"] == "launch_no_longer_valid"
    assert "id_token" not in again


def test_an_unknown_redirect_address_gets_a_page_and_no_form(client):
    answer = client.get(
        "/platform/canvas/auth", query_string={"client_id": "canvas-client", "redirect_uri": "https://evil.example"}
    )

    assert answer.status_code == 400
    assert not lxml.html.fromstring(answer.text).forms


def test_the_published_keys_hold_no_private_part(client):
    keys = client.get("/platform/canvas/jwks.json").json["keys"]

    assert [sorted(key) for key in keys] == [["alg", "e", "kid", "kty", "n", "use"]]


def test_a_signed_launch_is_a_form_that_keeps_line_breaks(client):
    form, fields = posting(launch(client, kind="moodle-lti11", signature="HMAC-SHA256"))

    assert form.action == f"{BRIDGE}/lti/moodle/launch"
    assert fields["oauth_signature_method"] == "HMAC-SHA256"
    assert fields["resource_link_description"].splitlines() == ["Intro", "", "l2 & é"]


def test_an_aicc_launch_carries_its_address_as_moodle_writes_it(client):
    address = launch(client, kind="aicc").headers["Location"]

    assert address == f"{BRIDGE}/aicc/demo/launch?aicc_sid=sid-1&aicc_url=https://lms.example/aicc"
    query = parse_qs(urlsplit(address).query)
    reply = client.post("/aicc", data={"command": "GetParam", "session_id": query["aicc_sid"][0]})
    assert reply.mimetype == "text/html"
    assert "Student_Name=García López, Ana\r\n" in reply.text


def test_an_aicc_call_with_a_bad_session_gets_a_page(client):
    reply = client.post("/aicc", data={"command": "GetParam", "session_id": "<script>"})

    assert reply.status_code == 404
    assert reply.text.startswith("<!doctype html>")
    assert "Invalid HACP session" in reply.text


def test_a_package_is_played_beside_the_api_it_looks_for(client):
    answer = client.get(launch(client, kind="scorm12", person="martin").headers["Location"])
    page = lxml.html.fromstring(answer.text)
    record = page.get_element_by_id("record")
    frame = page.find(".//iframe")

    assert record.get("data-version") == "scorm12"
    assert record.get("data-learner-id") == "A12008"
    assert record.get("data-learner-name") == "King, Jr., Martin"
    assert client.get(frame.get("src")).data == b"<p>hello</p>"
    assert frame.get("src").endswith("/content/scorm12/a%20b/index.html?x=1")
    runtime = page.xpath("//script[contains(@src, 'runtime.js')]")[0]
    with client.get(runtime.get("src")) as script:
        assert script.status_code == 200
    assert page.xpath("//iframe/preceding::script") == [runtime]


def test_a_title_is_text_and_not_markup(client):
    assert "Safety &lt;b&gt;" in client.get("/play/scorm12/ana").text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/launch", 400),
        ("/launch?person=ana&kind=fax", 400),
        ("/launch?person=nobody&kind=aicc", 400),
        ("/launch?person=ana&kind=canvas-lti11&signature=PLAINTEXT", 400),
        ("/launch?person=ana&kind=scorm2004", 404),
        ("/play/scorm12/nobody", 404),
        ("/play/fax/ana", 404),
        ("/content/scorm12/../app.py", 404),
        ("/content/scorm12/gone.html", 404),
        ("/content/fax/launch.js", 404),
        ("/platform/other/auth", 404),
        ("/platform/other/jwks.json", 404),
        ("/nowhere", 404),
    ],
)
def test_a_mistake_in_an_address_gets_a_page_and_no_traceback(client, path, status):
    answer = client.get(path)

    assert answer.status_code == status
    assert "Back to the start page" in answer.text


def test_pages_run_our_own_scripts_only_and_are_not_kept(client):
    answer = client.get("/launch?person=ana&kind=canvas-lti11")

    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'self'; frame-src 'self' {BRIDGE}; form-action 'self' {BRIDGE}"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


def test_a_package_s_page_is_left_to_its_own_policy(client):
    answer = client.get("/content/scorm12/launch.js")

    assert "Content-Security-Policy" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.mimetype == "text/javascript"


def test_an_lms_without_tools_says_so(campus):
    bare = create_lms(dataclasses.replace(campus, tools={})).test_client()

    assert bare.get("/launch?person=ana&kind=canvas-lti11").status_code == 404
