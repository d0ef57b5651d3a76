"""The files that syncs have left in their folder (reports, plans, corrected copies), and whom they name."""

from __future__ import annotations

import html
import json
import mmap
import re
from pathlib import Path
from typing import Final

from bridge.identifiers import normalize

_SUFFIXES: Final = {".html", ".json", ".jsonl", ".csv", ".xlsx"}


def files_naming(folder: Path, student_id: str, connection: str | None = None) -> list[Path]:
    """The files of `folder` that name the ID, of one connection or of all, in whatever way they write it."""
    if not folder.is_dir():
        return []
    forms = b"|".join(re.escape(form) for form in _written(student_id))
    named = re.compile(b"(?<![0-9A-Za-z])(?:%b)(?![0-9A-Za-z])" % forms)
    return [file for file in sorted(folder.iterdir()) if _is_ours(file, connection) and _holds(file, named)]


def erase_files(files: list[Path]) -> None:
    """Delete the files; what they say of other people is also in the database. Raises OSError."""
    for file in files:
        file.unlink(missing_ok=True)


def _written(student_id: str) -> set[bytes]:
    text = normalize(student_id)
    forms = {text, html.escape(text), html.escape(text, quote=False), text.replace('"', '""')}
    forms |= {json.dumps(text, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}  # noqa: A001
    return {form.encode() for form in forms}


def _is_ours(file: Path, connection: str | None) -> bool:
    mine = connection is None or re.match(rf"{re.escape(connection)}-[0-9]", file.name) is not None
    return mine and file.suffix in _SUFFIXES and file.is_file()


def _holds(file: Path, named: re.Pattern[bytes]) -> bool:
    if file.stat().st_size == 0:
        return False
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return named.search(content) is not None
