"""The sandbox refuses what OttoLearn would, so that the bridge's mistakes show."""

import pytest

from sandbox.ottolearn import Faults, create_sandbox, generated, read_seed

NEW = {"firstName": "Ada", "lastName": "Lovelace", "username": "25499339"}


@pytest.fixture
def api():
    client = create_sandbox(generated(3, ("username",)), now=lambda: 0.0).test_client()
    login = {"organizationId": 1, "username": "api", "password": "api"}
    client.environ_base["HTTP_AUTHORIZATION"] = client.post("/authenticate/login", json=login).json["sessionToken"]
    return client


@pytest.mark.parametrize("wrong", [{"organizationId": 2}, {"username": "x"}, {"password": "é"}, {"password": None}])
def test_wrong_credentials_do_not_log_in(api, wrong: dict[str, object]):
    login = {"organizationId": 1, "username": "api", "password": "api", **wrong}
    assert api.post("/authenticate/login", json=login).status_code == 403


def test_without_a_token_nothing_is_told(api):
    assert api.get("/v1/rest/user", headers={"Authorization": "Bearer x"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"attribute": NEW}, 400, "missing_password"),
        ({"password": "p"}, 400, "invalid_attribute"),
        ({"password": "p", "attribute": {**NEW, "username": " "}}, 400, "missing_attribute"),
        ({"password": "p", "attribute": {**NEW, "shoeSize": "44"}}, 400, "unknown_attribute"),
        ({"password": "p", "attribute": {**NEW, "createdDate": "2020-01-01"}}, 400, "read_only_attribute"),
        ({"password": "p", "attribute": {**NEW, "username": "25000001"}}, 409, "duplicate_username"),
        ({"password": "p", "attribute": NEW, "active": "yes"}, 400, "invalid_active"),
        ([], 400, "invalid_json"),
    ],
)
def test_a_wrong_new_user_is_refused(api, body: object, status: int, error: str):
    answer = api.post("/v1/rest/user", json=body)
    assert (answer.status_code, answer.json["error"]) == (status, error)
    assert len(api.get("/v1/rest/user").json) == 3


def test_a_body_that_is_not_json_or_too_large_is_refused(api):
    assert api.post("/v1/rest/user", data=b"{").status_code == 400
    assert api.post("/v1/rest/user", data=b" " * 2_000_000).status_code == 413


def test_an_update_clears_what_is_left_out_and_an_unknown_user_is_404(api):
    api.put("/v1/rest/user/1", json={"attribute": NEW})
    assert api.get("/v1/rest/user/1").json["attribute"] == NEW
    assert api.put("/v1/rest/user/9", json={"attribute": NEW}).status_code == 404


def test_an_empty_organisation_lists_an_empty_array():
    client = create_sandbox().test_client()
    login = {"organizationId": 1, "username": "api", "password": "api"}
    token = client.post("/authenticate/login", json=login).json["sessionToken"]
    assert client.get("/v1/rest/user", headers={"Authorization": token}).json == []


def test_generated_people_are_the_same_each_time():
    assert list(generated(200, ("username", "studentId"))) == list(generated(200, ("username", "studentId")))
    assert all(user["attribute"]["studentId"] for user in generated(200, ("studentId",)))


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "7", "attribute": {}}', '{"id": 0, "attribute": {}}', '{"id": 7}'])
def test_a_wrong_seed_line_is_named(tmp_path, line: str):
    seed = tmp_path / "seed.jsonl"
    seed.write_text('{"id": 1, "attribute": {}}\n' + line)
    with pytest.raises(ValueError, match=r"seed\.jsonl, line 2"):
        list(read_seed(seed))


def test_two_people_of_one_id_are_a_mistake():
    with pytest.raises(ValueError, match="id 7"):
        create_sandbox([{"id": 7, "active": True, "attribute": {}}] * 2)


def test_an_organisation_may_require_more():
    client = create_sandbox(required_attributes=["costCentre"]).test_client()
    login = {"organizationId": 1, "username": "api", "password": "api"}
    token = {"Authorization": client.post("/authenticate/login", json=login).json["sessionToken"]}
    listed = {entry["name"]: entry["required"] for entry in client.get("/v1/rest/attribute", headers=token).json}
    assert (listed["costCentre"], listed["emailAddress"]) == (True, False)
    refused = client.post("/v1/rest/user", json={"password": "p", "attribute": NEW}, headers=token)
    assert (refused.status_code, refused.json["error"]) == (400, "missing_attribute")
    made = client.post("/v1/rest/user", json={"password": "p", "attribute": {**NEW, "costCentre": "1"}}, headers=token)
    assert made.status_code == 201


def test_each_so_many_th_call_can_fail():
    faults = Faults(fail_every=3, fail_status=429, retry_after=2)
    client = create_sandbox(faults=faults).test_client()
    answers = [client.post("/authenticate/login", json={}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403, 403, 429, 403, 403, 429]
    assert answers[2].headers["Retry-After"] == "2"
