"""The adapters there are, each imported when it is first asked for: a command needs one or two of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any, overload

from bridge.contracts import Adapter


class Adapters(Sequence[Adapter[Any]]):
    """Adapters in their order, by the name that a configuration gives each."""

    def __init__(self, package: str, names: Sequence[str]) -> None:
        """`names`: each is that of an adapter and, with `_` for `-`, that of its folder in `package`."""
        self._package = package
        self.names = tuple(names)

    def named(self, name: str) -> Adapter[Any] | None:
        """The adapter that a configuration calls `name`, or None where there is none."""
        if name not in self.names:
            return None
        found: Adapter[Any] = importlib.import_module(f"{self._package}.{name.replace('-', '_')}").ADAPTER
        return found

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Adapter[Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Adapter[Any]]: ...

    def __getitem__(self, index: int | slice) -> Adapter[Any] | Sequence[Adapter[Any]]:
        if isinstance(index, slice):
            return tuple(self)[index]
        found = self.named(self.names[index])
        assert found is not None  # noqa: S101 -- it is one of the names
        return found

    def __iter__(self) -> Iterator[Adapter[Any]]:
        return (self[index] for index in range(len(self)))


NO_ADAPTERS = Adapters("adapters", ())
