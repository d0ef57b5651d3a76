"""What a sandbox was asked, and something that is to happen at a certain call: by the call, and by no watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable


class Noticing(Counter[str]):
    """To be put in the place of `Faults.asked`; `then` is called before that call is answered."""

    def __init__(self, call: str, times: int, then: Callable[[], object]) -> None:
        """`times`: the how-manieth one of all these calls it is."""
        super().__init__()
        self._at = (call, times)
        self._then = then

    def __setitem__(self, call: str, count: int) -> None:
        super().__setitem__(call, count)
        if (call, count) == self._at:
            self._then()
