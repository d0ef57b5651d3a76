"""What a self-healing launch adds: to a launch that makes the user of what it says, over the LMS's own answers.

    python -m benchmarks.look_up [--launches 60] [--delay 0.1]

Every launch is of somebody new. OttoLearn (the sandbox) and the LMSs answer on loopback, the LMSs after `--delay`
seconds; their own answer is measured by bare calls. Rounds are interleaved; figures are medians. The processor time is
that of the threads of the bridge alone: it holds on a machine with other work, where the clock does not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import requests

from bridge.store.engine import migrate, open_database
from sandbox.ottolearn import create_sandbox
from sandbox.serving import serve
from tests.bridge.web.healing import Healing, healing, keys, write_config
from tests.fakes.canvas import FakeCanvas
from tests.fakes.canvas import Login as CanvasLogin
from tests.fakes.canvas import Person as CanvasPerson
from tests.fakes.moodle import ADMIN, GUEST, FakeMoodle
from tests.fakes.moodle import Person as MoodlePerson
from tests.fakes.serving import FakeServer, Reply

MOST = 0.020
"""Seconds that a launch may take longer than one that makes the user, and the LMS's answers."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--launches", type=int, default=60)
    parser.add_argument("--delay", type=float, default=0.1)
    options = parser.parse_args()
    with (
        FakeCanvas(people=[_canvas(number) for number in range(1, options.launches + 2)]) as canvas,
        FakeMoodle(people=[GUEST, ADMIN, *(_moodle(number) for number in range(3, options.launches + 4))]) as moodle,
        FakeServer(lambda _: Reply(200, keys(), {"Content-Type": "application/json"})) as platform,
        serve(create_sandbox()) as ottolearn,
        tempfile.TemporaryDirectory() as folder,
    ):
        canvas.subjects = {person.id: f"'a445ca99-C{person.id}'" for person in canvas.people}
        path = write_config(
            Path(folder) / "config.yaml",
            database=f"sqlite:///{folder}/bridge.db",
            ottolearn=ottolearn.url,
            canvas=canvas.url,
            moodle=moodle.url,
            jwks=f"{platform.url}/jwks",
            canvas_more="    look_up: {per_minute: 10000}",
        )
        path.write_text(_with_more(path.read_text("utf-8")), "utf-8")
        migrate(open_database(f"sqlite:///{folder}/bridge.db"))
        with healing(path) as bridge:
            return measure(bridge, canvas, moodle, options.launches, options.delay)


def _with_more(text: str) -> str:
    """The configuration with a large budget for Moodle, and with a connection that makes users of what launches say."""
    moodle, after = text.split("  course:", 1)
    create = moodle[moodle.index("  learning:") :].replace("  learning:", "  making:")
    create = create.replace("on_no_match: look_up", "on_no_match: create")
    return f"{moodle}    look_up: {{per_minute: 10000}}\n{create}  course:{after}"


def measure(bridge: Healing, canvas: FakeCanvas, moodle: FakeMoodle, launches: int, delay: float) -> int:
    took: dict[str, list[Took]] = {name: [] for name in ("create", "canvas", "moodle", "canvas alone", "moodle alone")}
    for lms in (canvas, moodle):
        lms.delay = delay
    asking = requests.Session()
    for number in range(launches + 1):  # the first of each warms up
        took["create"].append(_timed(lambda n=number: _enter(bridge, "making", f"N{n}", f"n{n}")))
        took["canvas"].append(_timed(lambda n=number + 1: _enter(bridge, "campus", f"C{n}", f"'a445ca99-C{n}'")))
        took["moodle"].append(_timed(lambda n=number + 3: _enter(bridge, "learning", f"M{n}", str(n))))
        took["canvas alone"].append(_timed(lambda: [asking.get(f"{canvas.url}/api/v1/x").content for _ in range(2)]))
        took["moodle alone"].append(_timed(lambda: asking.get(f"{moodle.url}/webservice").content))
    found = {name: statistics.median(one.seconds for one in times[1:]) for name, times in took.items()}
    cpu = {name: statistics.median(one.cpu for one in times[1:]) for name, times in took.items()}
    print(
        f"a launch that makes the user of what it says: {found['create'] * 1000:.1f} ms, {cpu['create'] * 1000:.1f} ms "
        "of the processor"
    )
    kept = True
    for lms in ("canvas", "moodle"):
        adds = found[lms] - found["create"] - found[f"{lms} alone"]
        adds_cpu = cpu[lms] - cpu["create"]
        kept = kept and adds_cpu <= MOST
        answers = f"{lms}'s own answers take {found[f'{lms} alone'] * 1000:.1f} ms"
        print(
            f"{lms}: a look-up makes it {found[lms] * 1000:.1f} ms; {answers}; it adds {adds * 1000:.1f} ms", end=", "
        )
        print(f"{adds_cpu * 1000:.1f} ms of the processor (goal {MOST * 1000:.0f})")
    return 0 if kept else 1


def _enter(bridge: Healing, connection: str, student_id: str, target: str) -> None:
    answer = bridge.launch(student_id, connection, sub=target)
    assert answer.status_code == 303, bridge.last()


class Took(NamedTuple):
    seconds: float
    cpu: float


def _timed(act: Callable[[], object]) -> Took:
    began, cpu = time.perf_counter(), _processor_seconds()
    act()
    return Took(time.perf_counter() - began, _processor_seconds() - cpu)


def _processor_seconds() -> float:
    """What the launches of this thread have taken, and what looks students up for them."""
    threads = [one.ident for one in threading.enumerate() if one.name.startswith("look-up") and one.ident is not None]
    return time.thread_time() + sum(time.clock_gettime(time.pthread_getcpuclockid(ident)) for ident in threads)


def _canvas(number: int) -> CanvasPerson:
    return CanvasPerson(number, "O’Brien, Zoë", f"c{number}@example.edu", (CanvasLogin(f"C{number}", f"c{number}"),))


def _moodle(number: int) -> MoodlePerson:
    return MoodlePerson(number, f"m{number}", "Zoë", "O’Brien", f"m{number}@example.edu", f"M{number}")


if __name__ == "__main__":
    sys.exit(main())
