"""Microsoft Entra ID: every shape that its provisioning sends, with and without the flag in the tenant URL."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bridge.scim.conftest import ENTERPRISE, USER, Provider

NAME = "Test_User_dfeef4c5-5681-4387-b016-bdf221e82081"
WORK = 'emails[type eq "work"].value'


def entra_user(**more: Any) -> dict[str, Any]:
    """What Entra posts for a new person, its odd `meta` and string roles included."""
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": NAME,
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": "ann@contoso.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ann Lee", "familyName": "Lee", "givenName": "Ann"},
        "roles": [],
        ENTERPRISE: {"employeeNumber": "E-77", "department": "Care"},
        **more,
    }


@pytest.fixture
def made(provider: Provider) -> dict[str, Any]:
    answer = provider.ask("POST", "/Users?aadOptscim062020", entra_user())
    assert answer.status_code == 201, answer.text
    assert answer.headers["Content-Type"] == "application/scim+json"
    return answer.json()


def test_the_test_connection_asks_for_nobody_and_is_told_so(provider: Provider) -> None:
    answer = provider.ask("GET", '/Users?filter=userName eq "6d5f9f3c-0000"')
    assert answer.status_code == 200
    assert answer.json()["Resources"] == []
    assert answer.json()["totalResults"] == 0
    assert answer.headers["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize(
    "asked",
    [
        f'userName eq "{NAME}"',
        f'userName eq "{NAME.upper()}"',
        'externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"',
        f'{WORK} eq "ann@contoso.com"',
        'emails.value eq "ANN@contoso.com"',
        'emails[type eq "work" and value eq "ann@contoso.com"]',
        f'{ENTERPRISE}:employeeNumber eq "E-77"',
        f'userName eq "{NAME}" and active eq true',
        'name.familyName eq "Lee"',
    ],
)
def test_a_person_is_found_by_every_attribute_that_matches_people(
    provider: Provider, made: dict[str, Any], asked: str
) -> None:
    provider.push("somebody else", externalId="another", emails=[{"value": "b@contoso.com", "type": "work"}])
    assert [one["id"] for one in provider.found(asked)] == [made["id"]]
    assert provider.found(f"{asked}&aadOptscim062020=")[0]["id"] == made["id"]
    flagged = provider.ask("GET", f"/Users?aadOptscim062020&filter={asked}")
    assert [one["id"] for one in flagged.json()["Resources"]] == [made["id"]]


def test_an_external_id_is_told_from_another_in_letter_case(provider: Provider, made: dict[str, Any]) -> None:
    assert made["id"]
    assert provider.found('externalId eq "0A21F0F2-8D2A-4F8E-BF98-7363C4AED4EF"') == []


@pytest.mark.parametrize("said", ["False", "false", "FALSE", False])
@pytest.mark.parametrize("op", ["Replace", "replace", "Add", "REPLACE"])
def test_active_is_understood_in_every_spelling(provider: Provider, made: dict[str, Any], op: str, said: Any) -> None:
    answer = provider.patch(made["id"], {"op": op, "path": "active", "value": said})
    assert answer.status_code == 204, answer.text
    assert provider.read(made["id"])["active"] is False
    (found,) = provider.found(f'userName eq "{NAME}"')
    assert found["active"] is False
    back = str(said).replace("alse", "rue").replace("ALSE", "RUE").replace("F", "T").replace("f", "t")
    assert provider.patch(made["id"], {"op": op, "path": "active", "value": back}).status_code == 204
    assert provider.read(made["id"])["active"] is True


@pytest.mark.parametrize("said", ["False", "false", "FALSE", False])
def test_somebody_may_be_inactive_from_the_beginning(provider: Provider, said: Any) -> None:
    answer = provider.ask("POST", "/Users", entra_user(active=said))
    assert answer.status_code == 201
    assert answer.json()["active"] is False


def test_one_operation_without_a_path_has_dotted_keys(provider: Provider, made: dict[str, Any]) -> None:
    value = {
        "displayName": "Ann L.",
        "name.givenName": "Annie",
        "active": False,
        f"{ENTERPRISE}:employeeNumber": "E-78",
        f"{ENTERPRISE}:department": "Cure",
        f"{ENTERPRISE}:manager": "m-1",
    }
    assert provider.patch(made["id"], {"op": "replace", "value": value}).status_code == 204
    read = provider.read(made["id"])
    assert (read["displayName"], read["active"]) == ("Ann L.", False)
    assert (read["name"]["givenName"], read["name"]["familyName"]) == ("Annie", "Lee")
    assert read[ENTERPRISE]["employeeNumber"] == "E-78"
    assert read[ENTERPRISE]["manager"]["value"] == "m-1"


@pytest.mark.parametrize("op", ["Add", "Replace"])
def test_an_address_that_is_not_there_yet_is_made(provider: Provider, made: dict[str, Any], op: str) -> None:
    answer = provider.patch(made["id"], {"op": op, "path": 'emails[type eq "other"].value', "value": "o@contoso.com"})
    assert answer.status_code == 204, answer.text
    mails = {mail["type"]: mail["value"] for mail in provider.read(made["id"])["emails"]}
    assert mails == {"work": "ann@contoso.com", "other": "o@contoso.com"}
    assert [one["id"] for one in provider.found('emails[type eq "other"].value eq "o@contoso.com"')] == [made["id"]]
    assert [one["id"] for one in provider.found(f'{WORK} eq "ann@contoso.com"')] == [made["id"]]


def test_an_address_is_replaced(provider: Provider, made: dict[str, Any]) -> None:
    assert provider.patch(made["id"], {"op": "Replace", "path": WORK, "value": "new@contoso.com"}).status_code == 204
    assert provider.found(f'{WORK} eq "ann@contoso.com"') == []
    assert len(provider.found(f'{WORK} eq "new@contoso.com"')) == 1


@pytest.mark.parametrize("path", [f"{ENTERPRISE}:manager", f"{ENTERPRISE}:Manager", "manager", ENTERPRISE])
def test_a_manager_may_be_a_plain_text(provider: Provider, made: dict[str, Any], path: str) -> None:
    value: Any = {"manager": "m-2"} if path == ENTERPRISE else "m-2"
    answer = provider.patch(made["id"], {"op": "Add", "path": path, "value": value})
    assert answer.status_code == 204, answer.text
    if path != "manager":  # which names nothing: the attribute is that of the extension
        assert provider.read(made["id"])[ENTERPRISE]["manager"]["value"] == "m-2"


def test_a_manager_may_be_a_plain_text_from_the_beginning(provider: Provider) -> None:
    answer = provider.ask("POST", "/Users", entra_user(**{ENTERPRISE: {"manager": "m-3", "employeeNumber": "E-1"}}))
    assert answer.status_code == 201, answer.text
    assert answer.json()[ENTERPRISE]["manager"]["value"] == "m-3"
    put = {**answer.json(), ENTERPRISE: {"manager": "", "employeeNumber": "E-1"}}
    assert provider.ask("PUT", f"/Users/{answer.json()['id']}", put).status_code == 200
    assert "manager" not in provider.read(answer.json()["id"])[ENTERPRISE]


def test_several_operations_are_done_together(provider: Provider, made: dict[str, Any]) -> None:
    answer = provider.patch(
        made["id"],
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "E-90"},
        {"op": "Replace", "path": "name.familyName", "value": "Wu"},
        {"op": "Remove", "path": "displayName"},
    )
    assert answer.status_code == 204, answer.text
    read = provider.read(made["id"])
    assert (read[ENTERPRISE]["employeeNumber"], read["name"]["familyName"]) == ("E-90", "Wu")


def test_what_has_no_place_here_is_ignored(provider: Provider, made: dict[str, Any]) -> None:
    value = {"urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User:tag": "x", "title": "Head"}
    answer = provider.patch(made["id"], {"op": "add", "value": value})
    assert answer.status_code == 204, answer.text
    assert provider.read(made["id"])["title"] == "Head"
    assert provider.patch(made["id"], {"op": "Add", "path": "favouriteColour", "value": "red"}).status_code == 204


def test_deleting_is_leaving_and_the_name_is_free_again(provider: Provider, made: dict[str, Any]) -> None:
    assert provider.ask("DELETE", f"/Users/{made['id']}").status_code == 204
    assert provider.ask("GET", f"/Users/{made['id']}").status_code == 404
    assert provider.ask("DELETE", f"/Users/{made['id']}").status_code == 404
    assert provider.found(f'userName eq "{NAME}"') == []
    again = provider.ask("POST", "/Users", entra_user())
    assert again.status_code == 201
    assert again.json()["id"] != made["id"]


class TestGroups:
    @pytest.fixture
    def people(self, provider: Provider) -> list[str]:
        return [provider.push(name)["id"] for name in ("ann", "bob", "cy")]

    @pytest.fixture
    def group(self, provider: Provider) -> str:
        body = {
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:Group",
                "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
            ],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
            "displayName": "Nurses",
            "meta": {"resourceType": "Group"},
        }
        answer = provider.ask("POST", "/Groups", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def test_members_are_added_and_answered_with_204(self, provider: Provider, people: list[str], group: str) -> None:
        value = [{"$ref": None, "value": people[0]}, {"value": people[1]}]
        answer = provider.patch(group, {"op": "Add", "path": "members", "value": value}, where="Groups")
        assert answer.status_code == 204, answer.text
        read = provider.ask("GET", f"/Groups/{group}").json()
        assert {member["value"] for member in read["members"]} == set(people[:2])
        assert read["members"][0]["$ref"].startswith(f"{provider.base}/Users/")

    @pytest.mark.parametrize("form", ["by value", "by filter"])
    def test_a_member_is_removed_and_the_others_stay(
        self, provider: Provider, people: list[str], group: str, form: str
    ) -> None:
        value = [{"value": one} for one in people]
        provider.patch(group, {"op": "Add", "path": "members", "value": value}, where="Groups")
        gone: dict[str, Any] = {"op": "Remove", "path": f'members[value eq "{people[1]}"]'}
        if form == "by value":
            gone = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": people[1]}]}
        assert provider.patch(group, gone, where="Groups").status_code == 204
        members = provider.ask("GET", f"/Groups/{group}").json()["members"]
        assert {member["value"] for member in members} == {people[0], people[2]}

    def test_a_group_is_found_without_its_members(self, provider: Provider, people: list[str], group: str) -> None:
        provider.patch(group, {"op": "Add", "path": "members", "value": [{"value": people[0]}]}, where="Groups")
        for asked in ('displayName eq "nurses"', 'externalId eq "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159"'):
            answer = provider.ask("GET", f"/Groups?excludedAttributes=members&filter={asked}")
            (found,) = answer.json()["Resources"]
            assert found["id"] == group
            assert "members" not in found
        assert "members" not in provider.ask("GET", f"/Groups/{group}?excludedAttributes=members").json()

    def test_membership_can_be_asked_for(self, provider: Provider, people: list[str], group: str) -> None:
        provider.patch(group, {"op": "Add", "path": "members", "value": [{"value": people[0]}]}, where="Groups")
        asked = 'id eq "{}" and members eq "{}"'
        for who, there in ((people[0], 1), (people[1], 0)):
            answer = provider.ask("GET", f"/Groups?filter={asked.format(group, who)}")
            assert answer.json()["totalResults"] == there, answer.text

    def test_somebody_who_is_deleted_is_in_no_group(self, provider: Provider, people: list[str], group: str) -> None:
        value = [{"value": one} for one in people[:2]]
        provider.patch(group, {"op": "Add", "path": "members", "value": value}, where="Groups")
        provider.ask("DELETE", f"/Users/{people[0]}")
        assert [m["value"] for m in provider.ask("GET", f"/Groups/{group}").json()["members"]] == [people[1]]

    @pytest.mark.parametrize("value", ["{0}", ["{0}"], {"value": "{0}"}, [{"displayName": "Ann", "value": "{0}"}]])
    def test_a_member_may_be_a_plain_text(self, provider: Provider, people: list[str], group: str, value: Any) -> None:
        said = json.loads(json.dumps(value).replace("{0}", people[0]))
        answer = provider.patch(group, {"op": "add", "path": "members", "value": said}, where="Groups")
        assert answer.status_code == 204, answer.text
        (member,) = provider.ask("GET", f"/Groups/{group}").json()["members"]
        assert member["value"] == people[0]
