"""The digest says what waits, once, to whom it was meant for, and names no student."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import msgspec
import pytest
from pydantic import ValidationError
from werkzeug import Request, Response

from bridge.admin.digest import Digests, digests_of
from bridge.config.admin import Digest
from bridge.contracts import Student
from bridge.errors import RemoteUnavailable
from bridge.learners.unmatched import Unmatched
from bridge.net.mail import MailServer
from bridge.store import unmatched
from sandbox.serving import serve
from tests.bridge.web.conftest import Bridge


class Chat:
    """Takes webhooks."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.status = 200

    @Request.application
    def __call__(self, request: Request) -> Response:
        self.texts.append(msgspec.json.decode(request.get_data())["text"])
        return Response("ok", self.status)


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def digests(bridge: Bridge, chat: Chat) -> Iterator[Digests]:
    with serve(chat) as served:
        settings = Digest.model_validate({"webhook": f"{served.url}/hook/a-secret", "every": "24h"})
        services = bridge.services
        admin = services.configuration.admin.model_copy(update={"digest": settings})
        configuration = replace(services.configuration, admin=admin)
        names = configuration.ottolearn.username_attributes
        queue = Unmatched(bridge.engine, services.directory, names, services.connections.find, services.now)
        made = digests_of(configuration, bridge.engine, queue, services.outbound, services.now)
        assert made is not None
        yield made


def wait_for_help(bridge: Bridge) -> None:
    for student_id in ("s000101", "S9"):
        unmatched.note(bridge.engine, "campus", Student(student_id, "Zoë", "O’Brien"), "no_match", now=bridge.now)


def test_what_waits_is_told_once_in_each_span(bridge: Bridge, chat: Chat, digests: Digests) -> None:
    wait_for_help(bridge)
    assert digests.is_due()
    assert digests.send()
    assert not digests.is_due()
    assert not digests.send(), "another process was faster"
    (text,) = chat.texts
    assert text.startswith("2 students of campus could not get in; 2 in all have a near miss.")
    assert text.endswith("https://bridge.example.edu/admin")
    assert "Brien" not in text
    assert "000101" not in text
    bridge.now += 86_400
    assert digests.is_due()


def test_where_nothing_waits_nobody_is_bothered(chat: Chat, digests: Digests) -> None:
    assert not digests.send()
    assert chat.texts == []


def test_a_webhook_that_is_down_fails_nothing_and_its_address_is_not_told(
    bridge: Bridge, chat: Chat, digests: Digests, caplog: pytest.LogCaptureFixture
) -> None:
    wait_for_help(bridge)
    chat.status = 503
    assert digests.send()
    assert "the digest could not be sent" in caplog.text
    assert "a-secret" not in caplog.text
    assert "a-secret" not in repr(digests)


class Post:
    """In the place of smtplib's servers."""

    log: ClassVar[list[Any]] = []

    def __init__(self, host: str, port: int, **options: Any) -> None:
        self.log.append(("open", type(self).__name__, host, port))

    def __enter__(self) -> Post:
        return self

    def __exit__(self, *_: object) -> None:
        self.log.append(("close",))

    def starttls(self, context: Any) -> None:
        self.log.append(("tls", context.check_hostname))

    def login(self, name: str, password: str) -> None:
        if password == "wrong":
            raise smtplib.SMTPAuthenticationError(535, b"the password wrong is wrong")
        self.log.append(("login", name))

    def send_message(self, message: Any) -> None:
        self.log.append((message["To"], message["Subject"], message.get_content()))


def test_mail_goes_over_tls_before_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtplib, "SMTP", Post)
    monkeypatch.setattr("bridge.net.mail._is_here", lambda host: host == "localhost")
    Post.log = []
    MailServer("mail.example.edu", 587, "bridge", "p").send("a@x.y", ["b@x.y", "c@x.y"], "Subject", "Text")
    assert Post.log[1:] == [("tls", True), ("login", "bridge"), ("b@x.y, c@x.y", "Subject", "Text\n"), ("close",)]
    Post.log = []
    MailServer("localhost", 25).send("a@x.y", ["b@x.y"], "Subject", "Text")
    assert [entry[0] for entry in Post.log] == ["open", "b@x.y", "close"]
    with pytest.raises(RemoteUnavailable) as refused:
        MailServer("mail.example.edu", 587, "bridge", "wrong").send("a@x.y", ["b@x.y"], "Subject", "Text")
    assert str(refused.value) == "mail.example.edu: mail could not be handed in: SMTPAuthenticationError"


def test_a_digest_that_goes_nowhere_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="goes nowhere"):
        Digest.model_validate({"every": "24h"})
