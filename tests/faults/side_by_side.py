"""A release before and this one, side by side on one PostgreSQL whose schema this one upgrades under the other.

    git worktree add /tmp/previous COMMIT
    python -m tests.faults.side_by_side /tmp/previous     # by hand: the other release's files must be there

People launch through both all the time, and a roster is synced by the release before while the schema changes, then by
this one. Prints how the launches of each part ended; fails where somebody was lost, doubled or let in as another.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests
import yaml

from bridge.store.engine import open_database
from sandbox.ottolearn import create_sandbox, generated
from sandbox.postgresql import free_port
from sandbox.serving import serve
from tests.conftest import ROOT
from tests.fakes.rest_list import Absorb, absorb_person
from tests.faults.launching import MATCHED, Crowd
from tests.faults.postgresql import cluster
from tests.faults.site import Counting
from tests.faults.standing import LEARNERS, LINK_SECRET, Hanging, Standing, key_set, wait_for

PEOPLE = 300
PATIENCE = 120.0


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Two:
    """Both releases; `old` runs from another folder."""

    def __init__(self, folder: Path, database: str, previous: Path, stack: ExitStack) -> None:
        sandbox = create_sandbox(generated(LEARNERS, ("username", "employeeId")), link_secret=LINK_SECRET)
        self.calls = Counting(sandbox, 0.1)
        addresses = {
            "ottolearn": stack.enter_context(serve(self.calls)).url,
            "campus": stack.enter_context(serve(Hanging(key_set))).url,
        }
        self.ottolearn = addresses["ottolearn"]
        self.lms = stack.enter_context(Absorb(people=[absorb_person(one + 1) for one in range(PEOPLE)], cap=50))
        roster = {"attributes": {"firstName": "first_name", "lastName": "last_name"}, "writes_at_once": "2"}
        school = {"adapter": "rest-list", "student_id": "externalId", **self.lms.settings, "roster": roster}
        school["list"] = {"paging": {"size": "50"}}
        self.old, self.new = (
            self._one(folder / name, database, addresses, school, root)
            for name, root in (("old", previous), ("new", ROOT))
        )
        self.crowds = {"before": Crowd(self.old), "this": Crowd(self.new)}
        for world in (self.old, self.new):
            stack.callback(world.stop)

    def _one(self, folder: Path, database: str, addresses: dict[str, str], school: object, root: Path) -> Standing:
        folder.mkdir()
        hanging = Hanging(key_set)
        world = Standing(folder, free_port(), database, hanging, hanging, addresses, ("--workers", "2"), root=root)
        world.configure()
        tree = yaml.safe_load(world.config.read_text("utf-8"))
        tree["connections"]["school"] = school
        world.config.write_text(yaml.safe_dump(tree), "utf-8")
        return world

    @contextmanager
    def part(self, name: str, *releases: str) -> Iterator[None]:
        """People launch through these releases within the block; then how it ended is told."""
        with ExitStack() as stack:
            before = {release: crowd.counts() for release, crowd in self.crowds.items()}
            for release in releases:
                stack.enter_context(self.crowds[release].launching(every=0.1))
            yield
        for release in releases:
            counts = self.crowds[release].counts() - before[release]
            assert set(counts) == {MATCHED}, (name, release, counts)
            tell(f"{name}, through the release {release}: {dict(counts)}")

    def users(self) -> Counter[str]:
        """How often each person of the school is in OttoLearn."""
        login = {"organizationId": 1, "username": "api", "password": "api"}
        session = requests.post(f"{self.ottolearn}/authenticate/login", json=login, timeout=60).json()["sessionToken"]
        answer = requests.get(f"{self.ottolearn}/v1/rest/user", headers={"Authorization": session}, timeout=60)
        return Counter(user["attribute"]["username"] for user in answer.json() if user["id"] > LEARNERS)


def sync(world: Standing) -> subprocess.Popen[str]:
    """A sync of the school by the release of this world, begun."""
    command = world.command("sync", "run", "school", "--max-changes", str(PEOPLE))
    return subprocess.Popen(
        command, cwd=world.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )


def ended(process: subprocess.Popen[str]) -> int:
    said, _ = process.communicate(timeout=PATIENCE)
    tell(f"  sync: exit {process.returncode}: {said.strip().splitlines()[-1:]}")
    return process.returncode


def ready(world: Standing) -> str:
    """What `/readyz` says."""
    answer = requests.get(f"{world.url}/readyz", timeout=60)
    return f"{answer.status_code} {answer.text.strip()}"


def rehearse(two: Two) -> None:
    two.old.start()
    wait_for(lambda: two.crowds["before"].launch().what == MATCHED, "the release before lets people in", PATIENCE)
    with two.part("before the upgrade", "before"):
        running = sync(two.old)
        wait_for(lambda: len(two.users()) > PEOPLE // 10, "it writes", PATIENCE)
    with two.part("while the schema is upgraded", "before"):
        two.new.start()
        wait_for(two.crowds["this"].ready, "this release is ready", PATIENCE)
        tell(f"  the sync of the release before {'has ended' if running.poll() is not None else 'goes on'}")
    with two.part("both serve", "before", "this"):
        assert ended(running) == 0
        tell(f"  /readyz: before {ready(two.old)}; this {ready(two.new)}")
        assert two.users() == Counter({f"E{one + 1:05}": 1 for one in range(PEOPLE)})
        two.lms.people += [absorb_person(PEOPLE + 1)]
        assert ended(sync(two.new)) == 0
        two.lms.people += [absorb_person(PEOPLE + 2)]
        tell("  again by the release before:")
        ended(sync(two.old))
        assert ended(sync(two.new)) == 0
        threading.Event().wait(10)
    two.old.stop()
    with two.part("this release alone", "this"):
        threading.Event().wait(3)
    assert two.users() == Counter({f"E{one + 1:05}": 1 for one in range(PEOPLE + 2)})
    tell("everybody is there once, and everybody got in")


if __name__ == "__main__":
    with cluster() as server, tempfile.TemporaryDirectory() as place, ExitStack() as opened:
        engine = open_database(server.url)
        both = Two(Path(place), server.url, Path(sys.argv[1]), opened)
        try:
            rehearse(both)
        finally:
            for world in (both.old, both.new):
                (Path(tempfile.gettempdir()) / f"side-by-side-{world.folder.name}.log").write_text(world.log)
            engine.dispose()
