"""docs/lti.md's table of certification items. Write it anew: `python -m tests.certification.report`."""

from __future__ import annotations

from collections.abc import Iterable

from tests.certification.items import CORE, TOOL_11, Form, Item
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "lti.md"
BEGIN, END = "<!-- items: begin -->\n", "<!-- items: end -->"


def page() -> str:
    """The page with its tables made anew."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}{_table('LTI 1.3', CORE)}\n{_table('LTI 1.1', TOOL_11)}{END}{after}"


def _table(title: str, items: Iterable[Item | Form]) -> str:
    rows = "".join(f"| {item.number} | {item.asks} | {_answer(item.outcome)} |\n" for item in items)
    return f"### {title}\n\n| item | a launch with | what comes of it |\n| --- | --- | --- |\n{rows}"


def _answer(outcome: str) -> str:
    if outcome == "matched":
        return "the learner enters"
    reason = outcome.removeprefix("back: ")
    return f"back to the LMS, `{reason}`" if outcome != reason else f"a page, `{reason}`"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
