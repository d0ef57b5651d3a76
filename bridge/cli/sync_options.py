"""What one `sync` command may be asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from bridge.cli.invocation import Invocation, as_json
from bridge.contracts import Connection
from bridge.sync.limits import CLASSES, NO_OTHERS, MaxChanges
from bridge.sync.run import Options

Command = Callable[..., None]
_MAX_CHANGES: Final = re.compile(rf"(?:({'|'.join(CLASSES)})=)?([0-9]{{1,9}})")


def _max_changes(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> MaxChanges | None:
    """The numbers that were given, by class; None where nothing was."""
    del context, parameter
    each: int | None = None
    of: dict[str, int] = {}
    for part in (part.strip() for text in given for part in text.split(",")):
        found = _MAX_CHANGES.fullmatch(part)
        if found is None:
            raise click.BadParameter(f"{part!r}; allowed: a number, or one for a class: {'=N, '.join(CLASSES)}=N")
        name, number = found[1], int(found[2])
        if name in of or (name is None and each is not None):
            raise click.BadParameter(f"{part!r}: there is another number for the same")
        if name is None:
            each = number
        else:
            of[name] = number
    return MaxChanges(each, of) if given else None


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
        click.option(
            "--override",
            is_flag=True,
            help="Compare everybody, and overwrite what somebody changed in OttoLearn. Nobody is reactivated by it.",
        ),
        click.option(
            "--max-changes",
            multiple=True,
            callback=_max_changes,
            metavar="CLASS=N",
            help="Let this one run make up to N creations, updates, reactivations, deactivations or id_changes, "
            "whatever their limit: creations=4000. A plain N is for every class, but lets no more "
            "be deactivated and no more IDs be changed.",
        ),
        click.option("--full", is_flag=True, help="Read the whole roster and OttoLearn again, and compare all people."),
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
        max_changes=asked["max_changes"] or NO_OTHERS,
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
