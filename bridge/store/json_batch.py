"""Many rows as one value: the answer to a question about a thousand people, asked and fetched in one step each.

SQLite's driver lets go of the interpreter's lock at every row; with another thread at work each of them costs a
hand-over, which is thirty times what reading the row costs. A thousand parameters cost more than the answer to them.
PostgreSQL gains little and loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Executable,
    LargeBinary,
    Text,
    bindparam,
    cast,
    func,
    select,
)

Row = TypeVar("Row")
_AMONG: Final = "among"


class JsonBatchQuery(Generic[Row]):
    """A question about those rows whose column `among` holds one of many values, and for which `where` holds too.

    The answer is each row as the tuple type `row`; bytes come as hexadecimal digits. `one_by_one`: SQLite
    looks for each value by itself, where it would rather read every row for which `where` holds.
    """

    def __init__(
        self,
        row: type[Row],
        *columns: ColumnElement[Any],
        among: Column[Any],
        where: ColumnElement[bool] | None = None,
        one_by_one: bool = False,
    ) -> None:
        rest = [] if where is None else [where]
        lite = _of_each(columns, among) if one_by_one else _lite(columns).where(among.in_(_each()))
        self._statements: dict[str, Executable] = {
            "sqlite": lite.where(*rest),
            "postgresql": _post(columns).where(among == func.any(cast(bindparam(_AMONG), ARRAY(among.type))), *rest),
        }
        # Not strict: SQLite says 0 and 1 where PostgreSQL says false and true.
        self._decoder = msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]

    def fetch(
        self, connection: Connection, among: Sequence[object], values: Mapping[str, object] | None = None
    ) -> list[Row]:
        """The rows."""
        name = connection.dialect.name
        asked = msgspec.json.encode(among).decode() if name == "sqlite" else list(among)
        text: str = connection.execute(self._statements[name], {**(values or {}), _AMONG: asked}).scalar_one()
        found: list[Row] = self._decoder.decode(text)
        return found


def _lite(columns: Sequence[ColumnElement[Any]]) -> Any:
    cells = [func.hex(column) if isinstance(column.type, LargeBinary) else column for column in columns]
    return select(func.json_group_array(func.json_array(*cells)).label("rows"))


def _of_each(columns: Sequence[ColumnElement[Any]], among: Column[Any]) -> Any:
    each = _each().distinct().subquery()
    return _lite(columns).select_from(each).where(among == each.c.value)


def _post(columns: Sequence[ColumnElement[Any]]) -> Any:
    cells = [func.encode(column, "hex") if isinstance(column.type, LargeBinary) else column for column in columns]
    rows = func.coalesce(func.json_agg(func.json_build_array(*cells)), func.json_build_array())
    return select(cast(rows, Text).label("rows"))


def _each() -> Any:
    """Each value of a JSON array."""
    return select(func.json_each(bindparam(_AMONG)).table_valued("value").c.value)
