"""How fast, and in how much memory, the spreadsheet adapter reads; against openpyxl's read-only mode in the same run.

    python benchmarks/spreadsheet.py                                   # the sizes of the promise; a quarter of an hour
    python benchmarks/spreadsheet.py --csv 20000 --xlsx 5000 --long 210000 --rounds 1
    python benchmarks/spreadsheet.py --only read

Every reading and every plan runs in a process of its own, which reports its peak memory and its seconds: of CPU time
for a reading, by the clock for a plan. Rounds are interleaved and the best counts. Exits 1 where a promise is not
kept. `openpyxl` is a dependency of the tests only.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import openpyxl  # noqa: E402

from adapters.spreadsheet.reader import open_sheet  # noqa: E402
from adapters.spreadsheet.settings import Settings  # noqa: E402
from adapters.spreadsheet.table import open_table  # noqa: E402
from adapters.spreadsheet.xlsxfile import write_xlsx  # noqa: E402
from benchmarks.spreadsheet_plan import ottolearn, peak_megabytes, planned  # noqa: E402

MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER = ["Student ID", "First name", "Last name", "Email", "Department", "City"]


class Promise(NamedTuple):
    """What a reading may cost."""

    megabytes: float = float("inf")
    times_openpyxl: float = 0.0


def people(count: int) -> Iterator[list[str]]:
    """A header and `count` rows, every ID and address different, zeros in front."""
    yield HEADER
    for number in range(count):
        yield [
            f"{number:08}",
            f"Zoë {number % 977}",
            f"O’Sample-{number % 4099}",
            f"person.{number}@example.edu",
            f"Department {number % 40}",
            "Köln",
        ]


def members(path: Path) -> int:
    """Read as a roster sync does."""
    with open_sheet(Settings(file=path, mode="roster")) as sheet:
        return sum(1 for _ in sheet.members)


def rows(path: Path) -> int:
    """Read the cells only, as openpyxl does."""
    with open_table(path) as table:
        return sum(1 for _ in table.rows) - 1


def rows_openpyxl(path: Path) -> int:
    """The peer."""
    book = openpyxl.load_workbook(path, read_only=True)
    count = sum(1 for _ in book.active.iter_rows(values_only=True)) - 1
    book.close()
    return count


READERS: dict[str, Callable[[Path], int]] = {"members": members, "rows": rows, "openpyxl": rows_openpyxl}


def read_here(reader: str, path: Path) -> None:
    """What the child process does."""
    began = time.process_time()  # reading waits for nothing, so that other work on the machine need not count
    count = READERS[reader](path)
    seconds = time.process_time() - began
    print(json.dumps({"count": count, "seconds": seconds, "megabytes": peak_megabytes()}))


def measured(reader: str, path: Path, expected: int) -> tuple[float, float]:
    """Seconds of CPU time, and megabytes, of one reading in a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, "--read", reader, str(path)], check=True, capture_output=True, text=True
    )
    said = json.loads(done.stdout)
    assert said["count"] == expected, said
    return said["seconds"], said["megabytes"]


def best(readers: list[str], path: Path, count: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Each reader's best time and worst memory, rounds interleaved."""
    runs = [{reader: measured(reader, path, count) for reader in readers} for _ in range(rounds)]
    return {reader: (min(run[reader][0] for run in runs), max(run[reader][1] for run in runs)) for reader in readers}


def line(what: str, count: int, seconds: float, megabytes: float, ratio: float, promise: Promise) -> bool:
    """One line of the table; whether its promise is kept."""
    kept = megabytes <= promise.megabytes and ratio >= promise.times_openpyxl
    limits = [f"< {promise.megabytes:.0f} MB"] if promise.megabytes != float("inf") else []
    limits += [f">= {promise.times_openpyxl:.0f}x openpyxl"] if promise.times_openpyxl else []
    shown = f"{ratio:5.1f}x" if ratio else "     -"
    word = ("kept" if kept else "BROKEN") if limits else ""
    print(
        f"{what:<34}{count:>10,}{seconds:>9.2f}{count / seconds:>12,.0f}{megabytes:>8.0f}  {shown}  "
        f"{', '.join(limits):<18} {word}"
    )
    return kept


def read_all(folder: Path, options: argparse.Namespace) -> bool:
    """Make the files and read them; whether every promise is kept."""
    seconds, megabytes = best(["members"], written_csv(folder, options.csv), options.csv, options.rounds)["members"]
    kept = line("CSV, as a roster", options.csv, seconds, megabytes, 0, Promise(150))
    path = folder / "people.xlsx"
    write_shared(path, options.xlsx)
    found = best(["rows", "openpyxl", "members"], path, options.xlsx, options.rounds)
    peer = found["openpyxl"][0]
    kept &= line("XLSX, cells", options.xlsx, *found["rows"], peer / found["rows"][0], Promise(times_openpyxl=8))
    line("XLSX, openpyxl read-only, cells", options.xlsx, *found["openpyxl"], 1.0, Promise())
    line("XLSX, as a roster", options.xlsx, *found["members"], peer / found["members"][0], Promise())
    for what, text in (("inline strings", False), ("shared strings", True)):
        path = folder / f"long-{text}.xlsx"
        if text:
            write_shared(path, options.long)
        else:
            write_xlsx(path, "People", people(options.long))
        seconds, megabytes = best(["members"], path, options.long, 1)["members"]
        kept &= line(f"XLSX streamed, {what}", options.long, seconds, megabytes, 0, Promise(250))
    return kept


def plan_all(folder: Path, options: argparse.Namespace) -> bool:
    """Plan the sync of the CSV file, with as many people in OttoLearn; whether it stays small."""
    path, kept = written_csv(folder, options.csv), True
    with ottolearn(folder, islice(people(options.csv), 1, None)) as url:
        for mode in ("link", "roster"):
            seconds, megabytes = planned(folder, url, path, mode, options.csv)
            kept &= line(f"CSV, planned, mode {mode}", options.csv, seconds, megabytes, 0, Promise(150))
    return kept


def written_csv(folder: Path, count: int) -> Path:
    path = folder / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(people(count))
    return path


def small_parts() -> dict[str, bytes]:
    """What stands in a workbook beside its sheet and its texts, with the texts announced."""
    with TemporaryDirectory() as folder:
        write_xlsx(path := Path(folder) / "small.xlsx", "People", [["text"]])
        with ZipFile(path) as parts:
            found = {name: parts.read(name) for name in parts.namelist() if "sheet1" not in name}
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    found["[Content_Types].xml"] = found["[Content_Types].xml"].replace(b"</Types>", override)
    return found


def write_shared(path: Path, count: int) -> None:
    """A workbook as Excel writes it: its texts in sharedStrings.xml, each once."""
    indexes: dict[str, int] = {}
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as packed:
        with TemporaryFile() as waiting:
            waiting.write(b'<worksheet xmlns="%s"><sheetData>' % MAIN)
            for number, row in enumerate(people(count), start=1):
                found = [indexes.setdefault(text, len(indexes)) for text in row]
                cells = "".join(f'<c r="{chr(65 + at)}{number}" t="s"><v>{i}</v></c>' for at, i in enumerate(found))
                waiting.write(f'<row r="{number}">{cells}</row>'.encode())
            waiting.write(b"</sheetData></worksheet>")
            waiting.seek(0)
            with packed.open("xl/worksheets/sheet1.xml", "w") as file:
                shutil.copyfileobj(waiting, file)
        with packed.open("xl/sharedStrings.xml", "w") as file:
            file.write(b'<sst xmlns="%s">' % MAIN)
            for text in indexes:
                file.write(f"<si><t>{text}</t></si>".encode())
            file.write(b"</sst>")
        for name, content in small_parts().items():
            packed.writestr(name, content)


def main() -> int:
    """Run as a script."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--csv", type=int, default=1_000_000, help="rows of the CSV file")
    options.add_argument("--xlsx", type=int, default=199_999, help="rows of the workbook that calamine reads")
    options.add_argument("--long", type=int, default=1_048_575, help="rows of the workbook that is streamed")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", choices=["read", "plan"])
    options.add_argument("--read", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.read:
        read_here(chosen.read[0], Path(chosen.read[1]))
        return 0
    print(f"{'':<34}{'rows':>10}{'seconds':>9}{'rows/s':>12}{'MB':>8}  {'ratio':>6}  promise")
    parts = {"read": read_all, "plan": plan_all}
    with TemporaryDirectory() as folder:
        kept = [part(Path(folder), chosen) for name, part in parts.items() if chosen.only in {None, name}]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
