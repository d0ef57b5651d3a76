"""What only Docebo must be looked at for: whom the API's user sees, and which additional field is which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.docebo.listing import read_titles, search
from adapters.docebo.people import RIGHTS
from adapters.docebo.roster import require_api
from adapters.docebo.settings import Settings, is_additional
from adapters.docebo.signin import session
from bridge.contracts import Observation, ReaderContext, clean

SUPERADMINS: Final = ("godadmin", "superadmin", "super admin")
"""How Docebo calls the level that sees everybody; in another language it is not known."""
_SIGHT: Final = "whom the API's user sees"


def examine(settings: Settings, context: ReaderContext) -> Iterator[Observation]:
    """The level of the API's user, and the additional fields by title. Raises what calls raise."""
    api = require_api(settings)
    calls = session(api, context)
    if api.username:
        own = next((one for one in search(api, calls, api.username) if one.get("username") == api.username), None)
        yield _sight(None if own is None else clean(own.get("level")))
    else:
        advice = "compare the number of people on the roster with Docebo's own, and fill roster.must_include"
        detail = "with client_credentials the app decides, as whom it asks"
        yield Observation(_SIGHT, "look", detail, advice)
    titles = read_titles(api, calls)
    fields = "; ".join(f"{name}: {title}" for name, title in sorted(titles.items())) or "none"
    yield Observation("additional fields", "ok", fields)
    asked = {settings.student_id, *settings.roster.fields}
    for name in sorted(name for name in asked if is_additional(name) and name not in titles):
        yield Observation(
            f"field {name}", "failed", "Docebo has no additional field of this number", f"one of: {fields}"
        )


def _sight(level: str | None) -> Observation:
    if level is None:
        return Observation(_SIGHT, "look", "it does not see itself: it is no Superadmin", RIGHTS)
    if level.lower().rpartition("/")[2] in SUPERADMINS:
        return Observation(_SIGHT, "ok", f"its level is {level}, which sees everybody")
    return Observation(_SIGHT, "look", f"its level is {level or 'not said'}", RIGHTS)
