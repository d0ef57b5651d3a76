"""What only Blackboard must be looked at for: the day's calls, and what a roster takes of them."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.blackboard.api import Blackboard
from adapters.blackboard.look_up import KINDS
from adapters.blackboard.roster import require_api
from adapters.blackboard.settings import Settings
from bridge.contracts import Observation, ReaderContext


def examine(settings: Settings, context: ReaderContext) -> Iterator[Observation]:
    """How many calls were made today and are left. Raises what calls raise."""
    api = require_api(settings)
    blackboard = Blackboard(api, context)
    blackboard.get("/users?limit=1&fields=id")
    left = f"; Blackboard says {blackboard.left} are left to the developer group" if blackboard.left else ""
    yield Observation("calls of the day", "ok", f"{blackboard.usage()}{left}")
    most = (api.calls_per_day - api.look_ups_per_day) * api.page_size
    yield Observation("calls for a roster", "ok", f"a day's calls read a roster of {most:,} people once")
    if settings.student_id not in KINDS:
        yield Observation(
            "look up at launch",
            "look",
            f"Blackboard finds nobody by {settings.student_id}",
            "newcomers come with the next sync",
        )
