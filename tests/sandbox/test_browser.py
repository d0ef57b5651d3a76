from __future__ import annotations

import socket

import pytest
import requests
from flask import Flask, make_response, redirect, request

from sandbox.browser import Browser
from sandbox.serving import serve

FORM = '<form class="posting" action="{action}" method="{method}"><input type="hidden" name="é" value="a\nb"></form>'


@pytest.fixture
def site():
    app = Flask(__name__)

    @app.get("/form")
    def form():
        return FORM.format(action="/take", method=request.args["method"])

    @app.route("/take", methods=["GET", "POST"])
    def take():
        answer = make_response(redirect("/end", 303))
        answer.set_cookie("seen", f"{request.method} {request.values['é']!r}")
        return answer

    @app.get("/end")
    def end():
        return f'<p>{request.cookies.get("seen")}</p><form action="/circle"></form>'

    @app.route("/circle", methods=["GET", "POST"])
    def circle():
        return FORM.format(action="/circle", method="post")

    @app.get("/empty")
    def empty():
        return ""

    @app.post("/json")
    def take_json():
        return {"origin": request.headers["Origin"], "cookies": dict(request.cookies), "sent": request.json}

    with serve(app) as served:
        yield served.url


@pytest.fixture
def browser():
    with Browser() as opened:
        yield opened


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_form_is_sent_as_browsers_send_it_and_cookies_are_kept(browser, site, method):
    page = browser.open(f"{site}/form?method={method}")

    assert page.url == f"{site}/end"
    assert page.text.startswith(f"<p>{method} 'a\\r\\nb'")


def test_a_form_can_be_sent_a_second_time(browser, site):
    browser.open(f"{site}/form?method=post")

    assert browser.last_submission == ("POST", f"{site}/take", [("é", "a\r\nb")])
    assert browser.send(browser.last_submission).url == f"{site}/end"


def test_pages_that_post_themselves_for_ever_are_left(browser, site):
    with pytest.raises(requests.TooManyRedirects):
        browser.open(f"{site}/circle")


def test_a_proxy_of_the_environment_is_not_asked(browser, site, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{nobody.getsockname()[1]}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert browser.open(f"{site}/end").status_code == 200
    assert browser.post_json(f"{site}/json", {}, "https://lms.example").status_code == 200


def test_an_empty_page_is_an_end(browser, site):
    assert browser.open(f"{site}/empty").status_code == 200


def test_a_script_of_a_page_sends_its_origin_and_no_cookie(browser, site):
    browser.open(f"{site}/form?method=post")

    assert browser.post_json(f"{site}/json", {"a": 1}, "https://lms.example").json() == {
        "origin": "https://lms.example",
        "cookies": {},
        "sent": {"a": 1},
    }
