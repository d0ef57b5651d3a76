"""What one `sync` command may be asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bridge.cli.invocation import Invocation, as_json
from bridge.contracts import Connection
from bridge.sync.run import Options

Command = Callable[..., None]

reports = click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where reports, plans and retry files are written.  [default: ottobridge-reports beside the configuration]",
)


def run_options(command: Command) -> Command:
    """Every option of a command that syncs; they arrive together as `asked`."""
    for option in (
        as_json,
        reports,
        click.option("--override", is_flag=True, help="Overwrite what somebody changed in OttoLearn."),
        click.option(
            "--max-changes",
            type=click.IntRange(0),
            metavar="N",
            help="Let this one run make up to N creations, updates and deactivations each.",
        ),
        click.option("--full", is_flag=True, help="Read the whole roster and OttoLearn again, and compare everybody."),
        click.option(
            "--apply",
            "apply_file",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="Apply exactly this plan; refuse it where its base has changed.",
        ),
        click.option("--plan", "only_plan", is_flag=True, help="Change nothing; show what would change."),
        click.option(
            "--plan-file", type=click.Path(path_type=Path, dir_okay=False), help="Where --plan writes the plan."
        ),
    ):
        command = option(command)
    return command


def options_of(invocation: Invocation, connection: Connection[Any], asked: dict[str, Any]) -> Options:
    """What is asked of the run. Raises UsageError for options that do not go together."""
    folder = report_folder(invocation, asked)
    return Options(
        plan_file=_plan_file(connection, folder, asked),
        guess_file=_own_plan(connection, folder),
        full=asked["full"],
        max_changes=asked["max_changes"],
        override=asked["override"],
    )


def report_folder(invocation: Invocation, asked: dict[str, Any]) -> Path:
    """Where reports go."""
    return asked["reports"] or invocation.config_path.resolve().parent / "ottobridge-reports"


def _plan_file(connection: Connection[Any], folder: Path, asked: dict[str, Any]) -> Path | None:
    if not asked["only_plan"]:
        if asked["plan_file"]:
            raise click.UsageError("--plan-file goes with --plan; --apply FILE carries a plan out.")
        return None
    if asked["plan_file"] is not None:
        return Path(asked["plan_file"])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{folder} cannot be made ({error.strerror}); --plan-file FILE or --reports FOLDER is another place."
        raise click.UsageError(problem) from error
    return _own_plan(connection, folder)


def _own_plan(connection: Connection[Any], folder: Path) -> Path:
    return folder / f"{connection.name}.plan.jsonl"
