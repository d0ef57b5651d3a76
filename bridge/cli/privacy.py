"""`ottobridge privacy`: what is kept of one student, for them to see, or to be forgotten."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.invocation import Invocation, as_json, pass_invocation, print_json
from bridge.cli.output import say
from bridge.cli.sync_options import report_folder
from bridge.store import privacy as kept
from bridge.sync.report_files import erase_files, files_naming

connection_option = click.option("--connection", help="Of this connection alone; without it, of every one.")

reports_option = click.option(
    "--reports",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where syncs write their reports.  [default: ottobridge-reports beside the configuration]",
)


@click.group()
def privacy() -> None:
    """Show or erase what is kept of one student (docs/privacy.md)."""


@privacy.command()
@click.argument("student_id")
@connection_option
@reports_option
@as_json
@pass_invocation
def export(
    invocation: Invocation,
    student_id: str,
    connection: str | None,
    reports: Path | None,
    as_json: bool,  # noqa: ARG001 -- taken because every command that prints JSON takes it: this one prints nothing else
) -> None:
    """Print everything that is kept of STUDENT_ID, by table, and the files that name it, as one JSON document."""
    with invocation.database() as engine:
        found = kept.everything_of(engine, student_id, connection)
    files = [str(file) for file in files_naming(_folder(invocation, reports), student_id, connection)]
    print_json(
        {
            "student_id": student_id,
            "connection": connection,
            "users": found.users,
            "kept": found.tables,
            "files": files,
        }
    )


@privacy.command()
@click.argument("student_id")
@connection_option
@reports_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@pass_invocation
def erase(
    invocation: Invocation, student_id: str, connection: str | None, reports: Path | None, yes: bool, as_json: bool
) -> None:
    """Forget STUDENT_ID: records of launches, what was received, progress, links, and what syncs remember.

    Reports, plans and corrected copies of syncs that name the ID are deleted whole; the database has what they said.

    OttoLearn's own user stays, here and there, until it is deleted in OttoLearn and the list is read again. Exit 1
    where a sync under way still needs some of it.
    """
    files = files_naming(_folder(invocation, reports), student_id, connection)
    with invocation.database() as engine:
        if not yes:
            found = kept.everything_of(engine, student_id, connection)
            rows = sum(len(rows) for name, rows in found.tables.items() if name != "learner")
            what = f"{rows} record(s) of this ID, and {len(files)} file(s) that name it,"
            click.confirm(f"{what} are erased for ever. Go on?", abort=True, err=True)
        done = kept.erase(engine, student_id, connection)
    try:
        erase_files(files)
    except OSError as error:
        raise click.ClickException(f"{error.filename} cannot be deleted ({error.strerror}); delete it") from error
    if as_json:
        print_json({**done._asdict(), "files": [str(file) for file in files]})
    else:
        _tell(done, files)
    if done.under_way:
        raise click.exceptions.Exit(1)


def _folder(invocation: Invocation, reports: Path | None) -> Path:
    return report_folder(invocation, {"reports": reports})


def _tell(done: kept.Erased, files: list[Path]) -> None:
    for table, count in done.tables.items():
        say(f"{table}: {count}")
    for file in files:
        say(f"deleted: {file}")
    if not (done.tables or files):
        say("Nothing was kept of this ID.")
    if done.users:
        users = ", ".join(map(str, done.users))
        say(f"OttoLearn's list still has the user {users}; delete it there, then: ottobridge learners refresh")
    if done.under_way:
        say(f"A sync under way needs {done.under_way} record(s): erase again when it has ended.")
