"""One person, as a launch brings them into the world of world.py."""

from __future__ import annotations

import time
from dataclasses import replace

from bridge.contracts import RosterMember
from bridge.sync.person import PersonResult, PersonSync
from tests.bridge.sync.world import USERNAMES, World


def bring(world: World, new: RosterMember, name: str = "campus", seconds: float = 120.0) -> PersonResult:
    context = replace(world.context(), sleep=time.sleep)
    people = PersonSync(context, USERNAMES, "api", time.monotonic)
    world.learners.refresh()
    connection = world.sync(name)._target.connection
    return people.sync_person(connection, new, time.monotonic() + seconds)
