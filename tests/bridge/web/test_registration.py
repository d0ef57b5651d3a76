"""An LMS registers itself: by invitation only, once, and every process knows the connection from then on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from adapters import ADAPTERS
from bridge.config.connections import Connections
from bridge.install.registration import INVITATION_LIVES, Invitation, invite
from bridge.store.connections import deployments, remove
from bridge.store.engine import autocommit
from bridge.store.schema import kept
from tests.bridge.web.conftest import Bridge
from tests.fakes.lti_platform import claims, query_of, token
from tests.fakes.registering import CLIENT, CONFIGURATION, REGISTRATION, TOKEN, TOOL, RegisteringPlatform
from tests.fakes.serving import FakeServer, Reply

CODE = "an-invitation-code"


@pytest.fixture
def lms() -> Iterator[RegisteringPlatform]:
    with RegisteringPlatform() as platform:
        yield platform


def invited(bridge: Bridge, **changes: Any) -> None:
    wished = {"name": "new-lms", "adapter": "moodle", "student_id": "idnumber", "platforms": ()}
    invite(bridge.engine, Invitation(**(wished | {"until": bridge.now + INVITATION_LIVES} | changes)), CODE)


def visit(bridge: Bridge, lms: RegisteringPlatform, **changes: str | None) -> Any:
    """The LMS opens our address in a frame."""
    sent = {"invitation": CODE, "openid_configuration": lms.configuration_url, "registration_token": TOKEN, **changes}
    query = urlencode({name: value for name, value in sent.items() if value is not None})
    return bridge.client.get(f"/lti/register?{query}")


def launch(bridge: Bridge, lms: RegisteringPlatform, **changes: Any) -> Any:
    """A launch from the LMS that has just registered."""
    target = "https://bridge.example.edu/lti/new-lms/launch"
    fields = {"iss": lms.url, "login_hint": "u", "target_link_uri": target, "client_id": CLIENT}
    begun = bridge.client.post("/lti/new-lms/login", data=fields)
    if begun.status_code != 302:
        return begun
    asked = query_of(begun.location)
    said = claims(asked["nonce"], bridge.now, iss=lms.url, aud=CLIENT, target_link_uri=target, **changes)
    return bridge.client.post("/lti/new-lms/launch", data={"id_token": token(said), "state": asked["state"]})


def with_keys(lms: RegisteringPlatform, bridge: Bridge) -> None:
    """Let the platform's keys be those that the fakes sign with."""
    campus = bridge.services.connections.find("campus")
    assert campus is not None
    with_keys_at = campus.settings.lti13.jwks_url
    answer = lms.answer

    def serve(request: Any) -> Reply:
        if request.path != "/mod/lti/certs.php":
            return answer(request)
        return Reply(200, bridge.services.outbound.request("GET", with_keys_at).body)

    lms.answer = serve


def test_an_invited_lms_becomes_a_connection_and_its_people_arrive(bridge: Bridge, lms: RegisteringPlatform) -> None:
    with_keys(lms, bridge)
    invited(bridge)
    page = visit(bridge, lms)
    assert page.status_code == 200
    assert "OttoLearn is registered" in page.text
    assert launch(bridge, lms, deployment_id="12").status_code == 303
    assert bridge.record()[0].connection == "new-lms"
    assert 'connection="new-lms"' in bridge.client.get("/metrics").text


def test_other_processes_know_the_connection_without_a_restart(bridge: Bridge, lms: RegisteringPlatform) -> None:
    other = Connections({}, ADAPTERS, bridge.engine)
    assert other.find("new-lms") is None
    invited(bridge)
    visit(bridge, lms)
    found = other.find("new-lms")
    assert found is not None
    assert (found.adapter.name, found.settings.student_id) == ("moodle", "idnumber")
    assert [connection.name for connection in other.registered()] == ["new-lms"]


def test_a_removed_connection_lets_nobody_in(bridge: Bridge, lms: RegisteringPlatform) -> None:
    with_keys(lms, bridge)
    invited(bridge)
    visit(bridge, lms)
    remove(bridge.engine, "new-lms")
    assert launch(bridge, lms, deployment_id="12").status_code == 404


def test_a_deployment_nobody_named_is_learned_from_a_signed_launch(bridge: Bridge, lms: RegisteringPlatform) -> None:
    lms.deployment = None
    with_keys(lms, bridge)
    invited(bridge)
    visit(bridge, lms)
    assert launch(bridge, lms, deployment_id="6:new").status_code == 303
    assert deployments(bridge.engine, "new-lms") == ["6:new"]


@pytest.mark.parametrize("deployment", [7, ["7"], "", " ", "x" * 256, "é", "a\nb"])
def test_what_is_no_deployment_id_is_not_learned(bridge: Bridge, lms: RegisteringPlatform, deployment: object) -> None:
    lms.deployment = None
    with_keys(lms, bridge)
    invited(bridge)
    visit(bridge, lms)
    assert launch(bridge, lms, deployment_id=deployment).status_code in {400, 403}
    assert deployments(bridge.engine, "new-lms") == []


def test_a_deployment_is_not_learned_where_the_platform_named_one(bridge: Bridge, lms: RegisteringPlatform) -> None:
    with_keys(lms, bridge)
    invited(bridge)
    visit(bridge, lms)
    assert launch(bridge, lms, deployment_id="13").status_code == 403
    assert deployments(bridge.engine, "new-lms") == []


def test_the_page_asks_the_lms_to_close_it_and_says_what_happened(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge)
    page = visit(bridge, lms)
    assert 'src="/static/close.js" data-now' in page.text
    with bridge.client.get("/static/close.js") as script:
        assert "org.imsglobal.lti.close" in script.text
    assert "<b>new-lms</b>" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("code", [None, "", "made-up", CODE + "x"])
def test_without_an_invitation_nothing_is_called(bridge: Bridge, lms: RegisteringPlatform, code: str | None) -> None:
    invited(bridge)
    page = visit(bridge, lms, invitation=code)
    assert page.status_code == 400
    assert not lms.seen


def test_an_invitation_is_good_once(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge)
    assert visit(bridge, lms).status_code == 200
    lms.tools.clear()
    remove(bridge.engine, "new-lms")
    assert visit(bridge, lms).status_code == 400
    assert not lms.tools


def test_an_invitation_ends(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge)
    bridge.now += INVITATION_LIVES
    assert visit(bridge, lms).status_code == 400
    assert not lms.seen


def test_the_database_does_not_hold_the_invitations_code(bridge: Bridge) -> None:
    invited(bridge)
    with autocommit(bridge.engine) as connection:
        assert CODE not in str(connection.execute(kept.select()).all())


def test_a_link_scanner_does_not_spend_the_invitation(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge)
    query = urlencode({"invitation": CODE, "openid_configuration": lms.configuration_url})
    assert bridge.client.head(f"/lti/register?{query}").status_code == 405
    assert visit(bridge, lms).status_code == 200


@pytest.mark.parametrize("where", [CONFIGURATION, REGISTRATION])
def test_after_a_failure_of_the_lms_the_invitation_is_still_good(
    bridge: Bridge, lms: RegisteringPlatform, where: str
) -> None:
    invited(bridge)
    lms.fail_next(Reply(503), where=where)
    assert visit(bridge, lms).status_code == 400
    assert bridge.services.connections.find("new-lms") is None
    assert visit(bridge, lms).status_code == 200


def test_a_refusal_is_told_in_words_and_without_the_token(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge)
    lms.fail_next(Reply(401, b"token_already_used"), where=REGISTRATION)
    page = visit(bridge, lms)
    assert page.status_code == 400
    assert "This registration was begun before" in page.text
    assert TOKEN not in page.text
    assert CODE not in page.text
    assert "data-now" not in page.text  # so that it can be read


def test_a_platform_cannot_write_into_our_page(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge)
    lms.said = {"jwks_uri": "http://<script>alert(1)</script>.example/"}
    assert "<script>alert" not in visit(bridge, lms).text


@pytest.mark.parametrize(
    "address", [None, "", "file:///etc/passwd", "http://169.254.169.254/", "x", "http://[bad", "http://127.0.0.1:x/"]
)
def test_an_address_that_may_not_be_called_is_told(
    bridge: Bridge, lms: RegisteringPlatform, address: str | None
) -> None:
    invited(bridge)
    assert visit(bridge, lms, openid_configuration=address).status_code == 400
    assert bridge.services.connections.find("new-lms") is None


def test_who_opens_the_address_by_hand_is_told_where_it_belongs(bridge: Bridge) -> None:
    invited(bridge)
    assert "opened by the LMS when a tool is added" in bridge.client.get(f"/lti/register?invitation={CODE}").text


def test_a_token_that_cannot_stand_in_a_header_is_refused(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge)
    assert visit(bridge, lms, registration_token="a\r\nX: y").status_code == 400
    assert not lms.seen


def test_a_platform_that_sends_no_token_is_asked_all_the_same(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge)
    assert "sent no registration token" in visit(bridge, lms, registration_token=None).text


def test_a_name_that_was_taken_meanwhile_is_not_taken_over(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge, name="campus")
    assert "A connection is called campus already" in visit(bridge, lms).text
    assert not lms.seen


def test_the_configuration_wins_over_a_registered_connection_of_its_name(
    bridge: Bridge, lms: RegisteringPlatform
) -> None:
    invited(bridge)
    visit(bridge, lms)
    campus = bridge.services.connections.find("campus")
    both = Connections({"new-lms": campus}, ADAPTERS, bridge.engine)
    assert both.find("new-lms") is campus
    assert list(both.registered()) == []


@pytest.mark.parametrize("adapter", ["scorm", "no-such"])
def test_an_adapter_that_cannot_register_is_told(bridge: Bridge, lms: RegisteringPlatform, adapter: str) -> None:
    invited(bridge, adapter=adapter)
    assert "cannot register" in visit(bridge, lms).text
    assert not lms.seen


def test_an_answer_that_makes_no_connection_is_told(bridge: Bridge, lms: RegisteringPlatform) -> None:
    lms.deployment = "*"
    invited(bridge)
    assert "does not make a connection" in visit(bridge, lms).text
    assert bridge.services.connections.find("new-lms") is None


def test_the_lms_is_asked_for_what_the_student_id_needs(bridge: Bridge, lms: RegisteringPlatform) -> None:
    invited(bridge, adapter="canvas", student_id="integration_id")
    visit(bridge, lms)
    assert lms.tools[0][TOOL]["custom_parameters"]["integration_id"] == "$Canvas.user.sisIntegrationId"
    assert lms.tools[0]["initiate_login_uri"] == "https://bridge.example.edu/lti/new-lms/login"


def test_an_invitation_for_one_lms_is_not_used_by_another(bridge: Bridge, lms: RegisteringPlatform) -> None:
    with FakeServer(lambda _: Reply()) as other:
        invited(bridge, platforms=(other.url,))
        assert visit(bridge, lms).status_code == 400
    assert not lms.seen
