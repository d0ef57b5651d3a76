"""The API client against the sandbox, over real HTTP."""

import gzip
import ipaddress
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import flask
import pytest

from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi, Skipped
from bridge.ottolearn.settings import OttoLearn
from sandbox.ottolearn import Faults, create_sandbox, generated
from sandbox.serving import serve

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
ADA = {"firstName": "Ada", "lastName": "Lovelace", "username": "25499339"}


def client(url: str, *, sleeps: list[float] | None = None, password: str = "api") -> OttoLearnApi:
    settings = OttoLearn(
        api_url=url,
        organization_id=1,
        username="api",
        password=password,
        learner_url=url,
        sign_in={"method": "signed_link", "url": f"{url}/learn", "secret": "s" * 32},
    )
    return OttoLearnApi(settings, Outbound(LOOPBACK), sleep=(sleeps if sleeps is not None else []).append)


@contextmanager
def sandbox(faults: Faults | None = None, count: int = 5, people=None) -> Iterator[str]:
    people = generated(count, ("username",)) if people is None else people
    with serve(create_sandbox(people, faults=faults)) as served:
        yield served.url


@contextmanager
def answering(
    body: bytes | Iterator[bytes], headers: dict[str, str] | None = None, token: object = "t"
) -> Iterator[str]:
    """A server whose user list is `body`."""
    app = flask.Flask("odd")
    app.add_url_rule("/authenticate/login", "login", lambda: {"sessionToken": token}, methods=["POST"])
    app.add_url_rule("/v1/rest/user", "list", lambda: flask.Response(body, headers=headers))
    with serve(app) as served:
        yield served.url


def test_every_user_active_or_not_is_read_whole():
    with sandbox(count=2500) as url:
        learners = list(client(url).read_learners())
    assert [learner.user_id for learner in learners] == list(range(1, 2501))
    assert [learner.user_id for learner in learners if not learner.active] == list(range(50, 2501, 50))
    assert learners[6].attributes["username"] == "25000007"


def test_wrong_credentials_name_the_settings_to_check():
    with sandbox() as url, pytest.raises(RemoteRefused, match=r"ottolearn\.password"):
        client(url, password="wrong").attributes()


def test_a_password_or_token_is_never_in_a_repr():
    with sandbox() as url:
        api = client(url, password="api")
        api.attributes()
    assert "sessionToken" not in repr(api)
    assert repr(vars(api)["_session"]).startswith("<bridge.ottolearn.session.Session object")


def test_a_token_that_dies_in_the_middle_of_a_run_is_renewed():
    faults = Faults(token_uses=2)
    with sandbox(faults) as url:
        api = client(url)
        for _ in range(5):
            assert len(list(api.read_learners())) == 5
    assert faults.asked["POST login"] == 3


def test_a_refused_api_user_is_not_asked_for_ever():
    faults = Faults(token_lifetime=0.0)
    with sandbox(faults) as url, pytest.raises(RemoteRefused, match="refuses the API user"):
        client(url).attributes()
    assert faults.asked["GET list_attributes"] == 2


def test_a_dead_token_met_by_many_threads_is_renewed_once():
    faults = Faults()
    with sandbox(faults) as url:
        api = client(url)
        session = vars(api)["_session"]
        session._token = "dead"
        together = threading.Barrier(8)

        def ask(_: int) -> int:
            together.wait()
            return len(api.attributes())

        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(ask, range(8)))) == 1
    assert faults.asked["POST login"] == 1


def test_reading_waits_as_long_as_told_and_asks_again():
    sleeps: list[float] = []
    with sandbox(Faults(fail_next=2, fail_status=429, retry_after=7)) as url:
        assert client(url, sleeps=sleeps).attributes()
    assert sleeps == [7, 7]


def test_reading_backs_off_and_gives_up():
    sleeps: list[float] = []
    faults = Faults()
    with sandbox(faults) as url:
        api = client(url, sleeps=sleeps)
        api.attributes()
        faults.fail_next = 9
        with pytest.raises(RemoteUnavailable):
            list(api.read_learners())
    assert sleeps == [0.5, 1.0]
    assert faults.asked["GET list_users"] == 3


def test_told_to_wait_an_hour_gives_up_at_once():
    sleeps: list[float] = []
    with sandbox(Faults(fail_next=1, fail_status=429, retry_after=3600)) as url, pytest.raises(RemoteUnavailable):
        client(url, sleeps=sleeps).attributes()
    assert sleeps == []


def test_a_write_whose_outcome_is_unknown_is_not_repeated():
    faults = Faults()
    with sandbox(faults) as url:
        api = client(url)
        api.attributes()
        faults.fail_next = 1
        with pytest.raises(RemoteUnavailable):
            api.create(ADA, "password")
    assert faults.asked["POST create_user"] == 1


def test_a_write_that_was_held_back_is_repeated():
    faults = Faults()
    with sandbox(faults) as url:
        api = client(url)
        api.attributes()
        faults.fail_next, faults.fail_status = 1, 429
        assert api.create(ADA, "password").user_id == 6


def test_a_user_list_cut_short_is_not_taken_for_whole():
    with sandbox(Faults(truncate_after=3)) as url:
        seen = client(url).read_learners()
        with pytest.raises(RemoteRefused, match="not complete"):
            list(seen)


def test_a_connection_cut_in_the_middle_is_not_taken_for_the_end():
    def half() -> Iterator[bytes]:
        yield b'[{"id": 1},'
        raise ConnectionAbortedError

    with answering(half()) as url, pytest.raises((RemoteRefused, RemoteUnavailable)):
        list(client(url).read_learners())


@pytest.mark.parametrize("body", [b'{"users": []}', b"", b"null", b"<html>", b"[1] [2]", b'[{"id": 1}', b"[" * 99_999])
def test_what_is_no_array_is_refused(body: bytes):
    with answering(body) as url, pytest.raises(RemoteRefused):
        list(client(url).read_learners())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><title>Just a moment...</title>", "a firewall"),
        (b'[{"id": 1}] debug: shutdown', "other text"),
    ],
)
def test_what_stands_around_or_before_the_list_is_told_as_what_it_is(body: bytes, words: str):
    with answering(body) as url, pytest.raises(RemoteRefused, match=words):
        list(client(url).read_learners())


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_one_user_whose_name_cannot_be_decoded_holds_nobody_up(bom: bytes):
    body = bom + b'[{"id": 1, "attributes": {"firstName": "Mu\xf1oz"}}, {"id": 2}]'
    with answering(body) as url:
        assert [learner.user_id for learner in client(url).read_learners()] == [1, 2]


def test_an_endless_element_does_not_fill_the_memory():
    with answering(b'[{"id": "' + b"9" * 900_000 + b'"}]') as url, pytest.raises(RemoteRefused, match="too large"):
        list(client(url).read_learners())


@pytest.mark.parametrize(
    ("body", "words"),
    [("[]", "answered 404$"), ("<!DOCTYPE html><title>Just a moment...</title>", "404; .*a firewall")],
)
def test_a_list_refused_with_a_status_is_not_an_empty_list(body: str, words: str):
    app = flask.Flask("odd")
    app.add_url_rule("/authenticate/login", "login", lambda: {"sessionToken": "t"}, methods=["POST"])
    app.add_url_rule("/v1/rest/user", "list", lambda: (body, 404))
    with serve(app) as served, pytest.raises(RemoteRefused, match=words):
        list(client(served.url).read_learners())


def test_a_firewalls_page_is_not_taken_for_a_wrong_password():
    app = flask.Flask("odd")
    page = "<!DOCTYPE html><title>Just a moment...</title>"
    app.add_url_rule("/authenticate/login", "login", lambda: (page, 403), methods=["POST"])
    with serve(app) as served, pytest.raises(RemoteRefused, match="a firewall"):
        list(client(served.url).read_learners())


@pytest.mark.parametrize("token", ["", None, 5, "a\nb", "é"])
def test_a_token_that_no_header_can_carry_is_refused(token: object):
    with answering(b"[]", token=token) as url, pytest.raises(RemoteRefused, match="session token"):
        list(client(url).read_learners())


def test_a_compressed_list_is_read():
    with answering(gzip.compress(b'[{"id": 1}]'), {"Content-Encoding": "gzip"}) as url:
        assert [learner.user_id for learner in client(url).read_learners()] == [1]


def test_bad_records_are_skipped_counted_and_explained():
    body = b"""[
        {"id": 1, "active": true, "attribute": {"employeeId": 25499339, "firstName": " Zoe\\u0308 ", "x": null}},
        {"id": 1}, {"id": "2"}, {"id": true}, {"id": 0}, {"id": 2147483648}, {"id": 3, "active": "no"},
        {"id": 4, "attribute": [1]}, 5, {"id": 6, "attribute": null}]"""
    skipped = Skipped()
    with answering(body) as url:
        learners = list(client(url).read_learners(skipped))
    assert [(learner.user_id, learner.active, learner.attributes) for learner in learners] == [
        (1, True, {"employeeId": "25499339", "firstName": "Zoë", "x": ""}),
        (6, True, {}),
    ]
    assert skipped.reasons.total() == 8
    assert skipped.examples[0] == "record 2: the id stood in the list before"
    assert sorted(skipped.reasons.values()) == [1, 1, 1, 1, 4]


def test_a_user_is_created_with_what_was_sent():
    with sandbox() as url:
        learner = client(url).create(ADA, "password", active=False)
    assert (learner.user_id, learner.active) == (6, False)
    assert ADA.items() <= dict(learner.attributes).items()


def test_an_update_keeps_what_it_does_not_mention():
    user = {"id": 7, "active": True, "understoodLanguages": [{"id": 1}], "attribute": {**ADA, "employeeId": 12}}
    with sandbox(people=[user]) as url:
        api = client(url)
        learner = api.update(7, {"firstName": "Augusta"}, active=False)
        assert list(api.read_learners()) == [learner]
        kept = vars(api)["_session"].read("/v1/rest/user/7").json()
    assert (learner.active, learner.attributes) == (False, {**ADA, "firstName": "Augusta", "employeeId": "12"})
    assert kept["understoodLanguages"] == [{"id": 1}]


def test_an_update_of_nobody_is_refused():
    with sandbox() as url, pytest.raises(RemoteRefused, match="404"):
        client(url).update(99, {}, active=True)


def test_a_username_taken_by_another_is_refused():
    with sandbox() as url, pytest.raises(RemoteRefused) as refusal:
        client(url).create({**ADA, "username": "25000001"}, "password")
    assert refusal.value.status == 409


def test_the_attributes_say_which_are_required_and_which_sign_in():
    with sandbox() as url:
        found = {attribute.name: attribute for attribute in client(url).attributes()}
    assert found["username"].required
    assert [name for name, attribute in found.items() if attribute.is_username] == ["username", "employeeId"]
