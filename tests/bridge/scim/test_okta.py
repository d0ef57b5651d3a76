"""Okta: the steps of its own test suite for SCIM 2.0 servers, and the shapes its provisioning sends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bridge.scim.conftest import ENTERPRISE, ERROR, USER, Provider

NAME = "Runscope300Hjktbzwz151@atko.com"


def okta_user(**more: Any) -> dict[str, Any]:
    """What Okta's `Okta SCIM Client 1.0.0` posts for a new person."""
    return {
        "schemas": [USER],
        "userName": NAME,
        "name": {"givenName": "Runscope300", "familyName": "Hjktbzwz151"},
        "emails": [{"primary": True, "value": NAME, "type": "work"}],
        "displayName": "Runscope300 Hjktbzwz151",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq-a very secret one",
        "active": True,
        **more,
    }


def test_a_list_of_users_holds_whole_numbers_and_people_with_an_id_a_name_and_an_address(provider: Provider) -> None:
    provider.ask("POST", "/Users", okta_user())
    answer = provider.ask("GET", "/Users?count=1&startIndex=1", **{"User-Agent": "Okta SCIM Client 1.0.0"})
    assert answer.status_code == 200
    listed = answer.json()
    assert listed["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    assert [type(listed[name]) for name in ("totalResults", "itemsPerPage", "startIndex")] == [int] * 3
    (person,) = listed["Resources"]
    assert person["id"]
    assert person["name"]["familyName"]
    assert person["name"]["givenName"]
    assert person["userName"]
    assert person["active"] is True
    assert person["emails"][0]["value"]


def test_somebody_whom_nobody_pushed_is_no_error_to_a_filter_and_404_by_id(provider: Provider) -> None:
    assert provider.found('userName eq "abcdefgh@atko.com"') == []
    answer = provider.ask("GET", "/Users/010101001010101011001010101011")
    assert answer.status_code == 404
    assert answer.json()["schemas"] == [ERROR]
    assert answer.json()["detail"]


def test_a_new_person_is_answered_with_the_person_and_never_with_the_password(provider: Provider) -> None:
    answer = provider.ask("POST", "/Users", okta_user())
    made = answer.json()
    assert answer.status_code == 201
    assert made["active"] is True
    assert (made["userName"], made["externalId"]) == (NAME, "00ujl29u0le5T6Aj10h7")
    assert made["name"]["givenName"] == "Runscope300"
    assert made["id"]
    assert USER in made["schemas"]
    assert answer.headers["Location"] == made["meta"]["location"] == f"{provider.base}/Users/{made['id']}"
    assert "password" not in answer.text
    read = provider.ask("GET", f"/Users/{made['id']}")
    assert read.json()["userName"] == NAME
    assert "secret" not in read.text


def test_the_same_person_twice_is_refused_in_words_that_okta_understands(provider: Provider) -> None:
    provider.ask("POST", "/Users", okta_user())
    answer = provider.ask("POST", "/Users", okta_user(externalId="00uanother"))
    assert answer.status_code == 409
    assert answer.json()["scimType"] == "uniqueness"


def test_a_filter_finds_a_user_name_in_any_letter_case(provider: Provider) -> None:
    provider.ask("POST", "/Users", okta_user())
    assert len(provider.found(f'userName eq "{NAME.upper()}"&startIndex=1&count=100')) == 1


def test_groups_can_be_listed_where_there_are_none(provider: Provider) -> None:
    answer = provider.ask("GET", "/Groups")
    assert answer.status_code == 200
    assert answer.json()["totalResults"] == 0


def test_a_made_up_token_is_refused_with_a_scim_error(provider: Provider) -> None:
    answer = provider.ask("GET", "/Users", Authorization="Bearer non-token")
    assert answer.status_code == 401
    assert answer.json()["schemas"] == [ERROR]
    assert answer.json()["status"] == "401"


def test_a_custom_application_deactivates_by_put_and_still_finds_the_person(provider: Provider) -> None:
    made = provider.ask("POST", "/Users", okta_user()).json()
    gone = {**made, "active": False, "meta": {"resourceType": "User"}}
    answer = provider.ask("PUT", f"/Users/{made['id']}", gone)
    assert answer.status_code == 200
    assert answer.json()["active"] is False
    (found,) = provider.found(f'userName eq "{NAME}"')
    assert found["active"] is False
    back = provider.ask("PUT", f"/Users/{made['id']}", {**gone, "active": True})
    assert back.json()["active"] is True


@pytest.mark.parametrize("value", [{"active": False}, {"active": "false"}, {"Active": False}])
def test_a_catalogue_application_deactivates_by_a_patch_without_a_path(provider: Provider, value: Any) -> None:
    made = provider.ask("POST", "/Users", okta_user()).json()
    assert provider.patch(made["id"], {"op": "replace", "value": value}).status_code in {200, 204}
    assert provider.read(made["id"])["active"] is False


def test_a_new_password_alone_changes_nothing_and_is_kept_nowhere(provider: Provider) -> None:
    made = provider.ask("POST", "/Users", okta_user()).json()
    answer = provider.patch(made["id"], {"op": "replace", "value": {"password": "another secret one"}})
    assert answer.status_code in {200, 204}
    assert "secret" not in provider.ask("GET", f"/Users/{made['id']}").text


def test_what_okta_puts_back_whole_stays_whole(provider: Provider) -> None:
    made = provider.ask("POST", "/Users", okta_user(**{ENTERPRISE: {"employeeNumber": "7"}, "nickName": "Run"})).json()
    answer = provider.ask("PUT", f"/Users/{made['id']}", {**made, "title": "Head"})
    changed = answer.json()
    assert (changed["title"], changed["nickName"], changed[ENTERPRISE]["employeeNumber"]) == ("Head", "Run", "7")


def test_a_group_is_pushed_with_its_members_and_changed_by_patch(provider: Provider) -> None:
    ann, bob = (provider.push(name)["id"] for name in ("ann", "bob"))
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Staff"}
    answer = provider.ask("POST", "/Groups", {**group, "members": [{"value": ann, "display": "ann"}]})
    assert answer.status_code == 201
    made = answer.json()["id"]
    add = {"op": "add", "path": "members", "value": [{"value": bob, "display": "bob"}]}
    assert provider.patch(made, add, where="Groups").status_code in {200, 204}
    members = provider.ask("GET", f"/Groups/{made}").json()["members"]
    assert {member["value"] for member in members} == {ann, bob}
    remove = {"op": "remove", "path": f'members[value eq "{ann}"]'}
    assert provider.patch(made, remove, where="Groups").status_code in {200, 204}
    assert [m["value"] for m in provider.ask("GET", f"/Groups/{made}").json()["members"]] == [bob]
    rename = {"op": "replace", "value": {"id": made, "displayName": "All staff"}}
    assert provider.patch(made, rename, where="Groups").status_code in {200, 204}
    assert provider.ask("GET", f"/Groups/{made}").json()["displayName"] == "All staff"
    assert provider.ask("DELETE", f"/Groups/{made}").status_code == 204
    assert provider.ask("GET", f"/Groups/{made}").status_code == 404


def test_an_empty_body_is_refused(provider: Provider) -> None:
    for body in (b"", b"{}", b"[]", b"null", b'"x"'):
        answer = provider.ask("POST", "/Users", body)
        assert answer.status_code == 400
        assert answer.json()["schemas"] == [ERROR]
