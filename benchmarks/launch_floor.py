"""The floors of benchmarks/launch.py: as little as a launch in Flask can do, each written by hand in one file.

`Floor`: state and nonce in one cookie, the id_token verified by joserfc with a cached key, the three fields in a
redirect. No database, no one-time nonce, no learner, no record, no page for what goes wrong: nothing for the world.

`StoringFloor`: the same, and what a launch is promised to do beside: the nonce spent once in a database that processes
share, the learner found, a line in the record, the way into OttoLearn signed. sqlite3 alone, four statements that are
written out, one connection that is never handed around; still no limits, no settings, no checks beyond the signature.
Nothing that keeps the promises by these libraries can be faster. It takes LTI 1.1 too.
"""

from __future__ import annotations

import hmac
import json
import secrets
import sqlite3
import tempfile
import time
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask, abort, redirect, request
from joserfc import jws
from joserfc.jwk import OctKey
from launch_traffic import CLAIM, CLIENT, DEPLOYMENT, ISSUER, KEY, Traffic
from oauthlib.oauth1.rfc5849.signature import base_string_uri, normalize_parameters, signature_base_string

BRIDGE = "https://bridge.example.edu"
LEARNERS = 10_000
LINK_KEY = OctKey.import_key("0123456789abcdef0123456789abcdef")
TABLES = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
CREATE TABLE spent (key TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE learner (username TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE launch (at REAL, connection TEXT, student TEXT, first TEXT, last TEXT, outcome TEXT, reference TEXT);
"""


class Floor:
    """A login and a launch behind Flask's test client."""

    def __init__(self) -> None:
        self.traffic = Traffic(f"{BRIDGE}/launch")
        self.app = self._app()
        self.client = self.app.test_client()

    def login(self) -> Any:
        return self.client.get("/login", query_string=self.traffic.login)

    def launch(self, login: Any) -> Any:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(login.location).query).items()}
        fields = {"id_token": self.traffic.token(asked["nonce"]), "state": asked["state"]}
        return SimpleNamespace(send=lambda: self.client.post("/launch", data=fields), good=303)

    def arrive(self, nonce: str, until: float, student_id: str, name: str) -> str:
        """Where the person goes."""
        del nonce, until
        return f"https://learn.example.com/in?{urlencode({'id': student_id, 'name': name})}"

    def _app(self) -> Flask:
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
            student_id = claims[f"{CLAIM}lis"]["person_sourcedid"]
            return redirect(self.arrive(nonce, claims["exp"], student_id, claims["name"]), 303)

        return app


class StoringFloor(Floor):
    """The same with a database, and LTI 1.1."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._database = sqlite3.connect(Path(self._folder.name) / "floor.db", isolation_level=None)
        self._database.executescript(TABLES)
        people = [(f"S{number:06d}", number) for number in range(1, LEARNERS + 1)]
        self._database.executemany("INSERT INTO learner VALUES (?, ?)", people)
        super().__init__()

    def launch11(self) -> Any:
        fields = self.traffic.signed_form()
        return SimpleNamespace(send=lambda: self.client.post("/launch11", data=fields), good=303)

    def arrive(self, nonce: str, until: float, student_id: str, name: str) -> str:
        ask = self._database.execute
        if not ask("INSERT INTO spent VALUES (?, ?) ON CONFLICT DO NOTHING", (nonce, until)).rowcount:
            abort(403)
        found = ask("SELECT id FROM learner WHERE username = ?", (student_id,)).fetchone()
        now, (first, _, last) = time.time(), name.partition(" ")
        line = (now, "campus", student_id, first, last, "matched" if found else "no_match", secrets.token_hex(4))
        ask("INSERT INTO launch VALUES (?, ?, ?, ?, ?, ?, ?)", line)
        if not found:
            abort(404)
        claims = {"iss": BRIDGE, "sub": found[0], "iat": int(now), "exp": int(now) + 60, "jti": secrets.token_urlsafe()}
        link = jws.serialize_compact({"alg": "HS256"}, json.dumps(claims).encode(), LINK_KEY)
        return f"https://learn.example.com/in?token={link}"

    def _app(self) -> Flask:
        app = super()._app()

        @app.post("/launch11")
        def launch11() -> Any:
            form = request.form
            signed = [(name, value) for name, value in form.items() if name != "oauth_signature"]
            base = signature_base_string("POST", base_string_uri(f"{BRIDGE}/launch"), normalize_parameters(signed))
            mac = b64encode(hmac.digest(b"campus-secret&", base.encode(), "sha1"))
            if not hmac.compare_digest(mac, form["oauth_signature"].encode()):
                abort(403)
            until = int(form["oauth_timestamp"]) + 300
            return redirect(
                self.arrive(form["oauth_nonce"], until, form["custom_student_id"], form["lis_person_name_full"]), 303
            )

        return app
