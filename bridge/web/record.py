"""The record of launches, and how much of it strangers may fill.

Whoever was read to be somebody is always recorded. What is refused before that, anybody can send, and as often as they
like: of those so many are recorded for each address and so many in all, and fewer with what came. The others are told
to the browser and named in the log like every launch; the limits pass by themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from flask import Request, request

from bridge.contracts import Outcome
from bridge.launch.rate_limits import (
    DETAILS,
    DETAILS_OF_ADDRESS,
    REFUSALS,
    REFUSALS_OF_ADDRESS,
)
from bridge.store import launches, received
from bridge.store.database import Engine
from bridge.store.errors import trouble
from bridge.store.launch_lines import LaunchLine
from bridge.store.launches import is_of_nobody
from bridge.store.rates import Limit, Limits
from bridge.web.late import Late
from bridge.web.metrics import Metrics
from bridge.web.received import describe
from bridge.web.self_test import NAME as SELF_TEST

log = logging.getLogger(__name__)

DETAIL = 300
"""Characters of the detail of a refusal of nobody."""


@dataclass(frozen=True)
class Record:
    """Takes the line of each launch that ends in the request at hand."""

    engine: Engine
    limits: Limits
    metrics: Metrics
    late: Late
    address: Callable[[Request], str]
    """Who asks, for counting."""

    def __call__(self, line: LaunchLine) -> None:
        if line.connection == SELF_TEST:
            self._try(line)
            return
        self.metrics.count_launch(line)
        if line.reason == "database_unavailable":  # it would keep this learner waiting a second time
            self.late.put(line, describe(request))
            return
        try:
            self._write(line)
        except Exception as error:
            if not trouble(error):
                raise
            self.late.put(line, {} if line.outcome == Outcome.MATCHED else describe(request))

    def _try(self, line: LaunchLine) -> None:
        """Write the line of the bridge's own launch, and take it away: the record is of people."""
        launches.append(self.engine, line)
        launches.forget_one(self.engine, line.reference)

    def _write(self, line: LaunchLine) -> None:
        nobody = is_of_nobody(line)
        if nobody and not self._has_room(REFUSALS_OF_ADDRESS, REFUSALS):
            return
        launches.append(self.engine, line._replace(detail=line.detail[:DETAIL]) if nobody else line)
        if line.outcome != Outcome.MATCHED:
            whole = not nobody or self._has_room(DETAILS_OF_ADDRESS, DETAILS)
            received.keep(self.engine, line.reference, describe(request) if whole else {}, now=line.time)

    def _has_room(self, of_address: Limit, of_all: Limit) -> bool:
        """Whether one more is within both limits. One address uses up little of what there is for all."""
        return self._within(of_address, self.address(request)) and self._within(of_all)

    def _within(self, limit: Limit, *who: str) -> bool:
        found = self.limits.note(limit, *who)
        if found == limit.most + 1:
            log.warning("%s: further ones are not recorded", limit.exceeded)
        return found <= limit.most
