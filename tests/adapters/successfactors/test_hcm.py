"""The HCM suite: every user, or whom it changed, signed in by password or by a signed assertion."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from pydantic import ValidationError

from adapters.successfactors.roster import look_up, read_changes, read_roster
from adapters.successfactors.settings import Settings
from bridge.contracts import RosterEnd, RosterMember
from bridge.errors import RemoteRefused, RosterIncomplete
from tests.adapters.successfactors.conftest import PEOPLE, Make
from tests.fakes.contexts import Clock, read_whole
from tests.fakes.serving import Reply
from tests.fakes.successfactors import ADMIN, CLIENT, NOW, PASSWORD, SuccessFactors

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"


def test_everybody_is_read_by_password(service: SuccessFactors, basic: Settings, clock: Clock) -> None:
    service.users[3]["status"] = "f"
    members = read_whole(read_roster(basic, clock.context()))
    assert len(members) == PEOPLE
    assert [number for number, member in enumerate(members) if not member.active] == [3]
    assert members[7].fields == {
        "@record": "u00007",
        "userId": "u00007",
        "username": "zoe7",
        "empId": "000007",
        "email": "zoe7@acme.example",
        "firstName": "Zoë",
        "lastName": "O’Brien 7",
        "first_name": "Zoë",
        "last_name": "O’Brien 7",
    }
    assert service.tokens == 0


def test_an_assertion_is_signed_by_the_client_and_says_who_asks(
    service: SuccessFactors, hcm: Make, clock: Clock
) -> None:
    clock.now = NOW
    assert len(read_whole(read_roster(hcm(), clock.context()))) == PEOPLE
    said = service.assertion
    assert said is not None  # its signature was verified with the client's certificate
    assert said.findtext(f"{SAML}Issuer") == CLIENT
    assert said.findtext(f"{SAML}Subject/{SAML}NameID") == ADMIN
    conditions = said.find(f"{SAML}Conditions")
    assert conditions is not None
    assert dict(conditions.attrib) == {"NotBefore": "2027-01-15T07:50:00Z", "NotOnOrAfter": "2027-01-15T08:10:00Z"}
    audience = conditions.findtext(f"{SAML}AudienceRestriction/{SAML}Audience")
    assert audience == "www.successfactors.com"
    confirmed = said.find(f".//{SAML}SubjectConfirmationData")
    assert confirmed is not None
    assert confirmed.get("Recipient") == f"{service.url}/odata/v2"


def test_each_assertion_has_an_id_of_its_own(service: SuccessFactors, hcm: Make, clock: Clock) -> None:
    ids = set()
    for _ in range(2):
        look_up(hcm(), clock.context(), "u00001")
        assert isinstance(service.assertion, etree._Element)
        ids.add(service.assertion.get("ID"))
        clock.now += 1
    assert len(ids) == 2


def test_a_token_that_ends_in_the_middle_is_renewed(service: SuccessFactors, hcm: Make, clock: Clock) -> None:
    service.fail_next(Reply(401, b"{}"), where="skiptoken=100")
    assert len(read_whole(read_roster(hcm(), clock.context()))) == PEOPLE
    assert service.tokens == 2


def test_changes_are_asked_for_by_the_services_own_clock(
    service: SuccessFactors, basic: Settings, clock: Clock
) -> None:
    service.users[7] |= {"lastModifiedDateTime": NOW - 60, "status": "f"}
    service.users[9]["lastModifiedDateTime"] = NOW - 4_000
    *pages, end = read_changes(basic, clock.context(), NOW - 3_600)
    found = [member for page in pages if not isinstance(page, RosterEnd) for member in page]
    assert [(member.student.student_id, member.active) for member in found] == [("u00007", False)]
    assert end == RosterEnd(1, NOW)
    *_, whole = read_roster(basic, clock.context())
    assert whole == RosterEnd(PEOPLE, NOW)


def test_changes_that_are_cut_short_are_not_all(service: SuccessFactors, basic: Settings, clock: Clock) -> None:
    service.total = 9
    with pytest.raises(RosterIncomplete, match="where it says 9"):
        list(read_changes(basic, clock.context(), NOW))


@pytest.mark.parametrize("total", [100, 2 * PEOPLE])
def test_half_of_the_people_are_not_taken_for_everybody(
    service: SuccessFactors, basic: Settings, clock: Clock, total: int
) -> None:
    service.total = total
    with pytest.raises(RosterIncomplete, match=f"{PEOPLE} people came where it says {total}"):
        list(read_roster(basic, clock.context()))


def test_a_service_that_does_not_count_is_read_by_its_links(
    service: SuccessFactors, basic: Settings, clock: Clock
) -> None:
    service.counts = False
    assert len(read_whole(read_roster(basic, clock.context()))) == PEOPLE


@pytest.mark.parametrize(
    ("following", "what"), [("https://elsewhere.example/odata/v2/User", "another host"), ("{own}", "leads back")]
)
def test_a_link_that_leads_astray_is_not_followed(
    service: SuccessFactors, basic: Settings, clock: Clock, following: str, what: str
) -> None:
    list(read_roster(basic, clock.context()))
    own = f"{service.url}/odata/v2/User?{service.seen[-3].query}"
    said = {"d": {"results": [], "__next": following.format(own=own)}}
    service.fail_next(Reply(200, json.dumps(said).encode()), where="customPageSize")
    with pytest.raises(RosterIncomplete, match=what):
        list(read_roster(basic, clock.context()))


@pytest.mark.parametrize("name", ["userId", "status"])
def test_what_is_left_out_of_one_person_is_not_empty(
    service: SuccessFactors, basic: Settings, clock: Clock, name: str
) -> None:
    del service.users[150][name]
    with pytest.raises(RosterIncomplete, match=f"`{name}`"):
        list(read_roster(basic, clock.context()))


def test_a_property_without_a_right_is_told_of_with_what_to_do(
    service: SuccessFactors, hcm: Make, clock: Clock
) -> None:
    for person in service.users:
        del person["lastName"]
    with pytest.raises(RosterIncomplete, match=r"leaves `lastName` out of everybody.*right to export every field"):
        list(read_roster(hcm(), clock.context()))


def test_a_refusal_says_what_successfactors_said(service: SuccessFactors, basic: Settings, clock: Clock) -> None:
    said = {"error": {"code": "COE_PROPERTY_NOT_FOUND", "message": {"lang": "en-US", "value": "Invalid property"}}}
    service.fail_next(Reply(400, json.dumps(said).encode()))
    with pytest.raises(RemoteRefused, match=r"400 .*\(COE_PROPERTY_NOT_FOUND: Invalid property\)"):
        list(read_roster(basic, clock.context()))
    service.fail_next(Reply(403, b"<html>no</html>"))
    with pytest.raises(RemoteRefused, match="who the bridge signs in as"):
        list(read_roster(basic, clock.context()))


def test_somebody_is_found_at_once_and_nobody_by_a_quote(
    service: SuccessFactors, basic: Settings, clock: Clock
) -> None:
    service.users[8]["userId"] = "O'Brien"
    service.users[8]["status"] = "f"

    def found(student_id: str) -> list[tuple[str, bool]]:
        members: list[RosterMember] = list(look_up(basic, clock.context(), student_id))
        return [(member.student.last_name, member.active) for member in members]

    assert found("u00007") == [("O’Brien 7", True)]
    assert found("O'Brien") == [("O’Brien 8", False)]
    assert found("x' or userId ne 'x") == []


@pytest.mark.parametrize(
    ("api", "what"),
    [
        ({"sign_in": "basic"}, "`sign_in: basic` needs `password`"),
        ({"client_id": ""}, "`sign_in: saml` needs `client_id` and `private_key`"),
        ({"private_key": "MIIE"}, "`private_key`: allowed: an RSA private key in PEM form, without a passphrase"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(hcm: Make, api: dict[str, str], what: str) -> None:
    with pytest.raises(ValidationError, match=what) as refused:
        hcm(api)
    assert "MIIE" not in str(refused.value)


def test_a_key_that_signs_otherwise_is_refused_before_the_first_run(hcm: Make) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValidationError, match="an RSA private key"):
        hcm({"private_key": pem.decode()})


def test_an_id_must_be_named_because_the_suite_launches_nothing(hcm: Make) -> None:
    with pytest.raises(ValidationError, match=r"`student_id` is missing.*userId, username, empId, email"):
        hcm(student_id="")


def test_no_secret_is_shown(hcm: Make, basic: Settings) -> None:
    shown = f"{basic!r}{hcm()!r}"
    assert PASSWORD not in shown
    assert "PRIVATE KEY" not in shown
