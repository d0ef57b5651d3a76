"""The peers of benchmarks/launch.py: PyLTI1p3 as its own Flask example wires it, with the platform's keys cached.

Runs in a virtual environment of its own, since PyLTI1p3 and its fork share one import name.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, jsonify
from flask_caching import Cache
from launch_traffic import CLIENT, DEPLOYMENT, ISSUER, KEY, Traffic
from pylti1p3.contrib.flask import FlaskCacheDataStorage, FlaskMessageLaunch, FlaskOIDCLogin, FlaskRequest
from pylti1p3.tool_config import ToolConfDict

BRIDGE = "https://bridge.example.edu"


class Keys(BaseHTTPRequestHandler):
    """The platform's key set."""

    def do_GET(self) -> None:
        import json

        body = json.dumps({"keys": [KEY.as_dict(private=False, alg="RS256", use="sig")]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Peer:
    """A tool that reads student ID, first and last name, behind Flask's test client."""

    def __init__(self) -> None:
        server = HTTPServer(("127.0.0.1", 0), Keys)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.traffic = Traffic(f"{BRIDGE}/launch")
        self.app = self._app(f"http://127.0.0.1:{server.server_port}/jwks")
        self.client = self.app.test_client()

    def _app(self, jwks: str) -> Flask:
        app = Flask(__name__)
        app.config.update(SECRET_KEY="x" * 32, CACHE_TYPE="SimpleCache", CACHE_THRESHOLD=100_000)
        cache = Cache(app)
        registration = {
            "default": True,
            "client_id": CLIENT,
            "auth_login_url": "https://sso.example.edu/authorize",
            "auth_token_url": "https://sso.example.edu/token",
            "key_set_url": jwks,
            "deployment_ids": [DEPLOYMENT],
        }
        conf = ToolConfDict({ISSUER: [registration]})

        @app.route("/login", methods=["GET", "POST"])
        def login() -> Any:
            storage = FlaskCacheDataStorage(cache)
            oidc = FlaskOIDCLogin(FlaskRequest(), conf, launch_data_storage=storage)
            return oidc.redirect(f"{BRIDGE}/launch")

        @app.route("/launch", methods=["POST"])
        def launch() -> Any:
            storage = FlaskCacheDataStorage(cache)
            message = FlaskMessageLaunch(FlaskRequest(), conf, launch_data_storage=storage)
            message.set_public_key_caching(storage, cache_lifetime=7200)
            data = message.get_launch_data()
            lis = data.get("https://purl.imsglobal.org/spec/lti/claim/lis", {})
            return jsonify(id=lis.get("person_sourcedid"), first=data.get("given_name"), last=data.get("family_name"))

        return app

    def login(self) -> Any:
        return self.client.get("/login", query_string=self.traffic.login)

    def launch(self, login: Any) -> Any:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(login.location).query).items()}
        fields = {"id_token": self.traffic.token(asked["nonce"]), "state": asked["state"]}
        return SimpleNamespace(send=lambda: self.client.post("/launch", data=fields), good=200)
