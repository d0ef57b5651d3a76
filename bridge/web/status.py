"""For machines: is the bridge alive, can it serve, and what has it done."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify, make_response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from bridge.errors import ConfigError
from bridge.store import learners
from bridge.store.engine import is_current
from bridge.web.house import House

log = logging.getLogger(__name__)


def status_pages(house: House) -> Blueprint:
    """The routes `/healthz`, `/readyz` and `/metrics`."""
    pages = Blueprint("status", __name__)

    @pages.get("/healthz")
    def alive() -> Response:
        return jsonify(status="alive")

    @pages.get("/readyz")
    def ready() -> Response:
        checks = _checks(house)
        fit = all(checks.values())
        return make_response(jsonify(status="ready" if fit else "not ready", **checks), 200 if fit else 503)

    @pages.get("/metrics")
    def metrics() -> Response:
        return Response(house.metrics.text() + house.gauges.text(), content_type=CONTENT_TYPE_LATEST)

    return pages


def _checks(house: House) -> dict[str, bool]:
    """What the bridge needs to do its work: its database, OttoLearn's people in it, and the keys that it signs with."""
    try:
        current = is_current(house.engine)
        directory = current and learners.state(house.engine).refreshed_at is not None
        return {"database": current, "directory": directory, "keys": current and _opens_its_keys(house)}
    except SQLAlchemyError:
        return {"database": False, "directory": False, "keys": False}


def _opens_its_keys(house: House) -> bool:
    try:
        house.own_keys.check()
        if house.provider is not None:
            house.provider.check_keys()
    except ConfigError as error:
        log.warning("%s", error)
        return False
    return True
