"""Searching the directory page by page, in bounded time: by a name, an e-mail address, an ID, or any attribute.

What is known whole is found by an index at once. A part of something is looked for record by record, for as long as a
page may take; the next page goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, NamedTuple

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner
from bridge.identifiers import loose_key
from bridge.store import identity_lookup, learners
from bridge.store.database import Engine
from bridge.store.learner_windows import window
from bridge.store.search_keys import name_key, name_words, value_key
from bridge.store.text import folded

ROWS: Final = 20_000
"""Records looked through at once."""
UNFILTERED: Final = 4_000
"""The same where the database cannot leave out any."""
MOST: Final = 1_000
"""Records that are read of those: a text may stand in everybody's."""
SECONDS: Final = 0.05
"""After so long no further ones are begun."""
SHORTEST: Final = 2
"""Characters of a text that is looked for."""
LONGEST: Final = 200
START: Final = -2
"""In front of whom the whole text names; everybody else comes after that."""
_PIECES: Final = re.compile(r"[a-z0-9@.+%_-]+")
_SHARP_S: Final = "ss"
"""How ß is compared; the database, which knows ASCII alone, must not be asked for it."""


class Results(NamedTuple):
    """One page of a search."""

    learners: Sequence[Learner]
    after: int | None
    """Where to go on; None where everybody was looked at."""


class Wanted(NamedTuple):
    """What is looked for."""

    text: str
    attribute: str = ""
    """The one attribute, in any letter case; empty for all, and for names in either order."""


def read_wanted(typed: str) -> Wanted | None:
    """What somebody means who has typed this: a text, or `attribute: text`; None for less than two characters."""
    text = folded(typed[:LONGEST])
    name, colon, value = text.partition(":")
    if colon and value.strip() and name.strip() and " " not in name.strip():
        return Wanted(value.strip(), name.strip())
    return Wanted(text) if len(text) >= SHORTEST else None


def search_page(
    engine: Engine,
    wanted: Wanted,
    size: int,
    *,
    clock: Callable[[], float],
    after: int = START,
    seconds: float = SECONDS,
) -> Results:
    """At most `size` users after this one; on the first page first those whom the whole text names."""
    named = {} if wanted.attribute else _first(_named(engine, wanted.text, size), size)
    found = [*named.values()] if after == START else []
    after = max(after, START + 1)
    ends, fragment = clock() + seconds, fragment_of(wanted.text)
    while True:
        seen = window(engine, after, ROWS if fragment else UNFILTERED, fragment, MOST)
        if seen.last is None:
            return Results(found, None)
        for learner in seen.learners:
            if learner.user_id not in named and is_meant(wanted, learner):
                if len(found) == size:
                    return Results(found, after)
                found.append(learner)
                after = learner.user_id
        after = seen.last
        if clock() >= ends or len(found) == size:
            return Results(found, after)


def is_meant(wanted: Wanted, learner: Learner) -> bool:
    """Whether the text stands in what it is looked for in."""
    there = learner.attributes
    if wanted.attribute:
        return any(wanted.text in folded(value) for name, value in there.items() if name.casefold() == wanted.attribute)
    first, last = there.get(FIRST_NAME, ""), there.get(LAST_NAME, "")
    values = chain((f"{first} {last}", f"{last} {first}"), there.values())
    return any(wanted.text in folded(value) for value in values)


def _first(found: Iterator[Learner], size: int) -> dict[int, Learner]:
    return dict(islice({learner.user_id: learner for learner in found}.items(), size))


def _named(engine: Engine, text: str, most: int) -> Iterator[Learner]:
    """Whom the whole text names: by an ID, an address, a number, or a name in either order."""
    for candidate in identity_lookup.candidates(engine, loose_key(text)):
        yield candidate.learner
    if text.isascii() and text.isdigit() and len(text) < 18 and (one := learners.learner(engine, int(text))):
        yield one
    for learner in learners.by_search_key(engine, value_key(text), most):
        if any(loose_key(value) == loose_key(text) for value in learner.attributes.values()):
            yield learner
    words = name_words(text, "")
    for learner in learners.by_search_key(engine, name_key(text, ""), most):
        if name_words(learner.attributes.get(FIRST_NAME, ""), learner.attributes.get(LAST_NAME, "")) == words:
            yield learner


def fragment_of(text: str) -> str:
    """The longest piece of the text that the database can look for by itself."""
    pieces = (piece for part in text.split(_SHARP_S) for piece in _PIECES.findall(part))
    return max(pieces, key=len, default="")
