from __future__ import annotations

import io
import zipfile

import pytest

from sandbox.lms import packages
from sandbox.lms.packages import read_package

MANIFEST = """<manifest xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2">
<organizations><organization><title>Safety &amp; more</title></organization></organizations>
<resources><resource href="{href}"/></resources></manifest>"""


def zipped(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_package_opens_at_the_page_its_manifest_names():
    package = read_package(
        zipped({"imsmanifest.xml": MANIFEST.format(href="a/x.html?n=1"), "a/x.html": "hi", "b/": ""})
    )

    assert package.entry == "a/x.html?n=1"
    assert package.title == "Safety & more"
    assert package.files["a/x.html"] == b"hi"
    assert "b/" not in package.files


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        (b"not a zip", "not a zip"),
        (zipped({"x": "y"}), "no imsmanifest.xml"),
        (zipped({"imsmanifest.xml": "<manifest"}), "not XML"),
        (zipped({"imsmanifest.xml": "<manifest/>"}), "no resource"),
        (zipped({"imsmanifest.xml": MANIFEST.format(href="gone.html")}), "gone.html"),
    ],
)
def test_what_is_no_package_is_refused_in_words(archive, said):
    with pytest.raises(ValueError, match=said):
        read_package(archive)


def test_a_zip_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(packages, "MAX_BYTES", 100)

    with pytest.raises(ValueError, match="more than 100 bytes"):
        read_package(zipped({"imsmanifest.xml": "x" * 101}))


def test_a_manifest_cannot_read_files_of_the_machine(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    bad = f'<!DOCTYPE m [<!ENTITY s SYSTEM "{secret.as_uri()}">]>' + MANIFEST.format(href="i.html").replace(
        "Safety", "&s;"
    )

    assert "a secret" not in read_package(zipped({"imsmanifest.xml": bad, "i.html": ""})).title
