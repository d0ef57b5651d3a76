"""Brightspace: which field is the student ID, one person at a launch, and what its users look like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.brightspace import ADAPTER
from adapters.brightspace.api import oauth_client
from adapters.brightspace.launch import GROUP
from adapters.brightspace.look_up import look_up
from adapters.brightspace.people import IDS
from adapters.brightspace.roster import read_roster
from adapters.brightspace.settings import Settings
from bridge.contracts import RECORD, Assurance, ReaderContext, SignedClaims, SignedForm, Student
from bridge.errors import LaunchRejected, RemoteRefused
from bridge.install.guide import Addresses, to_text
from bridge.keys.connection_state import StoredState
from bridge.roster.authorization_code import SECRET as NAME
from bridge.store.engine import migrate, open_database
from tests.fakes.brightspace import CLIENT, SECRET, Site, user
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.lti_platform import CLAIM, FORM, claims
from tests.migrated import migrated_in

USER = {
    *("OrgId", "UserId", "FirstName", "MiddleName", "LastName", "UserName", "ExternalEmail", "OrgDefinedId"),
    *("UniqueIdentifier", "Activation", "DisplayName", "LastAccessedDate", "Pronouns"),
}
"""Members of UserData (github.com/mjfk23/brightspace-api, src/User/Model/User.php at 34ad818, a client in use)."""
QUERY = {"orgDefinedId", "userName", "externalEmail", "bookmark"}
"""Parameters of the list there (src/User/UserApi.php)."""
REDIRECT = "https://bridge.example.edu/setup/campus/consent"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site([user(number) for number in range(30)]) as site:
        yield site


def connect(site: Site, **keys: Any) -> Settings:
    api = {"url": site.url, "auth_url": site.url, "client_id": CLIENT, "client_secret": SECRET, **keys.pop("api", {})}
    return Settings.model_validate({"api": api, **keys})


def consented(site: Site, folder: Path) -> ReaderContext:
    """The context of a connection for which an administrator has consented."""
    engine = open_database(migrated_in(folder))
    migrate(engine)
    clock = Clock()
    state = StoredState(engine, "a secret key of thirty-two bytes or more", "campus", lambda: clock.now, clock.sleep)
    context = replace(clock.context(), state=state)
    client = oauth_client(connect(site))
    assert client is not None
    code = site.consent(client.consent_url(REDIRECT, "state")).partition("code=")[2].partition("&")[0]
    token = client.trade_code(context.outbound, code.replace("%3D", "="), REDIRECT, context.now)
    with state.secret(NAME) as secret:
        secret.replace(token.to_text())
    return context


@pytest.mark.parametrize(
    ("student_id", "by_claims", "by_form"),
    [
        ("OrgDefinedId", "0042", "0042"),
        ("UserName", "zoe", "zoe"),
        ("ExternalEmail", "zoe@example.edu", "zoe@example.edu"),
    ],
)
@pytest.mark.parametrize("inside", [False, True])
def test_the_id_is_read_from_what_brightspace_alone_writes(
    student_id: str, by_claims: str, by_form: str, inside: bool
) -> None:
    settings = Settings.model_validate({"student_id": student_id})
    group = {GROUP: {"username": "zoe", "org_defined_id": "0042"}}
    token = claims("n") | ({f"{CLAIM}launch_presentation": group} if inside else group)
    form = {**FORM, "ext_d2l_orgdefinedid": "0042", "ext_d2l_username": "zoe"}
    launched = [
        ADAPTER.read_claims(SignedClaims(token), settings),  # type: ignore[misc]
        ADAPTER.read_form(SignedForm(form), settings),  # type: ignore[misc]
    ]
    assert [one.student.student_id for one in launched] == [by_claims, by_form]
    assert {one.assurance for one in launched} == {Assurance.SIGNED}


def test_an_id_in_a_custom_field_or_of_another_claim_opens_nothing() -> None:
    custom = {f"{CLAIM}custom": {"org_defined_id": "0042", "OrgDefinedId": "0042"}}
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        ADAPTER.read_claims(SignedClaims(claims("n") | custom), Settings())  # type: ignore[misc]
    with pytest.raises(LaunchRejected, match="student_id_missing"):
        ADAPTER.read_form(SignedForm({**FORM, "custom_ext_d2l_orgdefinedid": "0042"}), Settings())  # type: ignore[misc]


def test_launches_cannot_be_configured_by_an_id_that_no_launch_carries() -> None:
    lti11 = {"consumer_key": "k", "shared_secret": "s"}
    with pytest.raises(ValidationError, match="no launch carries UserId"):
        Settings.model_validate({"student_id": "UserId", "lti11": lti11})


@pytest.mark.parametrize("student_id", ["OrgDefinedId", "UserName", "ExternalEmail"])
def test_the_guide_names_the_field_the_scope_and_the_redirect_address(student_id: str) -> None:
    lti11 = {"consumer_key": "k", "shared_secret": "the-secret"}
    settings = Settings.model_validate({"student_id": student_id, "lti11": lti11})
    assert ADAPTER.installation is not None
    text = to_text(ADAPTER.installation(settings, Addresses("https://bridge.example.edu", "campus")))
    assert REDIRECT in text
    assert "users:userdata:read" in text
    assert "ottobridge setup consent campus" in text
    assert "the-secret" not in text


def test_a_person_is_read_with_what_attributes_may_be_filled_from(site: Site, tmp_path: Path) -> None:
    site.users[4] = user(4, ExternalEmail=None, FirstName=None)
    person = read_whole(read_roster(connect(site), consented(site, tmp_path)))[4]
    assert person.student == Student("004", "", "O’Brien 4")
    assert person.fields == {
        "UserId": "104",
        "UserName": "zoe.4",
        "OrgDefinedId": "004",
        "UniqueIdentifier": "zoe.4",
        "last_name": "O’Brien 4",
        RECORD: "104",
    }


@pytest.mark.parametrize(
    ("student_id", "value", "found"),
    [
        ("OrgDefinedId", "007", ["107"]),
        ("OrgDefinedId", "7", []),
        ("OrgDefinedId", "007&bookmark=0", []),
        ("UserName", "zoe.7", ["107"]),
        ("UserName", "ZOE.7", []),
        ("UserName", "nobody", []),
        ("ExternalEmail", "zoe.7@example.edu", ["107"]),
        ("UserId", "107", []),
    ],
)
def test_a_launch_finds_the_one_who_has_the_id_and_nobody_else(
    site: Site, tmp_path: Path, student_id: str, value: str, found: list[str]
) -> None:
    people = look_up(connect(site, student_id=student_id), consented(site, tmp_path), value)
    assert [one.fields[RECORD] for one in people] == found


def test_an_org_defined_id_that_two_people_have_is_told_as_two(site: Site, tmp_path: Path) -> None:
    site.users[8] = user(8, OrgDefinedId="007")
    people = look_up(connect(site), consented(site, tmp_path), "007")
    assert [one.fields[RECORD] for one in people] == ["107", "108"]


def test_a_service_that_ignores_the_search_is_not_believed(site: Site, tmp_path: Path) -> None:
    context = consented(site, tmp_path)
    site.fail_next(site._users({}), where="orgDefinedId")
    with pytest.raises(RemoteRefused, match="something else than users"):
        look_up(connect(site), context, "007")


def test_a_missing_page_of_something_before_brightspace_is_not_taken_for_nobody(site: Site, tmp_path: Path) -> None:
    context = consented(site, tmp_path)
    site.fail_next(site.reply(site.seen[-1])._replace(status=404, body=b"<html>gone</html>"), where="orgDefinedId")
    with pytest.raises(RemoteRefused, match="answered 404"):
        look_up(connect(site), context, "007")


def test_what_is_asked_and_played_is_in_a_published_client(site: Site, tmp_path: Path) -> None:
    assert {*IDS, "Activation", "FirstName", "LastName"} <= USER
    assert set(user(1)) == USER
    context = consented(site, tmp_path)
    read_whole(read_roster(connect(site), context))
    for student_id in ("OrgDefinedId", "UserName", "ExternalEmail"):
        look_up(connect(site, student_id=student_id), context, "x")
    assert {name for request in site.seen if request.method == "GET" for name, _ in request.parameters()} == QUERY


def test_nothing_is_read_where_no_one_time_token_could_be_kept(site: Site) -> None:
    with pytest.raises(RemoteRefused, match="no database to keep them in"):
        read_whole(read_roster(connect(site), Clock().context()))
    assert not site.seen
