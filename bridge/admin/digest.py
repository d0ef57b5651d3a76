"""The digest of what needs an administrator, sent to a webhook or by mail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.admin.overview import Need, Overview, look
from bridge.config.admin import Digest
from bridge.config.configuration import Configuration
from bridge.errors import RemoteRefused, RemoteUnavailable
from bridge.learners.unmatched import Asked, Unmatched
from bridge.net.http import Outbound
from bridge.net.mail import MailServer
from bridge.store import one_time
from bridge.store.database import Engine

log = logging.getLogger(__name__)

KEY: Final = "digest of /admin"
MOST: Final = 200
"""Unmatched students whose near misses are counted, at most."""


@dataclass(frozen=True)
class Digests:
    """Sends the digest once in each span, whichever process comes first; where nothing waits, nothing is sent."""

    engine: Engine
    settings: Digest
    public_url: str
    refresh_every: float
    unmatched: Unmatched
    outbound: Outbound
    now: Callable[[], float]
    needs_workers: bool = False

    def is_due(self) -> bool:
        """Whether a span has passed since the last one."""
        return not one_time.is_claimed(self.engine, KEY, now=self.now())

    def send(self) -> bool:
        """Send the digest; False where another process does so, or nothing waits."""
        now = self.now()
        if not one_time.claim(self.engine, KEY, now=now, until=now + self.settings.every_seconds):
            return False
        found = look(self.engine, now, refresh_every=self.refresh_every, needs_workers=self.needs_workers)
        if not found.needs:
            return False
        lines = [*digest_lines(found.needs, self._near(found)), "", f"{self.public_url}/admin"]
        try:
            self._tell(lines)
        except (RemoteRefused, RemoteUnavailable) as error:
            log.warning("the digest could not be sent: %s", error)
        return True

    def _tell(self, lines: Sequence[str]) -> None:
        text = "\n".join(lines)
        if self.settings.webhook is not None:
            url = self.settings.webhook.get_secret_value()
            answer = self.outbound.request("POST", url, json={"text": text})
            if answer.status >= 400:
                raise RemoteRefused("the webhook refused it", status=answer.status)
        if (mail := self.settings.mail) is not None:
            password = mail.password.get_secret_value() if mail.password else ""
            server = MailServer(mail.host, mail.port, mail.username, password)
            server.send(mail.sender, mail.to, f"OttoBridge: {lines[0]}", text)

    def _near(self, found: Overview) -> int:
        """How many unmatched students have a near miss."""
        if not any(need.what == "unmatched" for need in found.needs):
            return 0
        return sum(bool(one.near) for one in self.unmatched.page(Asked(), MOST).students)


def digest_lines(needs: Sequence[Need], near: int) -> list[str]:
    """The lines of the digest. They name no student, since a chat is no place for that."""
    lines = []
    for need in needs:
        lines.append(f"{need.title}. {need.why}")
        if need.what == "unmatched" and near:
            lines[-1] = f"{need.title}; {near} in all have a near miss."
            near = 0
    return lines


def digests_of(
    configuration: Configuration,
    engine: Engine,
    unmatched: Unmatched,
    outbound: Outbound,
    now: Callable[[], float],
) -> Digests | None:
    """The digests of this configuration; None where it has no target for them."""
    settings = configuration.admin.digest
    if settings is None:
        return None
    return Digests(
        engine,
        settings,
        configuration.bridge.public_url,
        configuration.ottolearn.directory.refresh_every,
        unmatched,
        outbound,
        now,
        configuration.bridge.workers,
    )
