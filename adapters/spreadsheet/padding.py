"""Zeros in front that some IDs of a column have and others lack: told once, since a program may have taken them."""

from __future__ import annotations


class Padding:
    """The IDs of one column that are all digits, by whether they are filled up with zeros."""

    def __init__(self) -> None:
        self._width = 0
        self._padded = 0
        self._filled_at = 0
        self._bare: dict[int, tuple[int, int]] = {}

    def note(self, student_id: str, row: int) -> None:
        """Take in the ID of a row."""
        if not (student_id.isdigit() and student_id.isascii()):
            return
        length = len(student_id)
        if student_id[0] == "0" and length > 1:
            self._padded += 1
            if length > self._width:
                self._width, self._filled_at = length, row
        else:
            count, first = self._bare.get(length, (0, row))
            self._bare[length] = (count + 1, first)

    def remark(self, column: str) -> str:
        """What is to be said of the column, whose letters are given, in one sentence; empty where nothing is."""
        short = [found for length, found in self._bare.items() if length < self._width]
        if not short:
            return ""
        count, first = sum(count for count, _ in short), min(row for _, row in short)
        return (
            f"column {column}: {self._padded:,} IDs have zeros in front, to {self._width} digits "
            f"({column}{self._filled_at}), and {count:,} are shorter without any ({column}{first}); "
            "if a program took zeros away, those match nobody: nothing is filled up"
        )
