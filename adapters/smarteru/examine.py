"""What only SmarterU must be looked at for: which number its API has, and whom the API's user may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.smarteru.api import SmarterU
from adapters.smarteru.api_id import Number, Verdict, ask
from adapters.smarteru.export import Export, read_export
from adapters.smarteru.settings import Settings
from bridge.contracts import Observation, ReaderContext

_NUMBER: Final = "number in the API"
_SIGHT: Final = "whom the API's user sees"


def examine(settings: Settings, context: ReaderContext) -> Iterator[Observation]:
    """Ask for ten people of the export, and for how many there are. Raises what calls raise."""
    smarteru = SmarterU(settings.api, context)
    _, total = smarteru.list_users(1, None)
    if settings.export is None:
        detail = f"the API shows {total} people; whether these are all, only an export tells"
        advice = "make one with Users Dashboard › Export to CSV (full), and name it as `export`"
        yield Observation(_SIGHT, "look", detail, advice)
        return
    export = read_export(settings.export)
    verdict = ask(smarteru, export)
    yield _number(verdict)
    yield _sight(verdict, export, total)


def _number(verdict: Verdict) -> Observation:
    if verdict.number is Number.SCORM:
        return Observation(_NUMBER, "ok", f"API ID = SCORM Student ID: {verdict.summary()}")
    if verdict.number is Number.PROFILE:
        advice = "the export brings the student IDs: make a new one before each sync, or newcomers have none"
        return Observation(_NUMBER, "look", f"API ID = Profile ID: {verdict.summary()}", advice)
    advice = "make a new export, of the account of `api.account_key`; until then nobody is synced by this number"
    return Observation(_NUMBER, "failed", f"neither: {verdict.summary()}", advice)


def _sight(verdict: Verdict, export: Export, total: int) -> Observation:
    detail = (
        f"the API shows {total} people where {export.name} has {len(export.people)}; it finds {verdict.found} of "
        f"{verdict.asked} of them"
    )
    if verdict.found == verdict.asked and total >= len(export.people):
        return Observation(_SIGHT, "ok", detail)
    advice = "give the key of a user who may see everybody, not of a manager of some groups; or make a new export"
    return Observation(_SIGHT, "look", detail, advice)
