"""The command `ottobridge`."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from bridge import __version__
from bridge.cli.invocation import Invocation
from bridge.cli.lazy_group import LazyGroup
from bridge.cli.saying import Lines, say
from bridge.errors import ConfigError, OttoBridgeError
from bridge.store.errors import trouble

FAILED, WRONG_CONFIGURATION, INTERRUPTED = 1, 2, 130


COMMANDS = (
    "config",
    "connections",
    "db",
    "demo",
    "doctor",
    "keys",
    "launches",
    "learners",
    "package",
    "people",
    "privacy",
    "probe",
    "progress",
    "runs",
    "sandbox",
    "scim",
    "serve",
    "setup",
    "sync",
    "unmatched",
)
"""Each is the click command of that name in the module of that name in this folder."""


@click.group(cls=LazyGroup, names=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    envvar="OTTOBRIDGE_CONFIG",
    default="config.yaml",
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log more, on standard error.")
@click.version_option(__version__, prog_name="ottobridge")
@click.pass_context
def cli(context: click.Context, config_path: Path, verbose: bool) -> None:
    """Let any LMS open OttoLearn."""
    level = logging.INFO if verbose else logging.WARNING
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(Lines("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[lines], level=level)
    context.obj = Invocation(config_path)


def main() -> None:
    """Run a command; exit 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted, or as a command says."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except ConfigError as error:
        for problem in error.problems:
            say(problem, err=True)
        sys.exit(WRONG_CONFIGURATION)
    except OttoBridgeError as error:
        say(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        say(told.getvalue().rstrip("\n"), err=True)
        sys.exit(error.exit_code)
    except SQLAlchemyError as error:
        if not (what := trouble(error)):
            raise
        say(f"Error: {what}. Try again once that has passed.", err=True)
        sys.exit(FAILED)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
