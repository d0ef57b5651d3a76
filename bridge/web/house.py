"""Everything the views work with, wired once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from bridge.config import Configuration
from bridge.contracts import Connection, Learner
from bridge.directory import Directory
from bridge.errors import LaunchRejected
from bridge.http import Outbound
from bridge.launch import Arrivals
from bridge.lti.keysets import PlatformKeys
from bridge.lti.v13 import States
from bridge.ottolearn.signin.signed_link import signed_link
from bridge.store import launches
from bridge.store.launches import LaunchLine
from bridge.web.metrics import Metrics

REFERENCE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that are mistaken for another when read aloud


@dataclass(frozen=True)
class House:
    """The rooms of a running bridge."""

    configuration: Configuration
    engine: Engine
    outbound: Outbound
    directory: Directory
    keys: PlatformKeys
    states: States
    arrivals: Arrivals
    metrics: Metrics
    now: Callable[[], float]
    token: Callable[[], str]
    """128 random bits and more as URL-safe text."""

    @property
    def public_url(self) -> str:
        """What LMSs and browsers see, without a slash at the end."""
        return self.configuration.bridge.public_url

    def way_in(self, learner: Learner, username: str) -> str:
        """The address that lets `learner` into OttoLearn."""
        settings = self.configuration.ottolearn.sign_in
        return signed_link(settings, learner, username, issuer=self.public_url, now=self.now(), jti=self.token())


def furnish(
    configuration: Configuration,
    engine: Engine,
    outbound: Outbound,
    directory: Directory,
    *,
    now: Callable[[], float] = time.time,
    token: Callable[[], str] = secrets.token_urlsafe,
) -> House:
    """Wire the rooms of a bridge around its database and its way out."""
    secret = configuration.bridge.secret_key.get_secret_value()
    metrics = Metrics(configuration.connections)

    def record(line: LaunchLine) -> None:
        metrics.count_launch(line.connection, line.kind, line.outcome)
        launches.append(engine, line)

    arrivals = Arrivals(
        find=directory.find,
        record=record,
        now=now,
        reference=new_reference,
        pseudonym_key=f"pseudonym {secret}".encode(),
    )
    return House(
        configuration=configuration,
        engine=engine,
        outbound=outbound,
        directory=directory,
        keys=PlatformKeys(outbound, now),
        states=States(secret),
        arrivals=arrivals,
        metrics=metrics,
        now=now,
        token=token,
    )


def connection_named(house: House, name: str) -> Connection[Any]:
    """The connection that a launch URL names. Raises LaunchRejected."""
    connection = house.configuration.connections.get(name)
    if connection is None:
        raise LaunchRejected("unknown_connection", f"no connection is called {name[:64]!r}")
    return connection


def new_reference() -> str:
    """Eight letters and digits a person can read out, such as `7K3M-9QXT`."""
    text = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(8))
    return f"{text[:4]}-{text[4:]}"
