"""Packages: valid for the LMS, the same every time, small, and with no word to anybody but the bridge."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from adapters.scorm.package import FORMATS, build_package
from adapters.scorm.package.archive import zip_files
from adapters.scorm.package.check import check_package
from bridge.presentation.brand import Brand
from bridge.presentation.languages import LANGUAGES

SCORM = tuple(name for name in FORMATS if name.startswith("scorm"))
BRIDGE = "https://bridge.example.edu"
TITLES = ["Safety at work", "Bio & <Chemie> \"1\" 'a'", "安全 – 入門 🎓", "السلامة في العمل", "${title} $x %s", "]]>"]


def build(edition: str = "scorm12", **changes: Any) -> bytes:
    order = {"format": edition, "connection": "any-lms", "public_url": BRIDGE, "title": "Safety at work", **changes}
    return build_package(**order)


def unzip(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


IMPORTS = {
    "1.2": {
        "http://www.imsproject.org/xsd/imscp_rootv1p1p2": "imscp_rootv1p1p2.xsd",
        "http://www.adlnet.org/xsd/adlcp_rootv1p2": "adlcp_rootv1p2.xsd",
    },
    "2004": {
        "http://www.imsglobal.org/xsd/imscp_v1p1": "imscp_v1p1.xsd",
        "http://www.adlnet.org/xsd/adlcp_v1p3": "adlcp_v1p3.xsd",
        "http://www.adlnet.org/xsd/adlseq_v1p3": "adlseq_v1p3.xsd",
        "http://www.adlnet.org/xsd/adlnav_v1p3": "adlnav_v1p3.xsd",
        "http://www.imsglobal.org/xsd/imsss": "imsss_v1p0.xsd",
    },
}
FOLDERS = {"scorm12": "1.2", "scorm2004-3": "2004-3rd", "scorm2004-4": "2004-4th"}


class LocalOnly(etree.Resolver):
    """Schemas from the folder alone; ims_xml.xsd is broken as published, xml.xsd says the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resolve(self, url: str, public_id: str, context: Any) -> Any:
        name = url.rsplit("/", 1)[-1]
        path = self.folder / ("xml.xsd" if name == "ims_xml.xsd" else name)
        return self.resolve_string(path.read_bytes(), context, base_url=str(path))


def schema(folder: Path) -> etree.XMLSchema:
    lines = [
        f'<xs:import namespace="{namespace}" schemaLocation="{folder / name}"/>'
        for namespace, name in IMPORTS[folder.name[:4].rstrip("-")].items()
    ]
    driver = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{"".join(lines)}</xs:schema>'
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(LocalOnly(folder))
    return etree.XMLSchema(etree.fromstring(driver, parser, base_url=str(folder / "driver.xsd")))


@pytest.mark.parametrize("title", [*TITLES, "x" * 200])
@pytest.mark.parametrize("edition", SCORM)
def test_an_lms_that_validates_takes_the_manifest(edition: str, title: str, schemas: Path) -> None:
    manifest = etree.fromstring(unzip(build(edition, title=title))["imsmanifest.xml"])
    schema(schemas / FOLDERS[edition]).assertValid(manifest)


@pytest.mark.parametrize("edition", SCORM)
def test_a_manifest_names_every_file_and_no_other(edition: str) -> None:
    files = unzip(build(edition))
    manifest = etree.fromstring(files["imsmanifest.xml"])
    assert next(iter(files)) == "imsmanifest.xml"
    hrefs = manifest.xpath("//*[local-name()='file']/@href")
    assert set(hrefs) == files.keys() - {"imsmanifest.xml"}
    assert manifest.xpath("//*[local-name()='resource']/@href") == ["index.html"]


@pytest.mark.parametrize("edition", SCORM)
def test_no_reference_dangles(edition: str) -> None:
    manifest = etree.fromstring(unzip(build(edition))["imsmanifest.xml"])
    ids = manifest.xpath("//@identifier")
    assert len(ids) == len(set(ids))
    for reference in manifest.xpath("//@identifierref | //@default"):
        assert reference in ids


@pytest.mark.parametrize(
    ("edition", "version"),
    [("scorm12", "1.2"), ("scorm2004-3", "2004 3rd Edition"), ("scorm2004-4", "2004 4th Edition")],
)
def test_an_lms_recognises_the_version(edition: str, version: str) -> None:
    files = unzip(build(edition))
    manifest = etree.fromstring(files["imsmanifest.xml"])
    assert manifest.xpath("string(//*[local-name()='schemaversion'])") == version
    page = html.fromstring(files["index.html"])
    assert page.xpath("//body/@data-scorm") == ["scorm12" if edition == "scorm12" else "scorm2004"]
    spelled = "scormtype" if edition == "scorm12" else "scormType"  # the case trap of the two schemas
    assert manifest.xpath(f"//@*[local-name()='{spelled}']") == ["sco"]


@pytest.mark.parametrize("edition", SCORM[1:])
def test_an_lms_does_not_complete_what_the_course_left_unsaid(edition: str) -> None:
    manifest = etree.fromstring(unzip(build(edition))["imsmanifest.xml"])
    assert manifest.xpath("//*[local-name()='deliveryControls']/@completionSetByContent") == ["true"]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("edition", SCORM)
def test_a_title_of_any_script_is_shown_as_it_is(edition: str, title: str) -> None:
    files = unzip(build(edition, title=title))
    manifest = etree.fromstring(files["imsmanifest.xml"])
    assert set(manifest.xpath("//*[local-name()='title']/text()")) == {title}
    page = html.document_fromstring(files["index.html"].decode())
    assert page.xpath("string(//h1)") == page.xpath("string(//title)") == title
    assert page.xpath("//script/@src") == ["lms.js", "language.js", "launch.js"]


@pytest.mark.parametrize("title", [*TITLES, "x" * 200])
def test_an_lms_that_validates_takes_the_cmi5_structure(title: str, schemas: Path) -> None:
    structure = etree.fromstring(unzip(build("cmi5", title=title, token="a-token", language="de"))["cmi5.xml"])
    etree.XMLSchema(etree.parse(schemas / "cmi5" / "CourseStructure.xsd")).assertValid(structure)
    names = {"c": "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"}
    assert structure.xpath("string(//c:au/c:url)", namespaces=names) == f"{BRIDGE}/cmi5/any-lms/launch"
    assert structure.xpath("string(//c:au/c:entitlementKey)", namespaces=names) == "a-token"
    assert structure.xpath("//c:title/c:langstring/@lang", namespaces=names) == ["de", "de"]


@pytest.mark.parametrize("edition", FORMATS)
def test_each_package_carries_its_token_once(edition: str) -> None:
    content = b"".join(unzip(build(edition, token="a-random-token")).values())
    assert content.count(b"a-random-token") == 1


@pytest.mark.parametrize("edition", SCORM)
def test_a_probe_launches_nothing(edition: str) -> None:
    files = unzip(build(edition, probe=True))
    assert "launch.js" not in files
    assert html.document_fromstring(files["index.html"].decode()).xpath("//script/@src") == ["lms.js", "probe.js"]


@pytest.mark.parametrize("edition", FORMATS)
def test_our_own_check_passes_our_own_packages(edition: str) -> None:
    assert check_package(build(edition, token="t", title="王 & co")) == []


def change(packed: bytes, name: str, old: bytes, new: bytes) -> bytes:
    files = unzip(packed)
    assert old in files[name]
    return zip_files({**files, name: files[name].replace(old, new)})


@pytest.mark.parametrize(
    ("edition", "name", "old", "new", "words"),
    [
        ("scorm12", "imsmanifest.xml", b'identifierref="resource"', b'identifierref="other"', "leads to no identifier"),
        ("scorm12", "imsmanifest.xml", b'default="organization"', b'default="other"', "leads to no identifier"),
        ("scorm12", "imsmanifest.xml", b'identifier="item"', b'identifier="resource"', "given twice"),
        ("scorm12", "imsmanifest.xml", b'href="index.html" adlcp', b'href="start.html" adlcp', "does not hold"),
        ("scorm12", "imsmanifest.xml", b'<file href="lms.js"/>', b"", "does not name 'lms.js'"),
        ("scorm12", "imsmanifest.xml", b'<file href="lms.js"/>', b'<file href="x.js"/>', "names 'x.js'"),
        ("scorm12", "imsmanifest.xml", b"scormtype", b"scormType", "that is the spelling"),
        ("scorm2004-3", "imsmanifest.xml", b"scormType", b"scormtype", "that is the spelling"),
        ("scorm2004-4", "imsmanifest.xml", b"schemaversion>", b"version>", "schemaversion is missing"),
        ("scorm12", "imsmanifest.xml", b"</manifest>", b"", "is not XML"),
        ("scorm12", "launch.js", b'"use strict"', b'"https://cdn.example/x.js"', "more than one host"),
        ("cmi5", "cmi5.xml", b"https://bridge.example.edu/cmi5/any-lms/launch", b"launch", "no web address"),
        ("cmi5", "cmi5.xml", b"/any-lms/launch", b"/any-lms/launch?fetch=1", "the LMS adds"),
        ("cmi5", "cmi5.xml", b"/unit", b"", "given twice"),
        ("cmi5", "cmi5.xml", b"<au ", b"<block ", "is not XML"),
        ("aicc", "course.au", b"\r\n", b"\n", "CR LF"),
        ("aicc", "course.cst", b'"A1"', b'"A2"', "'A2'"),
        ("aicc", "course.des", b'"A1"', b'"A2"', "'A2'"),
    ],
)
def test_the_check_finds_what_a_schema_misses(edition: str, name: str, old: bytes, new: bytes, words: str) -> None:
    (problem, *_) = check_package(change(build(edition), name, old, new))
    assert words in " ".join([problem, *_])


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (b"", "not a zip"),
        (b"PK\x03\x04 half a zip", "not a zip"),
        (zip_files({"readme.txt": b""}), "no imsmanifest.xml"),
        (zip_files({"course.crs": b""}), "course.au is missing"),
        (zip_files({"cmi5.xml": b"<courseStructure/>"}), "no assignable unit"),
        (zip_files({"cmi5.xml": b"<x/>", "a.php": b""}), "programs for a server"),
        (zip_files({"cmi5.xml": b"<x/>", "../a": b""}), "leads out"),
        (zip_files({"cmi5.xml": b"<x/>", "a": b"x" * 300_000}), "no more than"),
    ],
)
def test_the_check_reads_any_file(archive: bytes, words: str) -> None:
    assert words in " ".join(check_package(archive))


@pytest.mark.parametrize("edition", FORMATS)
def test_the_same_order_gives_the_same_bytes(edition: str) -> None:
    packed = build(edition)
    assert packed == build(edition)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0), "the clock does not get into the bytes"
            assert entry.compress_type == zipfile.ZIP_STORED, "another zlib would give other bytes"


def test_another_course_is_another_package_to_the_lms() -> None:
    changes: list[dict[str, str]] = [
        {},
        {"title": "Other"},
        {"connection": "other"},
        {"public_url": "https://b.example"},
    ]
    manifests = [etree.fromstring(unzip(build(**change))["imsmanifest.xml"]) for change in changes]
    assert len({manifest.get("identifier") for manifest in manifests}) == len(changes)


@pytest.mark.parametrize("edition", FORMATS)
def test_a_package_stays_small(edition: str) -> None:
    assert len(build(edition, title="王" * 200)) < 100 * 1024


def test_what_a_learner_s_browser_loads_is_light() -> None:
    files = unzip(build(token="t" * 43, title="王" * 200))
    texts = [len(content) for name, content in files.items() if name.startswith("texts-")]
    other = sum(len(content) for name, content in files.items() if not name.startswith(("texts-", "imsmanifest")))
    assert len(texts) == len(LANGUAGES) - 1  # English is in the page
    assert other + max(texts) < 60_000


def test_a_learner_whose_lms_speaks_late_has_texts_in_every_language() -> None:
    files = unzip(build())
    wanted = set(re.findall(r'gettext\(\s*"([^"]+)"', files["launch.js"].decode()))
    assert len(wanted) > 30
    for name in (name for name in files if name.startswith("texts-")):
        texts = json.loads(files[name].decode().removeprefix("window.OttoBridgeTexts = ").removesuffix(";\n"))
        assert set(texts) == wanted
        assert all(texts[text] not in {"", text} or len(text) < 10 for text in texts), name


def test_a_package_of_a_brand_carries_it(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    packed = build(brand=Brand(name="Acme <1>", logo=tmp_path / "logo.svg", color="#7a0019"), language="ar")
    files = unzip(packed)
    assert check_package(packed) == []
    assert files["logo.svg"].startswith(b"<svg")
    assert b"--accent: #7a0019" in files["style.css"]
    page = html.document_fromstring(files["index.html"].decode())
    assert page.xpath("string(//p[@class='brand'])") == "Acme <1>"
    assert page.xpath("//img/@src") == ["logo.svg"]
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")


@pytest.mark.parametrize(("asked", "lang"), [("", "en"), ("qaa", "en"), ("pt-BR", "pt")])
def test_a_page_begins_in_the_package_s_language_where_it_is_written_in_it(asked: str, lang: str) -> None:
    page = html.document_fromstring(unzip(build(language=asked))["index.html"].decode())
    assert page.get("lang") == lang
    assert page.xpath("string(//h1/@lang)") == asked


@pytest.mark.parametrize("edition", FORMATS)
def test_a_package_names_no_host_but_the_bridge(edition: str) -> None:
    files = unzip(build(edition))
    files.pop("imsmanifest.xml", None)  # its only addresses are namespaces
    addresses = re.findall(rb"\b[a-z]+://[^\s\"'`<>;]+", b"\n".join(files.values()))
    assert addresses
    namespace = b"https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
    assert all(address.startswith((BRIDGE.encode(), namespace)) for address in addresses)


def test_the_page_may_talk_to_the_bridge_alone() -> None:
    page = html.fromstring(unzip(build(public_url=f"{BRIDGE}/otto/"))["index.html"])
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["connect-src"] == BRIDGE
    assert rules["frame-src"] == "https:"
    assert page.xpath("//body/@data-launch-url") == [f"{BRIDGE}/otto/scorm/any-lms/launch"]


def test_a_bridge_on_loopback_can_be_framed() -> None:
    page = unzip(build(public_url="http://127.0.0.1:8080"))["index.html"].decode()
    assert "frame-src https: http:;" in page


@pytest.mark.parametrize("window", ["frame", "window"])
def test_the_administrator_chooses_where_ottolearn_opens(window: str) -> None:
    page = html.fromstring(unzip(build(window=window))["index.html"])
    assert page.xpath("//body/@data-window") == [window]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "title is empty"),
        ({"title": " \t"}, "title is empty"),
        ({"title": "x" * 201}, "201 characters"),
        ({"title": "a\ufffe"}, "the title holds a character"),
        ({"format": "scorm13"}, "scorm2004-4"),
        ({"window": "tab"}, "frame, window"),
        ({"connection": ""}, "connection"),
        ({"token": "a b"}, "token"),
        ({"language": "d_e"}, "language"),
        ({"format": "aicc", "probe": True}, "probe"),
        ({"format": "cmi5", "probe": True}, "probe"),
        ({"public_url": "ftp://bridge.example.edu"}, "public_url"),
        ({"public_url": "bridge.example.edu"}, "public_url"),
        ({"public_url": "https://bridge.example.edu/?a=1"}, "public_url"),
        ({"public_url": "https://bridge.example.edu/#a"}, "public_url"),
        ({"public_url": "https://user@bridge.example.edu"}, "public_url"),
    ],
)
def test_an_order_that_cannot_be_built_says_why(changes: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(**changes)


@given(st.sampled_from(FORMATS), st.text(st.characters()))
def test_every_title_builds_or_says_why(edition: str, title: str) -> None:
    try:
        files = unzip(build(edition, title=title))
    except ValueError as error:
        words = str(error)
    else:
        words = "title"
        described = "cmi5.xml" if edition == "cmi5" else "imsmanifest.xml"
        assert edition == "aicc" or etree.fromstring(files[described]) is not None
    assert "title" in words


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_an_aicc_course_points_at_the_bridge() -> None:
    files = unzip(build("aicc", title='Bio "1", 王'))
    assert set(files) == {"course.crs", "course.au", "course.des", "course.cst"}
    header, unit = rows(files["course.au"])
    fields = dict(zip(header, unit, strict=True))
    assert fields["system_id"] == "A1"
    assert fields["file_name"] == f"{BRIDGE}/aicc/any-lms/launch"
    assert dict(zip(*rows(files["course.des"]), strict=True))["title"] == 'Bio "1", 王'
    assert rows(files["course.cst"]) == [["block", "member"], ["root", "A1"]]
    assert 'Course_Title=Bio "1", 王\r\n' in files["course.crs"].decode()


def test_an_lms_that_splits_at_crlf_reads_an_aicc_course() -> None:
    for name, content in unzip(build("aicc")).items():
        lines = content.decode().split("\r\n")
        assert lines.pop() == ""
        assert not any("\n" in line or "\r" in line for line in lines)
        if name != "course.crs":
            assert all(re.fullmatch(r'"[^"]*"(,"[^"]*")*', line) for line in lines)
