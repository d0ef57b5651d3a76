"""What must not come in, must not do harm, and must not stop the identity provider's job."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from sqlalchemy import text

from bridge.launch.rate_limits import FAILURES_OF_ADDRESS
from bridge.scim import tokens
from bridge.store import scim_tokens
from bridge.web.body import MAX_BODY
from tests.bridge.scim.conftest import ENTERPRISE, ERROR, PATCH, USER, Provider, user

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def is_error(answer: requests.Response, status: int) -> bool:
    body = answer.json()
    return (
        answer.status_code == status
        and body["schemas"] == [ERROR]
        and body["status"] == str(status)
        and bool(body["detail"])
        and answer.headers["Content-Type"] == "application/scim+json"
    )


class TestWhoMayPush:
    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer \xff\xfe"])
    @pytest.mark.parametrize("path", ["", "/Users", "/Users/1", "/Groups", "/Schemas", "/ResourceTypes", "/nothing"])
    def test_nobody_without_the_token(self, provider: Provider, header: str, path: str) -> None:
        answer = provider.ask("GET", path, Authorization=header)
        assert is_error(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_nobody_with_the_token_of_another_connection(self, provider: Provider) -> None:
        theirs = tokens.make(provider.engine, "other", provider.services.now())
        assert is_error(provider.ask("GET", "/Users", Authorization=f"Bearer {theirs}"), 401)

    def test_nobody_at_a_connection_that_takes_no_pushes(self, provider: Provider) -> None:
        for name in ("campus", "nobody", "a%00b"):
            url = provider.base.replace("acme", name)
            answer = requests.get(f"{url}/Users", headers={"Authorization": f"Bearer {provider.token}"}, timeout=90)
            assert is_error(answer, 404)

    def test_how_to_authenticate_is_no_secret(self, provider: Provider) -> None:
        answer = provider.ask("GET", "/ServiceProviderConfig", Authorization="")
        assert answer.status_code == 200
        assert answer.json()["authenticationSchemes"][0]["type"] == "oauthbearertoken"

    def test_who_guesses_is_slowed_down_and_who_has_the_token_is_not(self, provider: Provider) -> None:
        provider.clock.ahead += (
            FAILURES_OF_ADDRESS.span - provider.clock() % FAILURES_OF_ADDRESS.span
        )  # a whole one begins
        said = [provider.ask("GET", "/Users", Authorization=f"Bearer {n}").status_code for n in range(103)]
        assert said[:100] == [401] * 100
        assert said[101:] == [429, 429]
        assert provider.ask("GET", "/Users").status_code == 200

    def test_a_new_token_leaves_no_gap_and_a_revoked_one_ends_within_a_second(self, provider: Provider) -> None:
        old, now = provider.token, provider.services.now()
        provider.token = tokens.make(provider.engine, "acme", now)
        assert provider.ask("GET", "/Users").status_code == 200
        assert provider.ask("GET", "/Users", Authorization=f"Bearer {old}").status_code == 200
        first, second = scim_tokens.every(provider.engine, "acme")
        assert first.expires_at is not None
        assert second.expires_at is None
        assert first.used_at is not None
        assert scim_tokens.revoke(provider.engine, "acme", first.id, now)
        assert not scim_tokens.revoke(provider.engine, "other", second.id, now)
        provider.clock.ahead += tokens.KNOWN_FOR
        assert is_error(provider.ask("GET", "/Users", Authorization=f"Bearer {old}"), 401)
        assert provider.ask("GET", "/Users").status_code == 200

    def test_an_old_token_ends_after_its_grace(self, provider: Provider) -> None:
        now = provider.services.now()
        tokens.make(provider.engine, "acme", now, grace=60)
        known = tokens.Tokens(provider.engine)
        assert known.let_in("acme", provider.token, now + 59.9)
        assert not known.let_in("acme", provider.token, now + 60)
        assert not known.let_in("acme", provider.token, now + 62)

    def test_a_known_token_opens_no_other_connection(self, provider: Provider) -> None:
        known, now = tokens.Tokens(provider.engine), provider.services.now()
        assert known.let_in("acme", provider.token, now)
        assert not known.let_in("other", provider.token, now)

    def test_a_clock_that_is_set_back_keeps_no_revoked_token_alive(self, provider: Provider) -> None:
        known, now = tokens.Tokens(provider.engine), provider.services.now()
        assert known.let_in("acme", provider.token, now + 3_600)
        (row,) = scim_tokens.every(provider.engine, "acme")
        scim_tokens.revoke(provider.engine, "acme", row.id, now)
        assert not known.let_in("acme", provider.token, now)

    def test_a_copy_of_the_database_opens_nothing(self, provider: Provider) -> None:
        with provider.engine.connect() as connection:
            rows = connection.execute(text("SELECT * FROM scim_token")).all()
        assert provider.token not in repr(rows)
        assert provider.token.encode() not in repr(rows).encode()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
class TestTextsThatADatabaseDoesNotTake:
    """PostgreSQL has no NUL in a text, and says so by an error."""

    @pytest.fixture
    def engine_url(self, database_url: str) -> str:
        return database_url

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_an_id_with_a_nul_is_nobodys(self, provider: Provider, method: str) -> None:
        bodies = {"PUT": user("ann"), "PATCH": {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "title"}]}}
        assert is_error(provider.ask(method, "/Users/%00", bodies.get(method)), 404)

    @pytest.mark.parametrize("asked", [r'id eq "\u0000"', r'members.value eq "\u0000"', r'userName eq "\u0000"'])
    def test_a_filter_with_a_nul_finds_nobody(self, provider: Provider, asked: str) -> None:
        kind = "Groups" if asked.startswith("members") else "Users"
        answer = provider.ask("GET", f"/{kind}?filter={asked}")
        assert (answer.status_code, answer.json()["totalResults"]) == (200, 0)

    def test_a_member_with_a_nul_is_refused_and_removing_one_is_no_harm(self, provider: Provider) -> None:
        group = {"schemas": [GROUP], "displayName": "Staff"}
        assert is_error(provider.ask("POST", "/Groups", {**group, "members": [{"value": "a\0"}]}), 400)
        made = provider.ask("POST", "/Groups", group).json()["id"]
        gone = {"op": "remove", "path": "members", "value": [{"value": "a\0"}]}
        assert provider.patch(made, gone, where="Groups").status_code == 204


class TestBodies:
    def test_a_body_of_a_mebibyte_is_taken_and_a_larger_one_refused_as_scim(self, provider: Provider) -> None:
        body = user("large", displayName="")
        body["displayName"] = "x" * (MAX_BODY - len(json.dumps(body)))
        assert provider.ask("POST", "/Users", body).status_code == 201
        assert is_error(provider.ask("POST", "/Users", json.dumps(body).encode() + b" "), 413)

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"\xff\xfe{}",
            b'{"userName": "a", "userName": ',
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"userName": 1e999}',
            b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": NaN}',
            b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": {"a": 1}}',
            b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "\\ud800"}',
            b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}',
            b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": ""}',
            b'{"schemas": "manager", "userName": "manager"}',
            b'{"manager": [[[[' + b"[" * 50_000,
        ],
    )
    def test_what_is_no_user_is_refused_and_kept_nowhere(self, provider: Provider, body: bytes) -> None:
        assert is_error(provider.ask("POST", "/Users", body), 400)
        assert provider.ask("GET", "/Users").json()["totalResults"] == 0

    @pytest.mark.parametrize("media_type", ["text/xml", "application/x-www-form-urlencoded"])
    def test_another_media_type_is_refused(self, provider: Provider, media_type: str) -> None:
        assert is_error(provider.ask("POST", "/Users", user("ann"), **{"Content-Type": media_type}), 415)

    @pytest.mark.parametrize("attribute", ["userName", "externalId"])
    def test_an_id_that_is_too_long_is_refused(self, provider: Provider, attribute: str) -> None:
        assert is_error(provider.ask("POST", "/Users", user("ann", **{attribute: "x" * 256})), 400)
        assert provider.ask("POST", "/Users", {**user("ann"), attribute: "x" * 255}).status_code == 201

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_a_method_that_has_no_sense_is_refused(self, provider: Provider, method: str) -> None:
        answer = provider.ask(method, "/Users", {})
        assert is_error(answer, 405)
        assert "POST" in answer.headers["Allow"]

    @pytest.mark.parametrize("path", ["/Nothing", "/Users/a/b", "/Me/x", "/%00", "/Users/%00", "/Users/" + "x" * 2000])
    def test_an_address_that_leads_nowhere_is_404(self, provider: Provider, path: str) -> None:
        assert is_error(provider.ask("GET", path), 404)

    @pytest.mark.parametrize("asked", ['userName eq "a', "userName", "a eq 1", "((((", 'userName zz "a"', "(" * 2000])
    def test_a_filter_that_is_none_is_refused(self, provider: Provider, asked: str) -> None:
        assert is_error(provider.ask("GET", f"/Users?filter={asked}"), 400)

    @pytest.mark.parametrize("asked", ["startIndex=0", "startIndex=-5", "count=0", "count=-1", "count=99999999"])
    def test_a_page_beyond_the_ends_is_a_page(self, provider: Provider, asked: str) -> None:
        provider.push("ann")
        answer = provider.ask("GET", f"/Users?{asked}")
        assert answer.status_code == 200
        assert answer.json()["totalResults"] == 1


@pytest.mark.parametrize(
    "name",
    [
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "Robert'); DROP TABLE scim_resource;--",
        "../../etc/passwd",
        "a\u0000b",
        "\u202eevil",
        "名前",
        "e\u0301",
        "a" * 255,
        "{{7*7}}${7*7}",
        "\t",
    ],
)
def test_a_hostile_name_is_kept_and_found_as_it_was_sent(provider: Provider, name: str) -> None:
    names = {"givenName": name, "familyName": name}
    made = provider.ask("POST", "/Users", user("ann", name=names, displayName=name, externalId="x" + name[:200]))
    assert made.status_code == 201, made.text
    read = provider.read(made.json()["id"])
    assert read["name"]["givenName"] == name
    assert read["displayName"] == name
    again = provider.ask("POST", "/Users", user(name if name.strip() else "blank"))
    assert again.status_code in {201, 400}


class TestTheSameTwice:
    def test_two_people_with_one_user_name_are_refused_in_any_spelling(self, provider: Provider) -> None:
        provider.push("Ann@example.com")
        bob = provider.push("bob@example.com")["id"]
        assert is_error(provider.ask("POST", "/Users", user("ANN@EXAMPLE.COM")), 409)
        rename = {"op": "replace", "path": "userName", "value": "ann@example.com"}
        assert is_error(provider.patch(bob, rename), 409)
        assert is_error(provider.ask("PUT", f"/Users/{bob}", user("aNN@example.com")), 409)
        assert provider.read(bob)["userName"] == "bob@example.com"

    def test_two_at_the_same_moment_leave_one(self, provider: Provider) -> None:
        said: list[int] = []

        def push() -> None:
            headers = {"Authorization": f"Bearer {provider.token}", "Content-Type": "application/scim+json"}
            answer = requests.post(f"{provider.base}/Users", json=user("ann"), headers=headers, timeout=90)
            said.append(answer.status_code)

        threads = [threading.Thread(target=push) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(said) == [201] + [409] * 7
        assert provider.ask("GET", "/Users").json()["totalResults"] == 1

    def test_changes_of_one_person_at_the_same_moment_are_all_made(self, provider: Provider) -> None:
        ann, names = provider.push("ann")["id"], ["title", "nickName", "displayName", "locale", "userType"]
        said: list[int] = []

        def change(name: str) -> None:
            headers = {"Authorization": f"Bearer {provider.token}", "Content-Type": "application/scim+json"}
            body = {"Operations": [{"op": "replace", "path": name, "value": f"a {name}"}]}
            body["schemas"] = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
            said.append(
                requests.patch(f"{provider.base}/Users/{ann}", json=body, headers=headers, timeout=90).status_code
            )

        threads = [threading.Thread(target=change, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(said) == {204}
        read = provider.read(ann)
        assert {name: read[name] for name in names} == {name: f"a {name}" for name in names}

    def test_the_same_push_twice_changes_nothing_the_second_time(self, provider: Provider) -> None:
        ann = provider.push("ann", title="Head")["id"]
        body = user("ann", title="Chief")
        first = provider.ask("PUT", f"/Users/{ann}", body)
        second = provider.ask("PUT", f"/Users/{ann}", body)
        assert first.headers["ETag"] == second.headers["ETag"] == 'W/"2"'
        assert provider.patch(ann, {"op": "replace", "path": "title", "value": "Chief"}).headers["ETag"] == 'W/"2"'


class TestWhatIsLeftOut:
    def test_a_put_without_active_lets_nobody_leave_and_nobody_come_back(self, provider: Provider) -> None:
        ann = provider.push("ann", active=False)["id"]
        bob = provider.push("bob", active=True)["id"]
        without = {"schemas": [USER], "userName": "ann"}
        assert provider.ask("PUT", f"/Users/{ann}", without).json()["active"] is False
        assert provider.ask("PUT", f"/Users/{bob}", {**without, "userName": "bob"}).json()["active"] is True

    def test_a_put_without_other_attributes_takes_them_away(self, provider: Provider) -> None:
        ann = provider.push("ann", title="Head", **{ENTERPRISE: {"employeeNumber": "7"}})["id"]
        put = provider.ask("PUT", f"/Users/{ann}", {"schemas": [USER], "userName": "ann"}).json()
        assert "title" not in put
        assert ENTERPRISE not in put
        assert provider.found(f'{ENTERPRISE}:employeeNumber eq "7"') == []


class TestVersions:
    def test_a_change_of_what_somebody_else_changed_is_refused(self, provider: Provider) -> None:
        ann = provider.push("ann")["id"]
        body = user("ann", title="x")
        assert is_error(provider.ask("PUT", f"/Users/{ann}", body, **{"If-Match": 'W/"7"'}), 412)
        assert provider.ask("PUT", f"/Users/{ann}", body, **{"If-Match": 'W/"1"'}).status_code == 200
        assert provider.ask("GET", f"/Users/{ann}", **{"If-None-Match": 'W/"2"'}).status_code == 304
        assert provider.ask("GET", f"/Users/{ann}", **{"If-None-Match": 'W/"1"'}).status_code == 200


class TestPages:
    def test_everybody_comes_once_in_the_same_order(self, provider: Provider) -> None:
        made = [provider.push(f"person {n:02}")["id"] for n in range(25)]
        seen: list[str] = []
        for start in range(1, 26, 10):
            answer = provider.ask("GET", f"/Users?startIndex={start}&count=10").json()
            assert (answer["totalResults"], answer["startIndex"]) == (25, start)
            seen += [one["id"] for one in answer["Resources"]]
        assert seen == made
        assert provider.ask("GET", "/Users?startIndex=26&count=10").json()["Resources"] == []
        names = [
            one["userName"]
            for one in provider.ask("GET", "/Users?sortBy=userName&sortOrder=descending").json()["Resources"]
        ]
        assert names == sorted(names, reverse=True)


def test_while_the_database_is_away_the_provider_is_asked_to_come_again(serve_scim: Callable[[], Any]) -> None:
    with serve_scim() as provider:
        with provider.engine.begin() as connection:
            connection.execute(text("ALTER TABLE scim_resource RENAME TO away"))
        answer = provider.ask("POST", "/Users", user("ann"))
        assert is_error(answer, 503)
        assert answer.headers["Retry-After"]
        with provider.engine.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO scim_resource"))
        assert provider.ask("POST", "/Users", user("ann")).status_code == 201


@pytest.mark.parametrize("path", ["", "/"])
def test_the_address_itself_is_no_redirect(provider: Provider, path: str) -> None:
    headers = {"Authorization": f"Bearer {provider.token}"}
    answer = provider.session.get(f"{provider.base}{path}", headers=headers, allow_redirects=False, timeout=90)
    assert answer.status_code == 200
    assert answer.json()["totalResults"] == 0


@pytest.mark.parametrize("path", ["/Users/", "//Users", "/Users?", "/users", "/Users.scim"])
def test_an_address_with_a_slash_too_many_is_the_same(provider: Provider, path: str) -> None:
    answer = provider.session.post(
        f"{provider.base}{path}",
        json=user("ann"),
        headers={"Authorization": f"Bearer {provider.token}"},
        allow_redirects=False,
        timeout=90,
    )
    assert answer.status_code == 201
