"""What a schema misses in a package: files that are not there, references that dangle, other hosts, values that LMSs
trip over. For packages of ours and of anybody.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

MAX_UNPACKED = 16 * 1024 * 1024
LARGE = 256 * 1024
"""Bytes of a zip: a package that only launches needs no more, with texts in every language and a logo."""
_UNWELCOME = re.compile(r"\.(htaccess|php|py|jsp|asp|aspx|pl|rb|exe|cgi)$", re.IGNORECASE)  # Docebo refuses such zips
_ADDRESS = re.compile(r"https?://[^/\s\"'<>);,]+")
_NAMESPACES = ("http://www.imsproject.org", "http://www.imsglobal.org", "http://www.adlnet.org", "http://www.w3.org")


def check_package(archive: bytes) -> list[str]:
    """Every problem in a sentence; an empty list where there is none."""
    try:
        files = _unpack(archive)
    except ValueError as error:
        return [str(error)]
    return [*_check_files(archive, files), *_check_description(files), *_check_hosts(files)]


def _unpack(archive: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
            members = [member for member in zipped.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > MAX_UNPACKED:
                raise ValueError(f"the package unpacks to more than {MAX_UNPACKED} bytes")
            return {member.filename: zipped.read(member) for member in members}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError("the file is not a zip that can be read") from error


def _check_files(archive: bytes, files: Mapping[str, bytes]) -> Iterator[str]:
    if len(archive) > LARGE:
        yield f"the zip has {len(archive)} bytes; one that only launches needs no more than {LARGE}"
    for name in files:
        if _UNWELCOME.search(name):
            yield f"{name}: LMSs refuse packages with programs for a server"
        if name.startswith("/") or ".." in name.split("/") or "\\" in name:
            yield f"{name}: the path leads out of the package"


def _check_description(files: Mapping[str, bytes]) -> Iterator[str]:
    courses = [name for name in files if name.lower().endswith(".crs")]
    if "imsmanifest.xml" in files:
        yield from _check_manifest(files)
    elif "cmi5.xml" in files:
        yield from _check_cmi5(files["cmi5.xml"])
    elif courses:
        yield from _check_aicc(files, courses[0][: -len(".crs")])
    else:
        yield "at its root the package has no imsmanifest.xml, no cmi5.xml and no .crs: no LMS can tell what it is"


def _parse(name: str, content: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"{name} is not XML: {error.msg}") from error


def _check_manifest(files: Mapping[str, bytes]) -> Iterator[str]:
    try:
        root = _parse("imsmanifest.xml", files["imsmanifest.xml"])
    except ValueError as error:
        yield str(error)
        return
    ids = root.xpath("//@identifier")
    yield from (f"identifier {one!r} is given twice" for one in sorted({i for i in ids if ids.count(i) > 1}))
    for reference in root.xpath("//@identifierref | //*[local-name()='organizations']/@default"):
        if reference not in ids:
            yield f"the reference {str(reference)!r} leads to no identifier"
    yield from _check_hrefs(root, files)
    version = root.xpath("string(//*[local-name()='schemaversion'])")
    spelled = root.xpath("//@*[local-name()='scormtype' or local-name()='scormType']")
    wanted = "scormtype" if version == "1.2" else "scormType"
    if not version:
        yield "schemaversion is missing: LMSs guess the SCORM version then"
    if not any(mark.attrname.endswith(wanted) for mark in spelled):
        yield f"no resource has adlcp:{wanted}: for SCORM {version or '?'} that is the spelling"


def _check_hrefs(root: Any, files: Mapping[str, bytes]) -> Iterator[str]:
    named = {str(href).partition("?")[0] for href in root.xpath("//*[local-name()='file']/@href")}
    for href in root.xpath("//*[local-name()='resource']/@href"):
        if str(href).partition("?")[0] not in files:
            yield f"a resource launches {str(href)!r}, which the package does not hold"
    yield from (
        f"the manifest names {name!r}, which the package does not hold" for name in sorted(named - files.keys())
    )
    unnamed = files.keys() - named - {"imsmanifest.xml"}
    yield from (f"the manifest does not name {name!r}" for name in sorted(unnamed) if not name.endswith(".xsd"))


def _check_cmi5(content: bytes) -> Iterator[str]:
    try:
        root = _parse("cmi5.xml", content)
    except ValueError as error:
        yield str(error)
        return
    units = root.xpath("//*[local-name()='au']")
    if not units:
        yield "cmi5.xml has no assignable unit"
    ids = root.xpath("//@id")
    yield from (f"id {str(one)!r} is given twice" for one in sorted({i for i in ids if ids.count(i) > 1}))
    for unit in units:
        url = unit.xpath("string(*[local-name()='url'])").strip()
        if not url.startswith("https://") and not url.startswith("http://"):
            yield f"the unit's url {url!r} is no web address"
        if {"endpoint", "fetch", "actor", "registration", "activityId"} & set(re.findall(r"[?&](\w+)=", url)):
            yield "the unit's url already has a parameter that the LMS adds (cmi5 8.1)"


def _check_aicc(files: Mapping[str, bytes], stem: str) -> Iterator[str]:
    for ending in ("au", "des", "cst"):
        name = f"{stem}.{ending}"
        if name not in files:
            yield f"{name} is missing"
        elif b"\n" in files[name].replace(b"\r\n", b""):
            yield f"{name}: lines must end with CR LF; Moodle reads nothing else"
    units = _ids(files.get(f"{stem}.au", b""))
    for ending in ("des", "cst"):
        unknown = _ids(files.get(f"{stem}.{ending}", b""), last=ending == "cst") - units
        yield from (f"{stem}.{ending} names {one!r}, which is no unit of {stem}.au" for one in sorted(unknown))


def _ids(table: bytes, *, last: bool = False) -> set[str]:
    rows = list(csv.reader(io.StringIO(table.decode("utf-8", "replace"))))
    return {row[-1 if last else 0] for row in rows[1:] if row}


def _check_hosts(files: Mapping[str, bytes]) -> Iterator[str]:
    """One host beside the namespaces: the bridge's."""
    found: set[str] = set()
    for name, content in files.items():
        if not name.endswith(".xsd"):
            found |= set(_ADDRESS.findall(content.decode("utf-8", "replace")))
    hosts = {address for address in found if not address.startswith((*_NAMESPACES, "https://w3id.org"))}
    if len(hosts) > 1:
        yield f"the package names more than one host: {', '.join(sorted(hosts))}"
