"""The learner page: the right person gets in, once; everybody else learns why not."""

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from sandbox.ottolearn import LINK_SECRET, create_sandbox

PEOPLE = [
    {"id": 7, "active": True, "attribute": {"firstName": "Ada", "lastName": "<Lovelace>", "username": "25499339"}},
    {"id": 8, "active": False, "attribute": {"firstName": "Alan", "lastName": "Turing", "username": "8"}},
]
GOOD = {"aud": "http://localhost", "sub": "7", "preferred_username": "25499339", "iat": 1000, "exp": 1060, "jti": "a"}


def link(secret: str = LINK_SECRET, **changes: object) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return "/learn?token=" + jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


@pytest.fixture
def browser():
    return create_sandbox(PEOPLE, now=lambda: 1010.0).test_client()


def test_who_arrives_is_greeted_by_an_escaped_name(browser):
    answer = browser.get(link())
    assert answer.status_code == 200
    assert '<bdi dir="auto">Ada &lt;Lovelace&gt;</bdi>' in answer.text
    assert '<dd id="user-id">7</dd>' in answer.text
    assert "25499339" in answer.text
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_link_lets_in_once(browser):
    assert browser.get(link()).status_code == 200
    again = browser.get(link())
    assert (again.status_code, "used before" in again.text) == (403, True)


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        ({"secret": "x" * 32}, 401, "damaged"),
        ({"aud": "https://other.example"}, 403, "another site"),
        ({"exp": 1010, "iat": 950}, 401, "too old"),
        ({"exp": 999_999}, 401, "how long"),
        ({"exp": None}, 401, "how long"),
        ({"iat": 1041, "exp": 1060}, 401, "future"),
        ({"jti": None}, 401, "again and again"),
        ({"sub": "9"}, 404, "Nobody"),
        ({"sub": "٧"}, 404, "Nobody"),
        ({"sub": "8", "preferred_username": "8"}, 403, "inactive"),
        ({"preferred_username": "8"}, 403, "another username"),
    ],
)
def test_a_wrong_link_is_turned_away(browser, changes: dict[str, object], status: int, why: str):
    answer = browser.get(link(**changes))
    assert (answer.status_code, why in answer.text) == (status, True)


def test_no_link_at_all_is_turned_away(browser):
    assert browser.get("/learn").status_code == 401


def test_an_unsigned_link_is_turned_away(browser):
    assert browser.get("/learn?token=eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.").status_code == 401


def test_the_front_page_and_its_styles_are_there(browser):
    assert "stand-in" in browser.get("/").text
    with browser.get("/static/learn.css") as styles:
        assert styles.status_code == 200
