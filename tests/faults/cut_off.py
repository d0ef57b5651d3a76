"""A machine that is cut off in the middle of a sync, by a network namespace whose cable is pulled.

    python -m tests.faults.cut_off      # as root; by hand, because a container may not make namespaces

Another machine takes over, everybody is in OttoLearn once, and the one that comes back writes nothing more.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bridge.store import sync_runs
from sandbox.ottolearn import create_sandbox, generated
from sandbox.postgresql import PASSWORD, run_program
from sandbox.serving import serve
from tests.faults.postgresql import Cluster, cluster
from tests.faults.site import Machine, Site
from tests.faults.standing import LEARNERS, LINK_SECRET, wait_for

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SPACE, HERE, THERE = "ottobridge-cut", "10.99.0.1", "10.99.0.2"
PATIENCE = 300.0


class Writers:
    """An OttoLearn that is slow, and notes from which address it was told to change something, and when."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.writes: list[tuple[str, float]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        time.sleep(0.1)
        if environ["REQUEST_METHOD"] in {"POST", "PUT"} and "user" in environ["PATH_INFO"]:
            self.writes.append((environ["REMOTE_ADDR"], time.monotonic()))
        return self._app(environ, start_response)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def namespace() -> Iterator[None]:
    """A machine at THERE, beside this one at HERE."""
    ip("netns", "add", SPACE)
    try:
        ip("link", "add", "ob-here", "type", "veth", "peer", "name", "ob-there", "netns", SPACE)
        ip("addr", "add", f"{HERE}/24", "dev", "ob-here")
        ip("link", "set", "ob-here", "up")
        ip("-n", SPACE, "addr", "add", f"{THERE}/24", "dev", "ob-there")
        ip("-n", SPACE, "link", "set", "ob-there", "up")
        ip("-n", SPACE, "link", "set", "lo", "up")
        yield
    finally:
        ip("netns", "delete", SPACE)


@contextmanager
def cut() -> Iterator[None]:
    """Within the block nothing passes: packets are swallowed, and nobody is told."""
    ip("-n", SPACE, "link", "set", "ob-there", "down")
    try:
        yield
    finally:
        ip("-n", SPACE, "link", "set", "ob-there", "up")


def open_to_all(server: Cluster) -> str:
    """Let the server listen at every address; its URL."""
    with (server.place / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.99.0.0/24 scram-sha-256\n")
    server.stop()
    settings = f"-p {server.port} -c listen_addresses='*' -c unix_socket_directories='' -c fsync=off"
    command: list[str | Path] = [server.programs / "pg_ctl", "start", "-w", "-D", server.place / "data"]
    run_program([*command, "-l", str(server.place / "log"), "-o", settings], server.place, server.owner)
    return f"postgresql+psycopg://postgres:{PASSWORD.replace(' ', '%20')}@{HERE}:{server.port}/postgres"


class Apart(Machine):
    """A worker behind the cable."""

    def __init__(self, config: Path, log: Path) -> None:
        super().__init__(config, log)
        self._command = ["ip", "netns", "exec", SPACE, *self._command]


def main() -> None:
    with namespace(), tempfile.TemporaryDirectory() as folder, cluster() as server, ExitStack() as stack:
        database = open_to_all(server)
        site = Site(Path(folder), database, stack, schools=1, people=300, call=0.0)
        writers = Writers(create_sandbox(generated(LEARNERS, ("username", "employeeId")), link_secret=LINK_SECRET))
        site.ottolearn = stack.enter_context(serve(writers, HERE)).url
        config = site.webs[0].config
        config.write_text(yaml.safe_dump(_reached_from_afar(yaml.safe_load(config.read_text()), site, stack)))
        far, near = Apart(config, Path(folder) / "far"), Machine(config, Path(folder) / "near")
        site.machines = [far, near]
        far.start()
        wait_for(lambda: len(writers.writes) > 60, "the far machine writes", PATIENCE)
        with cut():
            cut_at = time.monotonic()
            near.start()
            wait_for(lambda: any(who == HERE for who, _ in writers.writes), "the near machine takes over", PATIENCE)
            taken_over = min(at for who, at in writers.writes if who == HERE) - cut_at
            wait_for(site.done, "the roster was read to its end", PATIENCE)
        back_at = time.monotonic()
        time.sleep(45)
        late = [at - back_at for who, at in writers.writes if who == THERE and at > cut_at + 1]
        counts = Counter(who for who, _ in writers.writes)
        site.check_people()
        runs = [(run.status, run.reason) for run in sync_runs.newest(site.engine, 5)]
        said = (
            f"taken over after {taken_over:.0f} s; writes {dict(counts)}; after the cut by the far one {late}; {runs}"
        )
        sys.stdout.write(f"{said}\n{(Path(folder) / 'far').read_text()}")
        assert not late


def _reached_from_afar(tree: dict[str, Any], site: Site, stack: ExitStack) -> dict[str, Any]:
    """The configuration with addresses that both machines reach; the LMS by way of a forwarder."""
    tree["bridge"] |= {"trusted_networks": ["127.0.0.0/8", "10.99.0.0/24"]}
    tree["ottolearn"] |= {"api_url": site.ottolearn}
    (school,) = (tree["connections"][name] for name in site.names)
    address = school["api"]["url"]
    port = address.rpartition(":")[2].partition("/")[0]
    forward = ["socat", f"TCP-LISTEN:{port},bind={HERE},fork,reuseaddr", f"TCP:127.0.0.1:{port}"]
    process = subprocess.Popen(forward)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    school["api"]["url"] = address.replace("127.0.0.1", HERE)
    return tree


if __name__ == "__main__":
    main()
