"""For machines: is the bridge alive, can it serve, and what has it done."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response
from prometheus_client import CONTENT_TYPE_LATEST

from bridge.web.readiness import Readiness
from bridge.web.services import AppServices


def status_pages(services: AppServices) -> Blueprint:
    """The routes `/healthz`, `/readyz` and `/metrics`."""
    pages, readiness = Blueprint("status", __name__), Readiness(services)

    @pages.get("/healthz")
    def alive() -> Response:
        return jsonify(status="alive")

    @pages.get("/readyz")
    def ready() -> Response:
        checks = readiness.checks()
        fit = all(checks.values())
        return make_response(jsonify(status="ready" if fit else "not ready", **checks), 200 if fit else 503)

    @pages.get("/metrics")
    def metrics() -> Response:
        return Response(services.metrics.text() + services.gauges.text(), content_type=CONTENT_TYPE_LATEST)

    return pages
