"""Dynamic registration as a use case: an invitation, the conversation with the platform, and a connection kept.

An invitation opens `/lti/register` once: whoever has it may make the bridge call an address and trust its keys, for one
connection of one name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bridge.config.connections import Connections
from bridge.contracts import Adapter
from bridge.errors import RegistrationRefused, RemoteRefused, RemoteUnavailable
from bridge.install.guide import Addresses
from bridge.lti.registration import read_platform, readable_token, register, registration_request
from bridge.net.http import Outbound
from bridge.store import one_time
from bridge.store.database import Engine

log = logging.getLogger(__name__)

PURPOSE = "registration"
INVITATION_LIVES = 7 * 24 * 3600.0
"""Seconds."""


class Invitation(msgspec.Struct, frozen=True):
    """What the operator has decided before the LMS is asked."""

    name: str
    adapter: str
    student_id: str
    platforms: tuple[str, ...]
    """Origins of the LMS, where its addresses do not tell by themselves that they belong together."""
    until: float


def invite(engine: Engine, invitation: Invitation, code: str) -> None:
    """Keep an invitation for whoever brings `code`, which must be random."""
    payload = {"invitation": msgspec.json.encode(invitation).decode()}
    one_time.keep(engine, PURPOSE, code, payload, until=invitation.until)


@dataclass(frozen=True)
class Registrar:
    """Turns invitations into connections."""

    engine: Engine
    connections: Connections
    outbound: Outbound
    public_url: str
    courses: bool
    grades: bool
    now: Callable[[], float]

    def register(self, query: Mapping[str, str]) -> str:
        """Register with the platform that sent an administrator here; the new connection's name.

        Raises RegistrationRefused. Where the platform was at fault the invitation stays good for another try.
        """
        code = query.get("invitation", "")
        kept = one_time.take(self.engine, PURPOSE, code, now=self.now())
        if kept is None:
            log.warning("somebody came to register with an invitation that is unknown, used or too old")
            raise RegistrationRefused("This invitation is unknown, was used before, or is too old.")
        invitation = msgspec.json.decode(kept["invitation"], type=Invitation)
        try:
            self._register(invitation, query)
        except (RegistrationRefused, RemoteRefused, RemoteUnavailable) as error:
            invite(self.engine, invitation, code)
            log.warning("the connection %s was not registered: %s", invitation.name, error)
            raise RegistrationRefused(str(error)) from error
        log.warning("the connection %s has been registered", invitation.name)
        return invitation.name

    def _register(self, invitation: Invitation, query: Mapping[str, str]) -> None:
        url, token = query.get("openid_configuration", ""), query.get("registration_token", "")
        if not url or (token and not readable_token(token)):
            raise RegistrationRefused("This address is opened by the LMS when a tool is added, not by hand.")
        if invitation.name in self.connections:
            raise RegistrationRefused(f"A connection is called {invitation.name} already.")
        adapter = self.connections.adapter(invitation.adapter)
        if adapter is None or adapter.registration_request is None:
            raise RegistrationRefused(f"The adapter {invitation.adapter} cannot register.")
        addresses = Addresses(self.public_url, invitation.name, self.courses, self.grades)
        wanted = adapter.registration_request(invitation.student_id, addresses)
        platform = read_platform(url, token, self.outbound, hosts=wanted.hosts, trusted=invitation.platforms)
        lti13 = register(platform, token, registration_request(platform, addresses, wanted), self.outbound)
        settings = {"student_id": invitation.student_id, "lti13": lti13}
        try:
            kept = self.connections.register(invitation.name, adapter, settings, self.now())
        except ValueError as error:
            raise RegistrationRefused("What the platform answered does not make a connection.") from error
        if not kept:
            raise RegistrationRefused(f"A connection is called {invitation.name} already.")


def check_invitation(
    name: str, adapter: Adapter[Any], student_id: str | None, platforms: Sequence[str], until: float
) -> Invitation:
    """An invitation, once it is sure that a connection can come of it. Raises ValueError."""
    places = dict.fromkeys(("issuer", "auth_url", "jwks_url"), "https://lms.invalid")
    probe = {"client_id": "c", "learn_deployments": True} | places
    wanted = {} if student_id is None else {"student_id": student_id}
    settings = adapter.settings.model_validate({"lti13": probe} | wanted)
    return Invitation(name, adapter.name, settings.student_id, tuple(platforms), until)
