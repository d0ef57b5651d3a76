"""Our side of benchmarks/launch.py: login and launch with the database, the look-up and the record."""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from adapters import ADAPTERS
from benchmarks.launch_traffic import CLIENT, DEPLOYMENT, ISSUER, KEY, Traffic
from bridge.config.configuration import load
from bridge.contracts import Learner
from bridge.learners.directory import Directory
from bridge.net.http import Outbound
from bridge.store.engine import migrate, open_database
from bridge.web.app import create_app
from bridge.web.services import build_services

BRIDGE = "https://bridge.example.edu"
CONFIG = f"""
bridge:
  public_url: {BRIDGE}
  secret_key: 0123456789abcdef0123456789abcdef
  database_url: sqlite:///DATABASE
ottolearn:
  organization_id: 1
  username: api
  password: password
  learner_url: https://learn.example.com
  sign_in: {{method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}}
connections:
  campus:
    adapter: canvas
    lti13: {{issuer: "{ISSUER}", client_id: "{CLIENT}", deployment_ids: ["{DEPLOYMENT}"],
             auth_url: "https://sso.example.edu/authorize", jwks_url: "https://sso.example.edu/jwks"}}
    lti11: {{consumer_key: campus-key, shared_secret: campus-secret}}
"""
LEARNERS = 10_000


class Ours:
    """A bridge with 10,000 learners behind Flask's test client."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        (folder / "config.yaml").write_text(CONFIG.replace("DATABASE", str(folder / "bridge.db")), "utf-8")
        configuration = load(folder / "config.yaml", ADAPTERS)
        engine = open_database(configuration.bridge.database_url.get_secret_value())
        migrate(engine)
        people = [Learner(n, True, {"username": f"S{n:06d}"}) for n in range(1, LEARNERS + 1)]
        directory = Directory(engine, ["username"], lambda: people, time.time)
        directory.refresh()
        services = build_services(configuration, engine, Outbound(), directory)
        services.keys.find = lambda _url, _kid: KEY  # type: ignore[method-assign]  # the peers' keys are cached, too
        self.app = create_app(services)
        gc.freeze()  # as `serve` does
        self.client = self.app.test_client()
        self.traffic = Traffic(f"{BRIDGE}/lti/campus/launch")

    def login(self) -> Any:
        return self.client.get("/lti/campus/login", query_string=self.traffic.login)

    def launch(self, login: Any) -> Any:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(login.location).query).items()}
        fields = {"id_token": self.traffic.token(asked["nonce"]), "state": asked["state"]}
        return SimpleNamespace(send=lambda: self.client.post("/lti/campus/launch", data=fields), good=303)

    def launch11(self) -> Any:
        fields = self.traffic.signed_form()
        return SimpleNamespace(send=lambda: self.client.post("/lti/campus/launch", data=fields), good=303)
