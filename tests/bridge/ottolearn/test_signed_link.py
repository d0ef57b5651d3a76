"""The signed link: what the receiving side gets."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import ValidationError

from bridge.contracts import Learner
from bridge.launch.courses import Course
from bridge.ottolearn.settings import SignedLink
from bridge.ottolearn.signin.signed_link import signed_link

SECRET = "0123456789abcdef0123456789abcdef"
ADA = Learner(7, True, {"firstName": "Ada", "lastName": "Lovelace"})


def link(url: str = "https://Learn.example.com:443/acme?a=1&b=%2F", course: Course | None = None) -> str:
    settings = SignedLink(method="signed_link", url=url, secret=SECRET, lifetime=60)
    at = {"issuer": "https://bridge.example.edu", "now": 1000.9, "jti": "one"}
    return signed_link(settings, ADA, "25499339", **at, course=course)


def test_the_receiver_learns_who_comes_and_until_when():
    token = jwt.decode(parse_qs(urlsplit(link()).query)["token"][0], OctKey.import_key(SECRET), algorithms=["HS256"])
    assert token.claims == {
        "iss": "https://bridge.example.edu",
        "aud": "https://learn.example.com",
        "sub": "7",
        "preferred_username": "25499339",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "iat": 1000,
        "exp": 1060,
        "jti": "one",
    }


def test_a_course_arrives_by_its_key_with_or_without_an_address():
    def told(course: Course) -> dict[str, Any]:
        token = parse_qs(urlsplit(link(course=course)).query)["token"][0]
        return jwt.decode(token, OctKey.import_key(SECRET)).claims

    assert told(Course(key="A", title="t"))["course"] == "A"
    assert "course_url" not in told(Course(key="A", title="t"))
    assert told(Course(key="B", title="t", url="https://learn.example.com/b"))["course_url"].endswith("/b")


def test_the_query_of_the_configured_address_is_kept():
    assert link().startswith("https://Learn.example.com:443/acme?a=1&b=%2F&token=")
    assert link("https://learn.example.com/").startswith("https://learn.example.com/?token=")


def test_two_tokens_in_one_address_are_a_mistake():
    with pytest.raises(ValidationError, match="does not hold the parameter"):
        link("https://learn.example.com/?token=")


def test_the_secret_is_not_in_the_address():
    assert SECRET not in link()
