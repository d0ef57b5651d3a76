"""Sending mail: by SMTP to the operator's own server, over TLS unless that server is this machine."""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from bridge.errors import RemoteUnavailable

TIMEOUT = 10.0
"""Seconds."""
SUBMISSIONS = 465
"""The port at which TLS begins at once (RFC 8314)."""


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"MailServer({self.host!r}, {self.port})"

    def send(self, sender: str, to: Sequence[str], subject: str, text: str) -> None:
        """Send a text. Raises RemoteUnavailable, which names the host and no password."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
        message.set_content(text)
        try:
            with self._open() as server:
                if self.username:
                    server.login(self.username, self.password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise RemoteUnavailable(f"{self.host}: mail could not be handed in: {type(error).__name__}") from error

    def _open(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.port == SUBMISSIONS:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        if not _is_here(self.host):
            server.starttls(context=context)
        return server


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(socket.gethostbyname(host)).is_loopback
    except (OSError, ValueError):
        return False
