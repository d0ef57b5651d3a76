"""XLSX files made by hand, so that a test can put anything into them."""

from __future__ import annotations

import zipfile
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/>'
    '<sheet name="Other" sheetId="2" r:id="rId2"/></sheets></workbook>'
)
RELATIONS = (
    f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{OFFICE}/worksheet" Target="worksheets/sheet2.xml"/></Relationships>'
)
ROOT_RELATIONS = (
    f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
EMPTY = "<sheetData/>"
# Cell styles: 0 General · 1 date · 2 `00000` · 3 scientific · 4 `"N"00`
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="00000"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="166" formatCode="000\\-000"/></numFmts>'
    '<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="165"/><xf numFmtId="164"/><xf numFmtId="11"/>'
    '<xf numFmtId="166"/></cellXfs></styleSheet>'
)
DATE_STYLES = (
    f'<styleSheet xmlns="{MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
)


def text(reference: str, value: str) -> str:
    """A cell of text."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>'


def sheet(*rows: str) -> str:
    """The sheet's data, a row a string of cells."""
    return "<sheetData>" + "".join(f'<row r="{at}">{cells}</row>' for at, cells in enumerate(rows, 1)) + "</sheetData>"


def make(path: Path, data: str, *, whole: bytes = b"", **parts: str) -> Path:
    """Write a workbook whose first sheet holds `data`, or is `whole`; `parts` replace or add members."""
    members = {
        "_rels/.rels": ROOT_RELATIONS,
        "xl/workbook.xml": parts.get("workbook", WORKBOOK),
        "xl/_rels/workbook.xml.rels": parts.get("relations", RELATIONS),
        "xl/worksheets/sheet1.xml": parts.get("head", "") + f'<worksheet xmlns="{MAIN}">{data}</worksheet>',
        "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{MAIN}">{EMPTY}</worksheet>',
    }
    if "styles" in parts:
        members["xl/styles.xml"] = parts["styles"]
    if "shared" in parts:
        members["xl/sharedStrings.xml"] = parts["shared"]
    if "strings" in parts:
        members["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{parts["strings"]}</sst>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, whole if whole and name.endswith("sheet1.xml") else content)
    return path
