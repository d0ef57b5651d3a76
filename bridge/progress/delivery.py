"""The delivery channel for progress, by the kind of the launch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from joserfc.jwk import RSAKey

from bridge.contracts import CallbackContext, Connection, Kind, Report
from bridge.errors import RemoteRefused
from bridge.keys.own import OwnKeys
from bridge.lti.grades import SCORE_SCOPE, post_score, replace_result
from bridge.lti.service_token import Registration, ServiceTokens
from bridge.net.http import Outbound
from bridge.progress.reports import Deliver, Reports
from bridge.store.database import Engine
from bridge.store.memory import memory_of


def delivery_channels(
    outbound: Outbound,
    key: Callable[[], RSAKey],
    now: Callable[[], float],
    token: Callable[[], str],
    context: Callable[[str], CallbackContext],
) -> Mapping[str, Deliver]:
    """The function that reports progress, by kind of launch; SCORM is not among them, since its pages poll.

    `key`: our signing key for LTI services; `context`: the callback context of the connection of a name.
    """

    def by_adapter(connection: Connection[Any], channel: Mapping[str, str], report: Report) -> None:
        if connection.adapter.report is None:
            raise RemoteRefused("the adapter cannot tell the LMS")
        connection.adapter.report(channel, report, connection.settings, context(connection.name))

    def by_score(connection: Connection[Any], channel: Mapping[str, str], report: Report) -> None:
        lti13 = getattr(connection.settings, "lti13", None)
        if lti13 is None or lti13.token_url is None:
            raise RemoteRefused("the connection has no lti13.token_url")
        registration = Registration(lti13.token_url, lti13.client_id, lti13.token_audience)
        tokens = ServiceTokens(outbound, key(), now, token)
        post_score(channel, report, lambda: tokens.get(registration, [SCORE_SCOPE]), outbound)

    def by_outcome(connection: Connection[Any], channel: Mapping[str, str], report: Report) -> None:
        lti11 = getattr(connection.settings, "lti11", None)
        if lti11 is None:
            raise RemoteRefused("the connection has no lti11")
        replace_result(channel, report, lti11, token(), outbound)

    return {Kind.AICC: by_adapter, Kind.CMI5: by_adapter, Kind.LTI13: by_score, Kind.LTI11: by_outcome}


def reports_of(
    secret_key: str,
    engine: Engine,
    outbound: Outbound,
    find: Callable[[str], Connection[Any] | None],
    own_keys: OwnKeys,
    now: Callable[[], float],
    token: Callable[[], str],
) -> Reports:
    """The `Reports` of a bridge, with a delivery function for every kind of launch."""
    context = partial(callback_context, engine, outbound, now)
    return Reports(engine, secret_key, now, find, delivery_channels(outbound, own_keys.signing, now, token, context))


def callback_context(engine: Engine, outbound: Outbound, now: Callable[[], float], connection: str) -> CallbackContext:
    """The callback context of a connection."""
    return CallbackContext(outbound, now, memory_of(engine, connection, now))
