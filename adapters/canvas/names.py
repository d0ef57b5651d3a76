"""First and last name as Canvas itself derives them from `sortable_name`.

Canvas sends these parts in launches, NRPS and reports, but leaves them out of its list of users; the same rule here
keeps launch and roster from overwriting each other for ever. Rule: Canvas, app/models/user.rb `name_parts`.
"""

from __future__ import annotations

import re

_SUFFIX = re.compile(r"(?:[js]r|[js]nr|senior|junior|ii|iii|iv|v|vi|esq|esquire)\.?", re.IGNORECASE)


def split_sortable_name(sortable: str) -> tuple[str, str]:
    """First and last name; either may be empty. Canvas drops a suffix such as "Jr." from both."""
    surname, comma, rest = sortable.partition(",")
    if not comma:
        words = _without_suffix(sortable.split())
        return (" ".join(words[:-1]), words[-1]) if len(words) > 1 else (" ".join(words), "")
    given, _, third = rest.partition(",")
    words = given.split()
    if third or len(words) > 1:
        words = _without_suffix(words) if not third.strip() or _is_suffix(third) else words + third.split()
    return " ".join(words), " ".join(surname.split())


def _without_suffix(words: list[str]) -> list[str]:
    """A last word that looks like a suffix is dropped, but never the only one: "Sample, Vi" is Vi."""
    return words[:-1] if len(words) > 1 and _is_suffix(words[-1]) else words


def _is_suffix(text: str) -> bool:
    return _SUFFIX.fullmatch(text.strip()) is not None
