"""Every assumption about OttoLearn's API can be overridden, and what is written there is used."""

import ipaddress
import json

import pytest
from pydantic import ValidationError

from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.ottolearn.settings import OttoLearn
from bridge.ottolearn.wire import Wire
from tests.conftest import ROOT
from tests.fakes.serving import FakeServer, Reply, Request

CHANGED = {
    "login": "/v2/login",
    "authorization": "Bearer {token}",
    "users": "/v2/people",
    "user": "/v2/people/{id}/record",
    "attributes": "/v2/fields",
    "search": "/v2/search/{value}/in/{attribute}",
    "create_method": "PUT",
    "update_method": "PATCH",
    "id": "number",
    "attribute": "fields",
    "active": "enabled",
    "password": "secret",
    "attribute_name": "key",
    "label": "title",
    "type": "kind",
    "required": "mandatory",
    "is_username": "signsIn",
}


def answer(request: Request) -> Reply:
    person = {"number": 7, "enabled": False, "fields": {"username": "a"}}
    field = {"key": "username", "title": "User", "kind": "text", "mandatory": True, "signsIn": True}
    bodies = {
        ("POST", "/v2/login"): {"sessionToken": "t"},
        ("GET", "/v2/people"): [person],
        ("PUT", "/v2/people"): person,
        ("GET", "/v2/people/7/record"): person,
        ("PATCH", "/v2/people/7/record"): {**person, **json.loads(request.body or b"{}")},
        ("GET", "/v2/fields"): [field],
        ("GET", "/v2/search/a%20%7Battribute%7D/in/username"): [{**person, "fields": {"username": "a {attribute}"}}],
    }
    return Reply(200, json.dumps(bodies[request.method, request.path]).encode())


def test_another_ottolearn_is_spoken_to_as_configured():
    assert CHANGED.keys() == Wire.model_fields.keys()
    with FakeServer(answer) as server:
        settings = OttoLearn(
            api_url=server.url,
            organization_id=1,
            username="api",
            password="api",
            learner_url=server.url,
            api=CHANGED,
            sign_in={"method": "signed_link", "url": server.url, "secret": "s" * 32},
        )
        api = OttoLearnApi(settings, Outbound([ipaddress.ip_network("127.0.0.0/8")]))
        (found,) = api.read_learners()
        assert found == (7, False, {"username": "a"})
        assert api.create({"username": "a"}, "p").user_id == 7
        assert api.update(7, {"username": "b"}, True) == (7, True, {"username": "b"})
        assert [person.user_id for person in api.search("username", "a {attribute}")] == [7]
        (field,) = api.attributes()
        assert field == ("username", "User", "text", True, True)
        seen = [request for request in server.seen if request.path != "/v2/login"]
        assert {request.headers["authorization"] for request in seen} == {"Bearer t"}
        created = next(json.loads(request.body) for request in seen if request.method == "PUT")
        assert created == {"enabled": True, "fields": {"username": "a"}, "secret": "p"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "/v1/user"},
        {"user": "/v1/{id}/{name}"},
        {"users": "v1/user"},
        {"users": "/v1/us er"},
        {"authorization": "Bearer"},
        {"authorization": "{token}\r\nX: y"},
        {"create_method": "DELETE"},
        {"id": ""},
        {"no_such_key": "x"},
    ],
)
def test_an_override_that_cannot_work_is_told_before_anything_starts(wrong: dict[str, str]):
    with pytest.raises(ValidationError):
        Wire(**wrong)


def test_the_documentation_lists_every_override():
    text = (ROOT / "docs" / "ottolearn-api.md").read_text("utf-8")
    missing = [name for name in Wire.model_fields if f"`{name}`" not in text]
    assert missing == []
