"""The pictures of the administrators' pages in docs/, taken again by `python -m tests.browser.pictures`."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, sync_playwright

from bridge.contracts import Kind, Outcome, Student
from bridge.store import launch_counts, launches, received, sync_progress, unmatched
from bridge.store.engine import migrate, open_database
from bridge.store.launch_lines import LaunchLine
from bridge.store.sync_progress import Progress
from tests.browser.admin_site import AdminSite, admin_site
from tests.browser.conftest import ARGUMENTS, CHROMIUM, opened
from tests.browser.sync_rows import DAY, run_of
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "pictures"
SIZE = {"width": 1100, "height": 720}
READER: Any = {"viewport": SIZE, "locale": "en-US", "timezone_id": "UTC"}
REFUSED = "WAUD-2222"
NAMES = (
    *(("Zoë", "O’Brien"), ("Lê", "Nguyen"), ("Ana", "García López"), ("Ada", "Okafor"), ("伟", "王")),
    *(("Łukasz", "Żak"), ("ليلى", "الخوري"), ("Noa", "Lindqvist"), ("Suharto", ""), ("Mia", "Rossi")),
)
REASONS = (Outcome.NO_MATCH,) * 5 + (Outcome.INACTIVE,) * 2 + (Outcome.AMBIGUOUS, Outcome.REJECTED)


class Picture(NamedTuple):
    """One file, the page that it shows, and how it is looked at."""

    file: str
    path: str
    scheme: str = "light"


PICTURES = (
    Picture("admin-overview.png", "/admin"),
    Picture("admin-launches.png", "/admin/launches", "dark"),
    Picture("admin-sync.png", "/admin/sync?connection=campus"),
    Picture("admin-reference.png", f"/admin/reference?reference={REFUSED}"),
)


def fill(site: AdminSite) -> None:
    """A week as it might be: the same each time."""
    chance, now, engine = random.Random(17), site.services.now(), site.services.engine
    moments = sorted(now - DAY * 7.5 * chance.random() for _ in range(1_300))
    for number, moment in enumerate(moments):
        if chance.random() < (0.25 if moment % DAY < DAY / 2 else 1):  # fewer at night
            launches.append(engine, _launch(chance, number, moment))
    for number in range(7):
        unmatched.note(
            engine, "campus", Student(f"S0999{number:02}", *NAMES[number]), "no_match", now=now - number * 900
        )
    refused = (
        now - 300,
        "campus",
        Kind.LTI13,
        "",
        "",
        "",
        Outcome.REJECTED,
        "deployment_unknown",
        REFUSED,
        "7:1122aabb",
    )
    launches.append(engine, LaunchLine(*refused))
    claims = {"iss": "https://canvas.example.edu", "aud": "10000000000004"}
    claims["https://purl.imsglobal.org/spec/lti/claim/deployment_id"] = "7:1122aabb"
    came = {"method": "POST", "path": "/lti/campus/launch", "token_claims": claims}
    received.keep(engine, REFUSED, came, now=now)
    _fill_runs(site, now)
    while launch_counts.count_some(engine, now):
        pass


def _launch(chance: random.Random, number: int, moment: float) -> LaunchLine:
    outcome = Outcome.MATCHED if chance.random() < 0.94 else chance.choice(REASONS)
    reason = {Outcome.MATCHED: "", Outcome.REJECTED: "replayed"}.get(outcome, str(outcome))
    connection, kind = chance.choice((("campus", Kind.LTI13), ("moodle", Kind.LTI11), ("packages", Kind.SCORM2004)))
    letters = "".join(chance.choices("23456789ACDEFGHJKMNPQRTUVWXYZ", k=8))
    student = (f"S{chance.randrange(100_000, 999_999)}", *NAMES[number % len(NAMES)])
    return LaunchLine(moment, connection, kind, *student, outcome, reason, f"{letters[:4]}-{letters[4:]}")


def _fill_runs(site: AdminSite, now: float) -> None:
    engine = site.services.engine
    for number in range(35):
        at = now - (36 - number) * DAY / 2
        since: dict[str, Any] = {"since": at - DAY} if number % 2 else {}
        counts = {"created": 40 + number % 7, "updated": 100 - number, "deactivated": 3}
        run_of(engine, "campus", at, read=200 if since else 48_000 + 40 * number, **counts, **since)
    running = run_of(engine, "campus", now - 100, "applying")
    sync_progress.note(engine, running, Progress("writing", 1_234, 5_678, now - 1))


def take(browser: Browser, site: AdminSite, folder: Path) -> Iterator[Path]:
    """Each picture, written into the folder."""
    for picture in PICTURES:
        with opened(browser, **READER, color_scheme=picture.scheme) as context:
            page = site.open(context.new_page(), picture.path)
            page.screenshot(path=folder / picture.file)
            yield folder / picture.file


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/migrated.db")
        migrate(engine)
        engine.dispose()
        (Path(folder) / "site").mkdir()
        with admin_site(Path(folder) / "site", Path(folder) / "migrated.db") as site, sync_playwright() as playwright:
            fill(site)
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
            for _ in take(browser, site, FOLDER):
                pass
            browser.close()


if __name__ == "__main__":
    main()
