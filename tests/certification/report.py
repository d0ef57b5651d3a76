"""docs/lti.md's table of certification items. Write it anew: `python -m tests.certification.report`."""

from __future__ import annotations

from collections.abc import Iterable

from tests.certification.items import CORE, SERVICES, TOOL_11, Form, Item
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "lti.md"
BEGIN, END = "<!-- items: begin -->\n", "<!-- items: end -->"


def page() -> str:
    """The page with its tables made anew."""
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    tables = (_table("LTI 1.3", CORE), _table("LTI 1.1", TOOL_11), _services())
    return f"{before}{BEGIN}{chr(10).join(tables)}{END}{after}"


def _services() -> str:
    rows = "".join(f"| {held.number} | {held.asks} | `{held.test.split('::')[1]}` |\n" for held in SERVICES)
    head = "### Deep linking (1D), names and roles (1E)\n\n| item | what is asked | held by |\n| --- | --- | --- |\n"
    return head + rows


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
