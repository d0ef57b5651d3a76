"""Many rows as one value: the answer to a question about a thousand people, fetched in one step.

SQLite's driver lets go of the interpreter's lock at every row; with another thread at work each of them costs a
hand-over, which is thirty times what reading the row costs. PostgreSQL gains nothing and loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, LargeBinary, Text, cast, func, select

Row = TypeVar("Row")


class Gathering(Generic[Row]):
    """A question whose answer is the rows for which `where` holds, each as the tuple type `row`.

    Bytes come as hexadecimal digits.
    """

    def __init__(self, row: type[Row], *columns: ColumnElement[Any], where: ColumnElement[bool]) -> None:
        lite = [func.hex(column) if isinstance(column.type, LargeBinary) else column for column in columns]
        post = [func.encode(column, "hex") if isinstance(column.type, LargeBinary) else column for column in columns]
        rows = func.coalesce(func.json_agg(func.json_build_array(*post)), func.json_build_array())
        self._statements = {
            "sqlite": select(func.json_group_array(func.json_array(*lite)).label("rows")).where(where),
            "postgresql": select(cast(rows, Text).label("rows")).where(where),
        }
        # Not strict: SQLite says 0 and 1 where PostgreSQL says false and true.
        self._decoder = msgspec.json.Decoder(list[row], strict=False)  # type: ignore[valid-type]

    def fetch(self, connection: Connection, values: Mapping[str, object]) -> list[Row]:
        """The rows."""
        text: str = connection.execute(self._statements[connection.dialect.name], values).scalar_one()
        found: list[Row] = self._decoder.decode(text)
        return found
