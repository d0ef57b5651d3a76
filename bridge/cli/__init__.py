"""The command `ottobridge`."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bridge import __version__
from bridge.cli.invocation import Invocation
from bridge.cli.lazy_group import LazyGroup
from bridge.cli.output import EscapingFormatter, say
from bridge.errors import ConfigError, OttoBridgeError

FAILED, WRONG_CONFIGURATION, INTERRUPTED = 1, 2, 130


COMMANDS = {
    "adapter": "Adapters of your own.",
    "admin": "Accounts for the pages at /admin.",
    "audit": "What administrators did at /admin and by `ottobridge admin`, newest first.",
    "config": "Make and check the configuration.",
    "connections": "The LMSs that the bridge knows.",
    "db": "Look after the database: its schema, its health, its backups.",
    "demo": "Try it all out: a bridge, an OttoLearn and an LMS with people in them, on this machine alone.",
    "doctor": "Ask OttoLearn, the database and the LMSs for real; of the connections only CONNECTION, if it is given.",
    "keys": "The bridge's own signing keys.",
    "launches": "The record of launches, newest first.",
    "learners": "Ask the directory of OttoLearn's users.",
    "package": "Make packages for any LMS, and end them.",
    "people": "The ledger of persons: an LMS never gives a person's own record to somebody else.",
    "privacy": "Show or erase what is kept of one student (docs/privacy.md).",
    "probe": "See what an LMS passes to packages (made by `ottobridge package CONNECTION --probe -o FILE`).",
    "progress": "Progress on its way back to the LMS, newest first.",
    "runs": "The record of sync runs, newest first.",
    "sandbox": "Stand-ins for other systems, to try the bridge without them.",
    "scim": "The tokens with which Entra ID, Okta or another identity provider pushes people by SCIM 2.0.",
    "serve": "Serve the bridge.",
    "setup": "Print what an LMS administrator enters for CONNECTION, take their consent, or invite an LMS to register.",
    "sync": "Bring OttoLearn to what the roster of an LMS says.",
    "unmatched": "Students whom nobody in OttoLearn was found for, the last seen first, each with who could be meant.",
    "worker": "Run background jobs: roster syncs, OttoLearn's users, progress.",
}
"""Each is the click command of that name in the module of that name in this folder, and its help in one line, so that
`ottobridge --help` imports none of them."""


@click.group(cls=LazyGroup, helps=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
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
    lines.setFormatter(EscapingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[lines], level=level)
    context.obj = Invocation(config_path)


def main() -> None:
    """Run a command; exit 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted, or as a command says."""
    try:
        _refuse_other_encodings(sys.argv)
        sys.exit(cli.main(standalone_mode=False) or 0)
    except ConfigError as error:
        for problem in error.problems:
            say(problem, err=True)
        sys.exit(WRONG_CONFIGURATION)
    except OttoBridgeError as error:
        say(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except click.ClickException as error:
        message = io.StringIO()
        error.show(message)
        say(message.getvalue().rstrip("\n"), err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except Exception as error:
        from bridge.store.errors import trouble  # noqa: PLC0415 -- SQLAlchemy takes longer to load than a short command

        if isinstance(error, OSError) and error.filename is not None:
            say(f"Error: {error.filename}: {error.strerror}", err=True)
            sys.exit(FAILED)
        if not (what := trouble(error)):
            raise
        say(f"Error: {what}. Try again once that has passed.", err=True)
        sys.exit(FAILED)


def _refuse_other_encodings(words: Sequence[str]) -> None:
    """Raise UsageError for an argument that is no UTF-8, which no database takes for text."""
    for word in words:
        if any("\udc80" <= letter <= "\udcff" for letter in word):  # how Python shows bytes that are none (PEP 383)
            shown = word.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            raise click.UsageError(f"{shown} is not UTF-8 text: is the terminal set to another encoding?")
