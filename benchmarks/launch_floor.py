"""The floor of benchmarks/launch.py: as little as an LTI 1.3 launch in Flask can do, written by hand.

State and nonce in one cookie, the id_token verified by joserfc with a cached key, the three fields in a redirect. No
database, no one-time nonce, no learner, no record, no page for what goes wrong: nothing to put into the world.
"""

from __future__ import annotations

import json
import secrets
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask, abort, redirect, request
from joserfc import jws
from launch_traffic import CLAIM, CLIENT, DEPLOYMENT, ISSUER, KEY, Traffic

BRIDGE = "https://bridge.example.edu"


class Floor:
    """A login and a launch behind Flask's test client."""

    def __init__(self) -> None:
        self.traffic = Traffic(f"{BRIDGE}/launch")
        self.app = _app()
        self.client = self.app.test_client()

    def login(self) -> Any:
        return self.client.get("/login", query_string=self.traffic.login)

    def launch(self, login: Any) -> Any:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(login.location).query).items()}
        fields = {"id_token": self.traffic.token(asked["nonce"]), "state": asked["state"]}
        return SimpleNamespace(send=lambda: self.client.post("/launch", data=fields), good=303)


def _app() -> Flask:
    app = Flask(__name__)

    @app.get("/login")
    def login() -> Any:
        state, nonce = secrets.token_urlsafe(), secrets.token_urlsafe()
        asked = {
            "scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none",
            "client_id": CLIENT, "redirect_uri": f"{BRIDGE}/launch", "state": state, "nonce": nonce,
            "login_hint": request.args["login_hint"],
        }  # fmt: skip
        response = redirect(f"https://sso.example.edu/authorize?{urlencode(asked)}")
        response.set_cookie("login", f"{state}.{nonce}", secure=True, httponly=True, samesite="None")
        return response

    @app.post("/launch")
    def launch() -> Any:
        state, _, nonce = request.cookies["login"].partition(".")
        token = jws.deserialize_compact(request.form["id_token"], KEY, algorithms=["RS256"])
        claims = json.loads(token.payload)
        ours = {"iss": ISSUER, "aud": CLIENT, "nonce": nonce, f"{CLAIM}deployment_id": DEPLOYMENT}
        if request.form["state"] != state or any(claims[name] != value for name, value in ours.items()):
            abort(403)
        person = {"id": claims[f"{CLAIM}lis"]["person_sourcedid"], "name": claims["name"]}
        return redirect(f"https://learn.example.com/in?{urlencode(person)}", 303)

    return app
