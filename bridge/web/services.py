"""Everything the views work with, wired once."""

from __future__ import annotations

import os
import secrets
import time
from binascii import b2a_base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from flask import Request
from werkzeug.exceptions import HTTPException

from bridge.config.adapters import NO_ADAPTERS, Adapters
from bridge.config.configuration import Configuration
from bridge.config.connections import Connections
from bridge.contracts import CallbackContext, Match
from bridge.install.registration import Registrar
from bridge.keys.own import OwnKeys
from bridge.launch.redirect import SignInRedirect
from bridge.launch.service import LaunchService
from bridge.learners.directory import Directory
from bridge.learners.ledger import Ledger
from bridge.learners.matching import Matching
from bridge.learners.provisioning import Provisioning
from bridge.learners.sheet_links import Sheets
from bridge.lti.keysets import Keeping, PlatformKeys
from bridge.lti.state import States
from bridge.net.http import Outbound
from bridge.ottolearn.api import OttoLearnApi
from bridge.ottolearn.settings import Oidc, SignedLink
from bridge.ottolearn.signin.launch_session import LaunchSessions
from bridge.ottolearn.signin.oidc import Provider
from bridge.ottolearn.signin.oidc_grant import CodeIssuer
from bridge.ottolearn.signin.oidc_redirect import by_oidc
from bridge.ottolearn.signin.signed_link import by_signed_link
from bridge.packages.origin import Packages
from bridge.packages.step_up import StepUps
from bridge.progress.delivery import callback_context, reports_of
from bridge.progress.reports import Reports
from bridge.store import keysets, pool
from bridge.store.database import Engine
from bridge.store.launches import new_reference
from bridge.store.rates import Limits
from bridge.sync.context import ReaderContexts
from bridge.sync.look_up import LIMITS, TimeLimits
from bridge.sync.syncs import Syncs
from bridge.web.gauges import Gauges
from bridge.web.late import Late
from bridge.web.look_ups import look_ups_of
from bridge.web.metrics import Metrics
from bridge.web.record import Record
from bridge.web.requests import address_of
from bridge.web.self_test import SelfTest

LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
"""The names of this machine, as it is called by itself."""


@dataclass(frozen=True)
class AppServices:
    """The rooms of a running bridge."""

    configuration: Configuration
    public_url: str
    """What LMSs and browsers see, without a slash at the end."""
    is_secure: bool
    """Whether browsers come by https; only a bridge that is tried out on one machine does without."""
    connections: Connections
    engine: Engine
    outbound: Outbound
    directory: Directory
    keys: PlatformKeys
    own_keys: OwnKeys
    syncs: Syncs
    states: States
    launches: LaunchService
    packages: Packages
    limits: Limits
    reports: Reports
    step_ups: StepUps
    sign_in_redirect: Callable[[Match, str], SignInRedirect]
    """What lets a learner into OttoLearn, and to the course of this key if there is one."""
    provider: Provider | None
    """Where OttoLearn asks who has come; None where learners come in another way."""
    registrar: Registrar
    metrics: Metrics
    gauges: Gauges
    self_test: SelfTest | None
    """What is known of the launches that the bridge sends itself; None where it sends none."""
    sheets: Sheets | None
    """How the list of unmatched students goes out as a spreadsheet and comes back; None where it does not."""
    late: Late
    """Lines of the record that wait for the database."""
    now: Callable[[], float]
    token: Callable[[], str]
    """128 random bits and more as URL-safe text."""
    address_of: Callable[[Request], str]
    """The address of whoever asks, for counting."""

    @property
    def is_local(self) -> bool:
        """Whether this bridge is tried out on one machine, by plain http, and by nobody else."""
        return not self.is_secure and urlsplit(self.public_url).hostname in LOOPBACK

    def callback_context(self, connection: str) -> CallbackContext:
        """What an adapter asks the LMS of this connection with."""
        return callback_context(self.engine, self.outbound, self.now, connection)


def random_token() -> str:
    """264 random bits in letters of both cases, digits, `-` and `_`: also as a new user's password.

    As `secrets.token_urlsafe`, in one call instead of five; a launch needs three.
    """
    return b2a_base64(os.urandom(33), newline=False).decode().replace("+", "-").replace("/", "_")


def build_services(
    configuration: Configuration,
    engine: Engine,
    outbound: Outbound,
    directory: Directory,
    *,
    adapters: Adapters = NO_ADAPTERS,
    metrics: Metrics | None = None,
    self_test: SelfTest | None = None,
    sheets: Sheets | None = None,
    now: Callable[[], float] = time.time,
    token: Callable[[], str] = random_token,
    look_up_limits: TimeLimits = LIMITS,
) -> AppServices:
    """Wire the rooms of a bridge around its database and its way out."""
    secret = configuration.bridge.secret_key.get_secret_value()
    connections = Connections(
        configuration.connections, adapters, engine, self_test.connection() if self_test else None, secret_key=secret
    )
    metrics = metrics or Metrics(configuration)
    late = Late(engine)
    metrics.know(connections)
    pool.watch(engine, metrics.show_connections)
    own_keys = OwnKeys(engine, secret, "lti", now)
    usernames = configuration.ottolearn.username_attributes
    readers = ReaderContexts(engine, secret, usernames, own_keys.signing, now, time.sleep, token)
    syncs = Syncs(directory, outbound, configuration.ottolearn, readers)
    limits = Limits(engine, now)
    by_address = partial(address_of, configuration.bridge.trusted_proxies)
    sign_in_redirect, provider = _sign_in(configuration, engine, now, token)
    matching = Matching(
        engine=engine,
        directory=directory,
        username_attributes=configuration.ottolearn.username_attributes,
        connection=connections.find,
        provisioning=Provisioning(
            engine,
            directory,
            OttoLearnApi(configuration.ottolearn, outbound, attempts=1),
            configuration.ottolearn.username_attributes[0],
            now,
            token,
        ),
        ledger=Ledger(engine, now),
        now=now,
        look_ups=look_ups_of(syncs, connections.find, look_up_limits),
    )
    find, attribute = matching.find, configuration.ottolearn.username_attributes[0]
    launches = LaunchService(
        find=self_test.finding(find, directory.look, attribute) if self_test else find,
        is_vouched_for=matching.is_vouched_for,
        record=Record(engine, limits, metrics, late, by_address),
        now=now,
        reference=partial(new_reference, secrets.randbits),
        pseudonym_key=f"pseudonym {secret}".encode(),
        policy=connections.find,
        passes=(HTTPException,),
    )
    keys = PlatformKeys(outbound, now, keeping=Keeping(partial(keysets.find, engine), partial(keysets.keep, engine)))
    public_url = configuration.bridge.public_url
    return AppServices(
        configuration=configuration,
        public_url=public_url,
        is_secure=public_url.startswith("https:"),
        connections=connections,
        engine=engine,
        outbound=outbound,
        directory=directory,
        keys=keys,
        own_keys=own_keys,
        syncs=syncs,
        states=States(secret),
        launches=launches,
        packages=Packages(engine, now),
        limits=limits,
        step_ups=StepUps(outbound, keys.find, now, token),
        reports=reports_of(secret, engine, outbound, connections.find, own_keys, now, token),
        sign_in_redirect=sign_in_redirect,
        provider=provider,
        registrar=Registrar(
            engine,
            connections,
            outbound,
            public_url,
            courses=bool(configuration.courses),
            grades=configuration.bridge.progress_token is not None,
            now=now,
        ),
        metrics=metrics,
        gauges=Gauges(
            engine, connections, now, metrics.expect, self_test=self_test, needs_workers=configuration.bridge.workers
        ),
        self_test=self_test,
        sheets=sheets,
        late=late,
        now=now,
        token=token,
        address_of=by_address,
    )


def _sign_in(
    configuration: Configuration, engine: Engine, now: Callable[[], float], token: Callable[[], str]
) -> tuple[Callable[[Match, str], SignInRedirect], Provider | None]:
    """The configured way in, and the provider behind it where it needs one."""
    issuer, settings = configuration.bridge.public_url, configuration.ottolearn.sign_in
    courses = {course.key: course for course in configuration.courses}
    match settings:
        case SignedLink():
            return by_signed_link(settings, issuer, courses, now=now, token=token), None
        case Oidc():
            secret = configuration.bridge.secret_key.get_secret_value()
            sessions = LaunchSessions(engine, issuer, now, token)
            keys = OwnKeys(engine, secret, "oidc", now)
            code_issuer = CodeIssuer(settings, issuer, engine, keys, f"oidc access token {secret}".encode(), now, token)
            return by_oidc(settings, issuer, configuration.ottolearn.learner_url, sessions, courses), Provider(
                code_issuer, sessions
            )
