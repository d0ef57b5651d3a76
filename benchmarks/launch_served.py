"""The same launches through gunicorn: what a pair of login and launch costs a worker, in seconds of its processor.

    python benchmarks/launch_served.py serve SIDE PORT

The client that signs would be the slower of the two, so the server's rate is worked out from its own processor time,
which neither the client nor whatever else the machine does can change much.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from launch_traffic import Traffic

HERE = Path(__file__).resolve().parent
PATHS = {"ours": ("/lti/campus/login", "/lti/campus/launch")}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BRIDGE = "https://bridge.example.edu"


class Answered(NamedTuple):
    status: int
    headers: Any
    body: bytes


class Served:
    """One side behind gunicorn with one worker."""

    def __init__(self, name: str, python: str, port: int) -> None:
        self.login, self.launch = PATHS.get(name, ("/login", "/launch"))
        self.traffic = Traffic(f"{BRIDGE}{self.launch}")
        command = [python, str(HERE / "launch_served.py"), "serve", name, str(port)]
        self.process = subprocess.Popen(command)
        self.port = port
        self._await()

    def _await(self) -> None:
        for _ in range(200):
            try:
                self._ask("GET", "/cpu")
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise SystemExit(f"nothing answers on port {self.port}")

    def seconds_a_pair(self, times: int) -> float:
        """Seconds of the worker's processor for a login and a launch, over `times` of them."""
        before = float(self._ask("GET", "/cpu").body)
        for _ in range(times):
            self._pair()
        return (float(self._ask("GET", "/cpu").body) - before) / times

    def _pair(self) -> None:
        answer = self._ask("GET", f"{self.login}?{urlencode(self.traffic.login)}")
        cookies = [value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie")]
        asked = parse_qs(urlsplit(answer.headers["Location"]).query)
        fields = {"id_token": self.traffic.token(asked["nonce"][0]), "state": asked["state"][0]}
        answer = self._ask("POST", self.launch, urlencode(fields), {**FORM, "Cookie": "; ".join(cookies)})
        if answer.status not in {200, 303}:
            raise SystemExit(f"answered {answer.status}")

    def _ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> Answered:
        # Closed at once: the worker waits for that before it takes the next.
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return Answered(answer.status, answer.headers, answer.read())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def serve(name: str, port: int) -> None:
    from gunicorn.app.base import BaseApplication
    from launch_worker import tool

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for option, value in {"bind": f"127.0.0.1:{port}", "workers": 1, "loglevel": "error"}.items():
                self.cfg.set(option, value)

        def load(self) -> Any:
            self.tool = tool(name)  # in the worker: its database connections and threads are its own
            app = self.tool.app  # kept with its folder, which ends with it
            app.add_url_rule("/cpu", "cpu", lambda: json.dumps(time.process_time()))
            return app

    Server().run()


if __name__ == "__main__":
    serve(sys.argv[2], int(sys.argv[3]))
