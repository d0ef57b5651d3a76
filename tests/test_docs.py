"""The documentation is product: its tables are complete, and its links and commands work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bridge.cli import cli
from bridge.jobs.job import QUEUES
from bridge.presentation.advice import ADVICE
from bridge.reasons import REASONS
from bridge.sync.reasons import OF_A_PERSON, OF_A_RUN, REFUSED, RunAdvice, RunReason
from tests.conftest import ROOT

PAGES = [
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("adapters/*/README.md")]
    if "node_modules" not in path.parts
]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


COMMONEST = (
    "no_match",
    "student_id_missing",
    "state_other_browser",
    "replayed",
    "bad_signature",
    "expired",
    "ambiguous",
    "inactive",
    "claimed_only",
    "identity_changed",
)
"""What the README shows of the reasons."""
SHOWN = re.compile(r"<!-- reasons: begin -->\n(.*)\n<!-- reasons: end -->", re.DOTALL)
ALL_REASONS = ROOT / "docs" / "reasons.md"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def reasons_table(words: Iterable[str] = REASONS) -> str:
    rows = [(f"`{word}`", REASONS[word].status, REASONS[word].who, REASONS[word].how) for word in words]
    return table(("reason", "status", "who can fix it", "how"), rows)


def run_reasons(reasons: Mapping[RunReason, RunAdvice]) -> str:
    rows = [(f"`{word}`", row.meaning, row.who, row.how) for word, row in reasons.items()]
    return table(("reason", "what it means", "who can do something", "what"), rows)


def reasons_page() -> str:
    """docs/reasons.md, whole."""
    refused = (f"`refused_400` and the like: {REFUSED.meaning} ({REFUSED.who}): {REFUSED.how}.",)
    return "\n\n".join(
        (
            "# Reasons",
            "A reason is a stable word: search for it, or match it in a script.\nMade by `python -m tests.test_docs`.",
            "## Why a launch did not get in",
            "`ottobridge launches explain REFERENCE` adds what was received, and which check failed.",
            reasons_table(),
            "## Why a sync left a person alone",
            "`ottobridge runs show RUN` and the report of a run name the people.",
            run_reasons(OF_A_PERSON),
            *refused,
            "## Why a sync was held, failed, or did only a part",
            run_reasons(OF_A_RUN) + "\n",
        )
    )


def test_the_readme_shows_the_commonest_reasons() -> None:
    found = SHOWN.search((ROOT / "README.md").read_text("utf-8"))
    assert found is not None
    assert found[1] == reasons_table(COMMONEST), "run: python -m tests.test_docs"


def test_the_page_of_reasons_has_every_one() -> None:
    assert ALL_REASONS.read_text("utf-8") == reasons_page(), "run: python -m tests.test_docs"
    assert {*OF_A_PERSON, *OF_A_RUN} == set(RunReason)


def test_every_reason_has_words_for_the_learner_and_a_status_of_a_refusal() -> None:
    for word, reason in REASONS.items():
        assert reason.learner in ADVICE, word
        assert 400 <= reason.status < 600, word


def test_every_reason_that_the_code_gives_is_in_the_catalogue() -> None:
    given = set()
    for folder in ("bridge", "adapters"):
        for path in (ROOT / folder).rglob("*.py"):
            given |= set(re.findall(r'LaunchRejected\(\s*"(\w+)"', path.read_text("utf-8")))
    assert given
    assert given <= set(REASONS)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text("utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), f"{name(path)} links to {target}"


def commands() -> list[tuple[str, str]]:
    found = []
    for path in PAGES:
        text = path.read_text("utf-8")
        blocks = [
            *re.findall(r"```(?:sh|console)\n(.*?)```", text, re.S),
            *re.findall(r"^    ottobridge .*$", text, re.M),
        ]
        for block in blocks:
            lines = re.findall(r"^\s*(?:\$ )?((?:ottobridge|make)\b.*)$", block, re.M)
            found += [(name(path), line.split("#")[0].strip()) for line in lines]
    return sorted(set(found))


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_exists_with_the_options_the_page_gives_it(page: str, line: str) -> None:
    program, *words = line.split()
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
        assert words[0] in targets, f"{page}: {line}"
        return
    command, context = cli, click.Context(cli)
    while words and isinstance(command, click.Group) and (inner := command.get_command(context, words[0])):
        command = inner
        words.pop(0)
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    asked = {word.partition("=")[0] for word in words if word.startswith("-")}
    whole = not isinstance(command, click.Group) or command.invoke_without_command
    assert whole or asked, f"{page}: {line} is no command"
    assert asked <= known | {"--help", "-h"}, f"{page}: {line} has options that {command.name} does not know"


def test_every_command_explains_itself() -> None:
    def walk(command: click.Command, words: list[str]) -> None:
        answer = CliRunner().invoke(cli, [*words, "--help"])
        assert answer.exit_code == 0
        assert command.help, words
        if isinstance(command, click.Group):
            for word in command.list_commands(click.Context(command)):
                walk(command.get_command(click.Context(command), word), [*words, word])

    walk(cli, [])


def test_every_kind_of_job_is_in_the_table_of_jobs_with_its_queue() -> None:
    rows = re.findall(r"^\| `(\w+)(?: CONNECTION)?` \| `(\w+)` \|", (ROOT / "docs/scale.md").read_text("utf-8"), re.M)
    assert dict(rows) == {str(kind): str(queue) for kind, queue in QUEUES.items()}


if __name__ == "__main__":
    readme = ROOT / "README.md"
    shown = f"<!-- reasons: begin -->\n{reasons_table(COMMONEST)}\n<!-- reasons: end -->"
    readme.write_text(SHOWN.sub(lambda _: shown, readme.read_text("utf-8")), "utf-8")
    ALL_REASONS.write_text(reasons_page(), "utf-8")
