"""The parts of an XLSX package around a sheet: which member it is, and how its numbers are shown (ECMA-376 part 1)."""

from __future__ import annotations

import datetime as dt
import posixpath
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from lxml import etree

from bridge.errors import RosterIncomplete
from bridge.files.archive import Archive

MAX_PART = 16 * 1024 * 1024
FAST_STRINGS = 64 * 1024 * 1024
FAST_SHEET = 256 * 1024 * 1024
SHARED_STRINGS = "xl/sharedStrings.xml"

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STYLES = "xl/styles.xml"
_DATE_IDS = {*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)}
_DURATION_ID = 46
_SCIENTIFIC_IDS = {11, 48}
_PERCENT_IDS = {9, 10}
_DURATION = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_LITERALS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')

_EPOCHS = {False: dt.date(1899, 12, 30), True: dt.date(1904, 1, 1)}
"""From when on a workbook counts days, by its `date1904` (18.2.28)."""

Kind = Literal["number", "date", "scientific", "percent", "special", "padded"]


class Format(NamedTuple):
    """How a number is shown."""

    kind: Kind
    width: int = 0
    """`padded`: to how many digits it is filled up with zeros."""


class Package(NamedTuple):
    """One sheet of a workbook."""

    sheet: str
    member: str
    formats: tuple[Format, ...]
    """By the style index of a cell."""
    plain: bool
    """Whether a reader that sees neither number formats nor the size of things can be trusted with it."""
    epoch: dt.date
    """From when on its dates count days."""
    hidden: tuple[str, ...] = ()
    """The names of the sheets that nobody sees."""


def read_package(archive: Archive, sheet: str) -> Package:
    """Find the sheet of that name, or the first that people see. Raises RosterIncomplete where there is none."""
    if not archive.members >= {_WORKBOOK, _RELATIONS}:
        raise RosterIncomplete(f"{archive.name}: a zip that is no Excel workbook; allowed: an .xlsx file, or CSV")
    book = _part(archive, _WORKBOOK)
    sheets = _sheets(archive, book)
    unseen = {entry.get("name", "") for entry in _entries(book) if entry.get("state", "visible") != "visible"}
    hidden = tuple(name for name in sheets if name in unseen)
    name = sheet or next((name for name in sheets if name not in hidden), "")
    if name not in sheets:
        what = f"no sheet {sheet!r}" if sheet else "no sheet that is not hidden"
        raise RosterIncomplete(f"{archive.name}: {what}; allowed: {', '.join(map(repr, sheets)) or 'none'}")
    member = sheets[name]
    formats = _formats(archive) if _STYLES in archive.members else ()
    small = archive.size(SHARED_STRINGS) <= FAST_STRINGS and archive.size(member) <= FAST_SHEET
    # The fast reader finds a part in any letter case, and then one of which the size was not looked at.
    twins = [name for name in archive.members if name.casefold() == SHARED_STRINGS.casefold()]
    plain = small and twins in ([], [SHARED_STRINGS]) and all(form.kind in {"number", "date"} for form in formats)
    from_1904 = any(found.get("date1904") in {"1", "true"} for found in book.iterfind("{*}workbookPr"))
    return Package(
        name, member, formats, plain, _EPOCHS[from_1904], tuple(other for other in hidden if other in sheets)
    )


def _sheets(archive: Archive, book: etree._Element) -> dict[str, str]:
    """Name -> member of every worksheet, in the order of the tabs."""
    targets: dict[str, str] = {}
    for relation in _part(archive, _RELATIONS).iterfind("{*}Relationship"):
        identifier = relation.get("Id", "")
        if identifier in targets:
            raise damaged(archive.name, "two relations of one id")
        kind, target = relation.get("Type", ""), relation.get("Target", "")
        targets[identifier] = (
            posixpath.normpath(posixpath.join("/xl", target))[1:] if kind.endswith("/worksheet") else ""
        )
    found: dict[str, str] = {}
    for entry in _entries(book):
        name = entry.get("name", "")
        if name in found:
            raise RosterIncomplete(f"{archive.name}: two sheets of one name; allowed: every name once")
        member = targets.get(_relation_id(entry), "")
        found |= {name: member} if member else {}
    return found


def _entries(book: etree._Element) -> Iterator[etree._Element]:
    return book.iterfind("{*}sheets/{*}sheet")


def _relation_id(entry: etree._Element) -> str:
    """`r:id`, whichever of its two namespaces the workbook uses."""
    return next((str(value) for key, value in entry.attrib.items() if str(key).endswith("}id")), "")


def _formats(archive: Archive) -> tuple[Format, ...]:
    root = _part(archive, _STYLES)
    codes = {form.get("numFmtId", ""): form.get("formatCode", "") for form in root.iterfind("{*}numFmts/{*}numFmt")}
    return tuple(_format(style.get("numFmtId", "0"), codes) for style in root.iterfind("{*}cellXfs/{*}xf"))


def _format(identifier: str, codes: dict[str, str]) -> Format:
    if identifier in codes:
        return format_of(codes[identifier])
    number = int(identifier) if identifier.isascii() and identifier.isdigit() else 0
    kinds: tuple[tuple[Kind, set[int]], ...] = (
        ("scientific", _SCIENTIFIC_IDS),
        ("percent", _PERCENT_IDS),
        ("special", {_DURATION_ID}),
        ("date", _DATE_IDS),
    )
    return Format(next((kind for kind, ids in kinds if number in ids), "number"))


def format_of(code: str) -> Format:
    """What a custom number format does to an ID: `00000` fills it up, `yyyy` makes a date of it."""
    if re.fullmatch("0{2,}", code):
        return Format("padded", len(code))
    if _DURATION.search(code):
        return Format("special")  # calamine fails on long ones
    bare = _LITERALS.sub("", code).replace("General", "")
    if re.search("[dmyhs]", bare, re.IGNORECASE):
        return Format("date")
    kinds: tuple[tuple[Kind, str], ...] = (("scientific", "E[+-]"), ("percent", "%"), ("special", "^0{2,}"))
    return Format(next((kind for kind, mark in kinds if re.search(mark, bare, re.IGNORECASE)), "number"))


def _part(archive: Archive, member: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(archive.read(member, MAX_PART), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise damaged(archive.name) from error
    refuse_doctype(root, archive.name)
    return root


def refuse_doctype(root: etree._Element, name: str) -> None:
    """No workbook has a document type; one that does is made to expand or to fetch something."""
    if root.getroottree().docinfo.internalDTD is not None:
        raise damaged(name, "it holds a document type declaration, as no Excel file does")


def damaged(name: str, what: str = "") -> RosterIncomplete:
    """The error for a workbook in which `what` is wrong."""
    found = f"{what}; the workbook is damaged" if what else "the workbook is damaged"
    return RosterIncomplete(f"{name}: {found}; allowed: one saved by the spreadsheet program; save it there again")


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace: the strict and the usual kind of workbook differ in nothing else."""
    return str(element.tag).rpartition("}")[2]


def texts_of(parent: etree._Element) -> Iterator[str]:
    """The text of a rich or plain string (`si`, `is`), without the phonetic reading beside it."""
    for child in parent:
        tag = local_name(child)
        if tag == "t":
            yield child.text or ""
        elif tag == "r":
            yield from texts_of(child)
