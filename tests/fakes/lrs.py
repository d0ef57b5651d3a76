"""A small xAPI store for cmi5 players that need one: states, profiles and statements, for as long as it runs.

`python -m tests.fakes.lrs PORT` serves it at http://127.0.0.1:PORT/xapi/. It checks nothing; a player does that itself.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

STATEMENTS = "/xapi/statements"


class Store:
    """One store, by WSGI."""

    def __init__(self) -> None:
        self.statements: list[dict[str, Any]] = []
        self.documents: dict[tuple[str, str], bytes] = {}

    @Request.application
    def __call__(self, request: Request) -> Response:
        answer = self._statements(request) if request.path == STATEMENTS else self._document(request)
        answer.headers["X-Experience-API-Version"] = "1.0.3"
        return answer

    def _statements(self, request: Request) -> Response:
        number = request.args.get("statementId", "")
        if request.method == "PUT":
            self.statements.append({"id": number, **json.loads(request.get_data())})
            return Response(status=204)
        if request.method == "POST":
            said = json.loads(request.get_data())
            several = said if isinstance(said, list) else [said]
            self.statements += several
            return _json([one["id"] for one in several])
        if not number:
            return _json({"statements": self.statements, "more": ""})
        found = next((one for one in self.statements if one["id"] == number), None)
        return _json(found) if found else Response(status=404)

    def _document(self, request: Request) -> Response:
        query = dict(parse_qsl(request.query_string.decode()))
        agent = json.loads(query.pop("agent", "null"))
        key = request.path, json.dumps([agent, query], sort_keys=True)
        if request.method in {"PUT", "POST"}:
            self.documents[key] = request.get_data()
            return Response(status=204)
        if request.method == "DELETE":
            self.documents.pop(key, None)
            return Response(status=204)
        if key not in self.documents:
            return Response(status=404)
        kept = self.documents[key]
        answer = Response(kept, content_type="application/json")
        answer.set_etag(hashlib.sha256(kept).hexdigest())
        return answer


def _json(value: object) -> Response:
    return Response(json.dumps(value), content_type="application/json")


if __name__ == "__main__":
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", int(sys.argv[1]), Store(), threaded=True)
