"""`ottobridge package`: the zip to drop into any LMS, and what became of those that were made."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from adapters.scorm.package import FORMATS, Window, build_package
from adapters.scorm.package.check import check_package
from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.config.configuration import Configuration
from bridge.contracts import Connection
from bridge.launch.courses import course_with
from bridge.packages.origin import Packages, new_token
from bridge.store import packages as stored
from bridge.store.database import Engine
from bridge.store.packages import PackageRow

DAY = 86_400.0
MAKE = "make"


class _PackageGroup(click.Group):
    """A first word that is no command is a connection: `package any-lms …` is `package make any-lms …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [MAKE, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self.commands[MAKE]


@click.group(cls=_PackageGroup)
def package() -> None:
    """Make packages for any LMS, and end them.

    `ottobridge package CONNECTION --format scorm12 --title T -o FILE` makes one (`package make --help`).
    """


@package.command()
@click.argument("connection")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default=None, help="What the LMS imports.")
@click.option("--title", default=None, help="The course's name in the LMS.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The zip to write."
)
@click.option(
    "--window",
    type=click.Choice(["frame", "window"]),
    default="frame",
    show_default=True,
    help="Where OttoLearn opens: inside the course, or in a window of its own.",
)
@click.option("--course", default="", help="The key of the OttoLearn course it opens (`courses` in the configuration).")
@click.option("--language", default="", help="The title's language, and the page's where the LMS names none.")
@click.option("--expires", type=click.IntRange(1, 3650), default=None, metavar="DAYS", help="Launches end after DAYS.")
@click.option("--probe", is_flag=True, help="A package that shows what the LMS passes, and launches nothing.")
@as_json
@pass_invocation
def make(
    invocation: Invocation,
    connection: str,
    format_: str | None,
    title: str | None,
    output: Path,
    window: Window,
    course: str,
    language: str,
    expires: int | None,
    probe: bool,
    as_json: bool,
) -> None:
    """Make a package that launches CONNECTION. Its token is registered, so that it can be ended."""
    configuration, _ = invocation.description
    if not probe and (format_ is None or title is None):
        raise click.UsageError("Missing option '--format' or '--title'.")
    if course and course_with(course, configuration.courses) is None:
        raise click.UsageError(f"No course has the key {course}.")
    format_, title = format_ or "scorm12", title or "OttoBridge probe"
    _check_connection(configuration.connections.get(connection), connection, format_)
    with invocation.database() as engine:
        now = time.time()
        expires_at = now + expires * DAY if expires else None
        order = {"title": title, "window": window, "language": language}
        made, content = _make(engine, configuration, connection, format_, order, course, expires_at, probe=probe)
    _write(output, content)
    _say(made, output, content, as_json=as_json)


@package.command("list")
@as_json
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """Every package that was made, oldest first."""
    with invocation.database() as engine:
        rows = stored.every(engine)
    if as_json:
        print_json([{**row._asdict(), "state": _state(row)} for row in rows])
    for row in () if as_json else rows:
        say(f"{row.id}  {_day(row.created_at)}  {_state(row):18}  {row.connection}  {row.format}  {row.title}")


@package.command()
@click.argument("package_id")
@pass_invocation
def revoke(invocation: Invocation, package_id: str) -> None:
    """Let a package launch no more, from now on."""
    with invocation.database() as engine:
        _find(engine, package_id)
        stored.revoke(engine, package_id, time.time())
    say(f"{package_id} launches nothing any more.")


@package.command()
@click.argument("package_id")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The new zip.")
@click.option("--overlap", type=click.IntRange(0, 365), default=30, show_default=True, metavar="DAYS")
@click.option("--window", type=click.Choice(["frame", "window"]), default="frame", show_default=True)
@as_json
@pass_invocation
def rotate(invocation: Invocation, package_id: str, output: Path, overlap: int, window: Window, as_json: bool) -> None:
    """Make a package like this one with a new token; the old one launches for DAYS more."""
    configuration = invocation.description[0]
    with invocation.database() as engine:
        old = _find(engine, package_id)
        if not old.lives(time.time()):
            raise click.UsageError(f"{package_id} has ended; make a new package.")
        order = {"title": old.title, "window": window, "language": ""}
        made, content = _make(engine, configuration, old.connection, old.format, order, old.course, None)
        stored.end_at(engine, old.id, time.time() + overlap * DAY)
    _write(output, content)
    _say(made, output, content, as_json=as_json)


@package.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@as_json
def check(file: Path, as_json: bool) -> None:
    """Find what a schema misses: files, references, values and hosts of a package."""
    problems = check_package(file.read_bytes())
    if as_json:
        print_json({"file": str(file), "problems": problems})
    else:
        say("\n".join(problems) or f"{file}: nothing to complain about")
    if problems:
        raise click.exceptions.Exit(1)


@package.command()
@click.argument("decision", type=click.Choice(["list", "approve", "refuse"]), default="list")
@click.argument("connection", default="")
@click.argument("site", default="")
@as_json
@pass_invocation
def origins(invocation: Invocation, decision: str, connection: str, site: str, as_json: bool) -> None:
    """The sites on which packages were played; `approve CONNECTION SITE` lets one launch, `refuse` keeps it out."""
    with invocation.database() as engine:
        if decision != "list":
            _decide(invocation, engine, decision, connection, site)
        rows = stored.origins(engine)
    if as_json:
        print_json([row._asdict() for row in rows])
    for row in () if as_json else rows:
        say(f"{row.state:9} {row.connection}  {row.origin}  first seen {_day(row.seen_at)}")


def _decide(invocation: Invocation, engine: Engine, decision: str, connection: str, site: str) -> None:
    if connection not in invocation.description[0].connections:
        raise click.UsageError(f"No connection is called {connection!r}.")
    seen = {row.origin for row in stored.origins(engine) if row.connection == connection}
    if site not in seen:
        raise click.UsageError(
            f"No package of {connection} was played on {site!r}; `ottobridge package origins` lists."
        )
    state = stored.APPROVED if decision == "approve" else stored.REFUSED
    stored.decide_origin(engine, connection, site, state, time.time())


def _make(
    engine: Engine,
    configuration: Configuration,
    connection: str,
    format_: str,
    order: dict[str, str],
    course: str,
    expires_at: float | None,
    *,
    probe: bool = False,
) -> tuple[PackageRow, bytes]:
    """A package and its bytes. Registered only once it could be built."""
    token, found = new_token(), configuration.connections.get(connection)
    try:
        content = build_package(
            format=format_,
            connection=connection,
            public_url=configuration.bridge.public_url,
            brand=(found and found.brand) or configuration.bridge.brand,
            token=token,
            probe=probe,
            **order,  # type: ignore[arg-type]
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    desk = Packages(engine, time.time)
    return desk.register(connection, format_, order["title"], token, course=course, expires_at=expires_at), content


def _write(output: Path, content: bytes) -> None:
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"{output}: {error.strerror}") from error


def _say(made: PackageRow, output: Path, content: bytes, *, as_json: bool) -> None:
    if as_json:
        digest = hashlib.sha256(content).hexdigest()
        found = {"file": str(output), "format": made.format, "sha256": digest, "bytes": len(content)}
        print_json({**found, "package": made.id})
    else:
        say(f"{output}: {made.format}, {len(content)} bytes, package {made.id}, launches {made.connection}")


def _find(engine: Engine, package_id: str) -> PackageRow:
    row = stored.by_id(engine, package_id)
    if row is None:
        raise click.UsageError(f"No package has the id {package_id}; `ottobridge package list` shows them.")
    return row


def _state(row: PackageRow) -> str:
    if row.revoked_at is not None:
        return f"revoked {_day(row.revoked_at)}"
    if row.expires_at is None:
        return "valid"
    return f"{'until' if row.lives(time.time()) else 'ended'} {_day(row.expires_at)}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _check_connection(found: Connection[object] | None, name: str, format_: str) -> None:
    if found is None:
        raise click.UsageError(f"No connection is called {name}; `ottobridge config check` lists them.")
    adapter = found.adapter
    readers = {"aicc": adapter.read_aicc, "cmi5": adapter.read_cmi5}
    if readers.get(format_, adapter.read_page) is None:
        raise click.UsageError(f"{name} has the adapter {adapter.name}, which takes no packages; use `scorm`.")
