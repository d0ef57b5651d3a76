"""Looking for people by what an administrator knows of them: a part of a name, an e-mail address or an ID."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bridge.contracts import FIRST_NAME, LAST_NAME, Learner
from bridge.store import learners as directory_of
from bridge.store.database import Engine
from bridge.store.text import folded

EMAIL: Final = "emailAddress"


def search(engine: Engine, text: str, username_attributes: Sequence[str]) -> Iterator[Learner]:
    """OttoLearn's users in whose name, in either order, e-mail address or Username attributes `text` stands.

    Letter case and outer blanks do not matter. For people to look at: nobody is let in by it.
    """
    wanted = folded(text)
    if not wanted:
        return
    for learners in directory_of.pages(engine):
        for learner in learners:
            there = learner.attributes
            first, last = there.get(FIRST_NAME, ""), there.get(LAST_NAME, "")
            others = (there.get(name, "") for name in dict.fromkeys((EMAIL, *username_attributes)))
            if any(wanted in folded(value) for value in (f"{first} {last}", f"{last} {first}", *others)):
                yield learner
