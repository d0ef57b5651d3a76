"""What the record says of a launch that got in: the user, and by what it was found."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LINK: Final = "a link"
"""In the place of a Username attribute: an administrator has linked the ID with the user."""
_WRITTEN: Final = re.compile(r"reached the OttoLearn user (\d{1,18})(?: by ([^;]{1,255}))?(?:; .*)?", re.DOTALL)


class Reached(NamedTuple):
    """Whom a launch reached."""

    user_id: int
    by: str
    """The Username attribute that held the ID, or `LINK`; empty in records of before."""


def write_reached(user_id: int, by: str, remark: str = "") -> str:
    """The detail of a launch that got in."""
    way = f" by {by.replace(';', ',')}" if by else ""
    found = f"reached the OttoLearn user {user_id}{way}"
    return "; ".join(filter(None, (found, remark)))


def read_reached(detail: str) -> Reached | None:
    """Whom the launch with this detail reached; None where it reached nobody."""
    found = _WRITTEN.fullmatch(detail)
    return Reached(int(found[1]), found[2] or "") if found else None
