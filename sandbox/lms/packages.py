"""An uploaded SCORM package, unpacked in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

MANIFEST = "imsmanifest.xml"
MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Package:
    """The files of a package by their names, and the one a launch opens."""

    files: Mapping[str, bytes]
    entry: str
    title: str


def read_package(archive: bytes) -> Package:
    """Unpack a zip and find its first launchable resource.

    Raises ValueError where it is no SCORM package, or larger than 16 MiB unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
            if sum(member.file_size for member in zipped.infolist()) > MAX_BYTES:
                raise ValueError(f"the package holds more than {MAX_BYTES} bytes")
            files = {member.filename: zipped.read(member) for member in zipped.infolist() if not member.is_dir()}
    except zipfile.BadZipFile as error:
        raise ValueError("the package is not a zip file") from error
    if MANIFEST not in files:
        raise ValueError(f"the package has no {MANIFEST} at its root")
    entry, title = _read_manifest(files[MANIFEST])
    if entry.partition("?")[0] not in files:
        raise ValueError(f"the manifest launches {entry}, which the package does not hold")
    return Package(files, entry, title)


def _read_manifest(manifest: bytes) -> tuple[str, str]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(manifest, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"{MANIFEST} is not XML") from error
    hrefs = root.xpath("//*[local-name()='resource']/@href")
    titles = root.xpath("//*[local-name()='organization']/*[local-name()='title']/text()")
    if not isinstance(hrefs, list) or not hrefs:
        raise ValueError(f"{MANIFEST} names no resource to launch")
    return str(hrefs[0]), str(titles[0]) if isinstance(titles, list) and titles else ""
